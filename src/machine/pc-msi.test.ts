import { describe, expect, it } from 'vitest';
import { Log } from '../core/log.ts';
import * as L from '../memory/layout.gen.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import { deliverMessage } from './pc-msi.ts';

const ENABLED = L.LAPIC_BASE_ENABLE;

/** Two local APICs, enabled, with IDs 0 and 1. */
function machine({ base = ENABLED, ldr = [1, 2], dfr = 0xffff_ffff, svr = L.LAPIC_SVR_ENABLE } = {}) {
  const vm = new VmMemory({ vcpus: 2, slots: [], icount: null });
  const log = new Log();
  const apics = [0, 1].map((i) => L.PC_LAPIC_STATE + i * L.PC_LAPIC_STRIDE);
  apics.forEach((apic, i) => {
    vm.store(apic + L.LAPIC_BASE, base);
    vm.store(apic + L.LAPIC_ID, i);
    vm.store(apic + L.LAPIC_LDR, ldr[i] << 24);
    vm.store(apic + L.LAPIC_DFR, dfr | 0);
    vm.store(apic + L.LAPIC_SVR, svr);
  });
  /** Vectors that were requested of each. */
  const send = (address: number, data: number): number[][] => {
    deliverMessage(vm, log, address, data);
    return apics.map((apic) => {
      const vectors: number[] = [];
      for (let vector = 0; vector < 256; vector++) {
        const word = apic + L.LAPIC_IRR + (vector >> 5) * 4;
        if ((vm.load(word) >>> (vector & 31)) & 1) vectors.push(vector);
      }
      for (let i = 0; i < 8; i++) vm.store(apic + L.LAPIC_IRR + 4 * i, 0);
      return vectors;
    });
  };
  return { vm, log, apics, send };
}

describe('messages to local APICs (SDM 11.11)', () => {
  it('go to the APIC with the ID, or to all', () => {
    const { send } = machine();
    expect(send(0xfee0_0000, 0x41)).toEqual([[0x41], []]);
    expect(send(0xfee0_1000, 0xff)).toEqual([[], [0xff]]);
    expect(send(0xfeef_f000, 0x20)).toEqual([[0x20], [0x20]]);
    expect(send(0xfee0_5000, 0x20)).toEqual([[], []]);
  });

  it('go to logical destinations, flat and by cluster; lowest priority to one of them', () => {
    const flat = machine();
    expect(flat.send(0xfee0_2004, 0x41)).toEqual([[], [0x41]]);
    expect(flat.send(0xfee0_3004, 0x41)).toEqual([[0x41], [0x41]]);
    expect(flat.send(0xfee0_3004, 0x141)).toEqual([[0x41], []]);
    const cluster = machine({ dfr: 0x0fff_ffff, ldr: [0x11, 0x21] });
    expect(cluster.send(0xfee2_1004, 0x41)).toEqual([[], [0x41]]);
    expect(cluster.send(0xfeef_1004, 0x41)).toEqual([[0x41], [0x41]]);
  });

  it('in x2APIC mode by the number within cluster 0', () => {
    const { send } = machine({ base: ENABLED | L.LAPIC_BASE_X2APIC, ldr: [0, 0] });
    expect(send(0xfee0_2004, 0x41)).toEqual([[], [0x41]]);
    expect(send(0xfee0_1000, 0x41)).toEqual([[], [0x41]]);
  });

  it('are not taken by an APIC that is disabled, in hardware or by software', () => {
    expect(machine({ base: 0 }).send(0xfee0_0000, 0x41)).toEqual([[], []]);
    expect(machine({ svr: 0xff }).send(0xfee0_0000, 0x41)).toEqual([[], []]);
  });

  it('are edges: the trigger mode register forgets a level of the same vector, and the vCPU is woken', () => {
    const { vm, apics, send } = machine();
    vm.store(apics[0] + L.LAPIC_TMR + 8, 0xff);
    const kicks = vm.load(vm.vcpu(0) + L.COMM_KICK);
    send(0xfee0_0000, 0x41);
    expect(vm.load(apics[0] + L.LAPIC_TMR + 8)).toBe(0xfd);
    expect([vm.load(vm.vcpu(0) + L.COMM_KICK) - kicks, vm.load(vm.vcpu(1) + L.COMM_KICK)]).toEqual([1, 0]);
  });

  it('elsewhere, with reserved vectors and in other modes are mistakes of the guest', () => {
    const { send, log } = machine();
    for (const [address, data] of [
      [0x1000, 0x41],
      [0xfee0_0000, 0x0f],
      [0xfee0_0000, 0x441],
    ])
      expect(send(address, data)).toEqual([[], []]);
    expect(log.guestErrors('msi')).toBe(3);
  });
});
