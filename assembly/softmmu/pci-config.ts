/**
 * Accesses to PCI's configuration space that the vCPU answers itself: firmware and kernels make hundreds while they look for devices. The page is asked where
 * an access has an effect beyond the bytes, as a write to a base address that is decoded.
 * Specification: PCI Local Bus Specification 3.0, sections 3.2.2.3.2 (ports) and 6.2; PCI Express Base Specification 4.0, section 7.2.2 (memory).
 */
import * as L from '../layout';
import { STATE_LOADED } from '../vcpu/state';

const ENABLE: u32 = 0x80000000;
const BUS: u32 = 0x00ff0000;
/** What CONFIG_ADDRESS keeps. */
const KEPT: u32 = 0x80fffffc;
const ECAM_BUS_BITS: u32 = 20;
const ECAM_FUNCTION_BITS: u32 = 12;
const COMMAND: usize = 4;
const COMMAND_DECODES: u32 = 3;

const NOBODY: usize = 0;
const ASK_PAGE: usize = 1;

/** A read of an aligned 1, 2 or 4 bytes, `offset` bytes into a region, into STATE_LOADED; false: the page has to answer. */
export function pciConfigRead(cpu: usize, kind: u32, offset: u64, size: u32): bool {
  if (kind == L.CONFIG_ADDRESS) {
    if (size != 4) return false;
    store<u64>(cpu, load<u32>(L.VM_PCI_ADDRESS), STATE_LOADED);
    return true;
  }
  const at = place(kind, offset, size);
  if (at == ASK_PAGE) return false;
  let value: u64 = u64.MAX_VALUE;
  if (at != NOBODY) {
    for (let i: u32 = 0; i < size; i++)
      if (load<u8>(at + i, L.PCI_CONFIG_FLAGS) & L.PCI_CONFIG_LIVE) return false;
    value = size == 4 ? load<u32>(at) : size == 2 ? load<u16>(at) : load<u8>(at);
  }
  store<u64>(cpu, value & (u64.MAX_VALUE >> (64 - size * 8)), STATE_LOADED);
  return true;
}

/** A write; false: the page has to carry it out. */
export function pciConfigWrite(kind: u32, offset: u64, value: u64, size: u32): bool {
  if (kind == L.CONFIG_ADDRESS) {
    if (size != 4) return false;
    store<u32>(L.VM_PCI_ADDRESS, <u32>value & KEPT);
    return true;
  }
  const at = place(kind, offset, size);
  if (at == ASK_PAGE) return false;
  if (at == NOBODY) return true;
  // A space begins at a multiple of its size.
  const decodes = (load<u8>((at & ~0xff) + COMMAND) & COMMAND_DECODES) != 0;
  const plain = decodes ? L.PCI_CONFIG_PLAIN : L.PCI_CONFIG_PLAIN | L.PCI_CONFIG_PLACE;
  for (let i: u32 = 0; i < size; i++) if ((load<u8>(at + i, L.PCI_CONFIG_FLAGS) & plain) == 0) return false;
  for (let i: u32 = 0; i < size; i++) {
    const mask = load<u8>(at + i, L.PCI_CONFIG_WRITABLE);
    store<u8>(at + i, (load<u8>(at + i) & ~mask) | (<u8>(value >> (i * 8)) & mask));
  }
  return true;
}

/** Linear address of the bytes in PCI_CONFIG, NOBODY or ASK_PAGE. */
function place(kind: u32, offset: u64, size: u32): usize {
  let devfn: u32;
  let register: u32;
  if (kind == L.CONFIG_ECAM) {
    if (size > 4) return ASK_PAGE;
    devfn = <u32>(offset >> ECAM_FUNCTION_BITS);
    register = <u32>offset & ((1 << ECAM_FUNCTION_BITS) - 1);
    if (offset >> ECAM_BUS_BITS != 0 || register >= L.PCI_CONFIG_BYTES) return NOBODY;
  } else {
    if (<u32>offset + size > 4) return ASK_PAGE;
    const address = load<u32>(L.VM_PCI_ADDRESS);
    if ((address & ENABLE) == 0 || (address & BUS) != 0) return NOBODY;
    devfn = (address >> 8) & 0xff;
    register = (address & 0xfc) + <u32>offset;
  }
  const space: usize = L.PCI_CONFIG + devfn * L.PCI_CONFIG_STRIDE;
  return load<u16>(space) == 0 ? NOBODY : space + register;
}
