/** Where PCI's configuration spaces lie in the shared memory, for the vCPU to answer most accesses: assembly/softmmu/pci-config.ts. */
import * as L from './layout.gen.ts';
import type { VmMemory } from './vm-memory.ts';

/** Where a space lies so that the vCPU can answer for it: 256 bytes each of the space, of the bits that the guest may write, and of flags PCI_CONFIG_*. */
export interface PciConfigPlace {
  bytes: Uint8Array;
  writable: Uint8Array;
  flags: Uint8Array;
}

/** The place of a function of bus 0. */
export function pciConfigPlace(vm: VmMemory, devfn: number): PciConfigPlace {
  const at = L.PCI_CONFIG + devfn * L.PCI_CONFIG_STRIDE;
  const block = (offset: number): Uint8Array => vm.u8.subarray(at + offset, at + offset + L.PCI_CONFIG_BYTES);
  return { bytes: block(0), writable: block(L.PCI_CONFIG_WRITABLE), flags: block(L.PCI_CONFIG_FLAGS) };
}

/** CONFIG_ADDRESS of a PC, which the vCPU keeps. */
export function pciAddressLatch(vm: VmMemory): { value: number } {
  return {
    get value() {
      return vm.load(L.VM_PCI_ADDRESS) >>> 0;
    },
    set value(address) {
      vm.store(L.VM_PCI_ADDRESS, address | 0);
    },
  };
}
