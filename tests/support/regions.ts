import * as L from '../../src/memory/layout.gen.ts';
import type { VmMemory } from '../../src/memory/vm-memory.ts';

/** The regions of a machine that have any bytes, `first-last kind`, in hexadecimal; I/O ports as `io first-last kind`. */
export function regions(vm: VmMemory): string[] {
  const ioPorts = BigInt(L.IO_PORT_BASE);
  return Array.from({ length: vm.load(L.VM_REGION_COUNT) }, (_, i) => {
    const at = L.REGION_TABLE + i * L.REGION_STRIDE;
    const base = vm.view.getBigUint64(at + L.REGION_BASE, true);
    const end = base + vm.view.getBigUint64(at + L.REGION_SIZE, true) - 1n;
    if (end < base) return '';
    const kind = ['', 'ram', 'rom', 'mmio', 'local'][vm.view.getUint32(at + L.REGION_KIND, true)];
    const ports = base >= ioPorts;
    const digits = (value: bigint): string =>
      ports ? (value - ioPorts).toString(16).padStart(4, '0') : value.toString(16).padStart(8, '0');
    return `${ports ? 'io ' : ''}${digits(base)}-${digits(end)} ${kind}`;
  })
    .filter((line) => line !== '')
    .sort();
}
