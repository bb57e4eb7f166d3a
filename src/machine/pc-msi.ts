/**
 * Messages of PCI functions to local APICs, as writes of the page into their interrupt requests: an atomic OR into IRR, then a kick.
 * Specification: Intel SDM volume 3, sections 11.11 (message format) and 11.6.2 (destinations).
 */
import type { Log } from '../core/log.ts';
import * as L from '../memory/layout.gen.ts';
import type { VmMemory } from '../memory/vm-memory.ts';

const WINDOW = 0xfee00000;
const WINDOW_BYTES = 0x100000;
const LOGICAL = 0x04;
const DELIVER_LOWEST = 1;
const FIRST_VECTOR = 16;
const FLAT = 15;

/**
 * Delivers the message, a write of `data` to `address`. Fixed and lowest priority go to every APIC that is meant, or to the first of them; of the
 * other modes devices use none, and they are a guest's mistake.
 */
export function deliverMessage(vm: VmMemory, log: Log, address: number, data: number): void {
  const mode = (data >>> 8) & 7;
  const vector = data & 0xff;
  if (
    address < WINDOW ||
    address >= WINDOW + WINDOW_BYTES ||
    mode > DELIVER_LOWEST ||
    vector < FIRST_VECTOR
  ) {
    log.guestError('msi', `message 0x${data.toString(16)} to 0x${address.toString(16)}`);
    return;
  }
  const destination = Math.floor(address / 0x1000) & 0xff;
  for (let vcpu = 0; vcpu < vm.vcpus; vcpu++) {
    const apic = L.PC_LAPIC_STATE + vcpu * L.PC_LAPIC_STRIDE;
    if (!isMeant(vm, apic, destination, (address & LOGICAL) !== 0)) continue;
    if ((vm.load(apic + L.LAPIC_SVR) & L.LAPIC_SVR_ENABLE) === 0) continue;
    const word = ((apic + L.LAPIC_IRR) >> 2) + (vector >> 5);
    const bit = 1 << (vector & 31);
    // Edge-triggered.
    Atomics.and(vm.i32, ((apic + L.LAPIC_TMR) >> 2) + (vector >> 5), ~bit);
    Atomics.or(vm.i32, word, bit);
    vm.kick(vcpu);
    if (mode === DELIVER_LOWEST) return;
  }
}

/** As `lapicMatches` of assembly/irqchip/lapic-state.ts, for destinations of 8 bits. */
function isMeant(vm: VmMemory, apic: number, destination: number, logical: boolean): boolean {
  const base = vm.load(apic + L.LAPIC_BASE);
  const id = vm.load(apic + L.LAPIC_ID);
  if ((base & L.LAPIC_BASE_ENABLE) === 0) return false;
  if (destination === 0xff) return true;
  if (!logical) return id === destination;
  if (base & L.LAPIC_BASE_X2APIC) return id >> 4 === 0 && (destination & (1 << (id & 15))) !== 0;
  const mine = vm.load(apic + L.LAPIC_LDR) >>> 24;
  if (vm.load(apic + L.LAPIC_DFR) >>> 28 === FLAT) return (mine & destination) !== 0;
  return (destination >> 4 === FLAT || mine >> 4 === destination >> 4) && (mine & destination & 15) !== 0;
}
