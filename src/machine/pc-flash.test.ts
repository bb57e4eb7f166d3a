import { describe, expect, it } from 'vitest';
import { FakeTime } from '../../tests/support/device-env.ts';
import { MemoryNode } from '../block/protocol/memory-node.ts';
import { Log } from '../core/log.ts';
import { SlotGuestMemory } from '../memory/guest-memory.ts';
import * as L from '../memory/layout.gen.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import type { Drive } from './drives.ts';
import { PC_1_0 } from './pc.ts';
import { flashSizes } from './pc-flash.ts';

const KIB = 1024;

function drive(index: number, bytes: Uint8Array, readOnly: boolean): Drive {
  return {
    ...{
      name: `pflash${index}`,
      interface: 'pflash',
      index,
      media: 'disk',
      file: null,
      readOnly,
      snapshot: false,
      errors: { read: 'report', write: 'report' },
    },
    node: new MemoryNode(bytes, { readOnly }),
    geometry: { cylinders: 1, heads: 1, sectors: 1 },
  } as Drive;
}

function build(drives: Drive[]) {
  const ramBytes = 16 * KIB * KIB;
  const vm = new VmMemory({ vcpus: 1, icount: null, slots: PC_1_0.slots(ramBytes, flashSizes(drives)) });
  const time = new FakeTime();
  const board = PC_1_0.build({
    vm,
    memory: new SlotGuestMemory(vm),
    clock: time,
    wallClock: time,
    rtc: time,
    timers: time,
    log: new Log(() => {}),
    power: { powerOff() {}, reset() {} },
    serial: { transmit() {}, take: () => null, setBreak() {} },
    ...{ ramBytes, arch: 'x86_64', drives, vga: 'none' as const, leds() {}, commandLine: '' },
    images: { firmware: null, kernel: null, initrd: null },
    random: () => {},
  });
  /** The region that a physical address leads to, and where in it. */
  const find = (address: number) => {
    for (let i = vm.load(L.VM_REGION_COUNT) - 1; i >= 0; i--) {
      const entry = L.REGION_TABLE + i * L.REGION_STRIDE;
      const offset = address - Number(vm.view.getBigUint64(entry + L.REGION_BASE, true));
      if (offset < 0 || offset >= Number(vm.view.getBigUint64(entry + L.REGION_SIZE, true))) continue;
      const [kind, linear, device] = [L.REGION_KIND, L.REGION_LINEAR, L.REGION_DEVICE].map((field) =>
        vm.view.getUint32(entry + field, true),
      );
      return { kind, linear, offset, region: board.regions[device] };
    }
    throw new Error(`nothing at ${address}`);
  };
  const read = (address: number): number => {
    const { kind, linear, offset, region } = find(address);
    return kind === L.REGION_KIND_MMIO ? region.read(offset, 1) : vm.u8[linear + offset];
  };
  const write = (address: number, value: number): void => {
    const { offset, region } = find(address);
    region.write(offset, 1, value);
  };
  return { board, find, read, write };
}

describe('flash memory of a PC', () => {
  const code = new Uint8Array(512 * KIB).map((_, i) => (i * 11) & 0xff);

  it('has unit 0 up to 4 GiB, seen below 1 MiB too, and unit 1 below it', async () => {
    const variables = new Uint8Array(64 * KIB).fill(0x5a);
    const { board, find, read } = build([drive(1, variables, false), drive(0, code, true)]);
    await board.reset();
    expect(find(0xffff_fff0).kind).toBe(L.REGION_KIND_FLASH);
    expect(read(0xffff_fff0)).toBe(code[code.length - 16]);
    expect(read(0xf_fff0)).toBe(code[code.length - 16]);
    expect(read(2 ** 32 - code.length)).toBe(code[0]);
    expect(read(2 ** 32 - code.length - 1)).toBe(0x5a);
  });

  it('keeps what the guest programs over a reset, and gives it to the image', async () => {
    const variables = new Uint8Array(64 * KIB).fill(0xff);
    const { board, find, read, write } = build([drive(0, code, true), drive(1, variables, false)]);
    await board.reset();
    const at = 2 ** 32 - code.length - variables.length + 0x123;
    write(at, 0x40);
    expect(find(at).kind).toBe(L.REGION_KIND_MMIO);
    write(at, 0x77);
    expect(read(at)).toBe(0x80);
    write(at, 0xff);
    expect(find(at).kind).toBe(L.REGION_KIND_FLASH);
    expect(read(at)).toBe(0x77);
    expect(variables[0x123]).toBe(0x77);
    await board.reset();
    expect(read(at)).toBe(0x77);
  });

  it.each([
    ['that is empty', [drive(0, new Uint8Array(0), true)]],
    ['of a size that is no multiple of a block', [drive(0, new Uint8Array(300_000), true)]],
    ['that is too small to start from', [drive(0, new Uint8Array(64 * KIB), true)]],
    ['that is too large', [drive(0, code, true), drive(1, new Uint8Array(8192 * KIB), false)]],
  ])('refuses an image %s', (_, drives) => {
    expect(() => flashSizes(drives)).toThrow(expect.objectContaining({ code: 'bad-image' }));
  });
});
