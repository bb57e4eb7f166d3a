/** Guest-physical addresses and sizes in bytes of `virt-1.0`, as in QEMU 7.2's `virt` (its monitor's `info mtree -f`). */
export const VIRT_MAP = {
  mrom: { base: 0x1000, size: 0xf000 },
  test: { base: 0x100000, size: 0x1000 },
  /** QEMU maps 0x24 bytes; the device tree says 0x1000. */
  rtc: { base: 0x101000, size: 0x1000 },
  /** MSIP at +0, MTIMECMP at +0x4000, MTIME at +0xbff8; the device tree says 0x10000. */
  clint: { base: 0x2000000, size: 0xc000, treeSize: 0x10000 },
  plic: { base: 0xc000000, size: 0x600000, sources: 96 },
  uart: { base: 0x10000000, size: 0x100 },
  virtio: { base: 0x10001000, size: 0x1000, stride: 0x1000, count: 8 },
  fwCfg: { base: 0x10100000, size: 0x18 },
  /** Configuration space, and the windows of I/O ports and memory (32 bits, 64 bits). */
  pci: { base: 0x30000000, size: 0x10000000 },
  pciPorts: { base: 0x3000000, size: 0x10000 },
  pciMemory: { base: 0x40000000, size: 0x40000000 },
  pciHighMemory: { base: 0x400000000, size: 0x400000000 },
  dram: { base: 0x80000000 },
} as const;

/** PLIC sources, which are also the numbers of the IRQ lines in the shared memory. */
export const VIRT_IRQ = {
  /** Slot n has line virtio + n. */
  virtio: 1,
  uart: 10,
  /** INTA of slot 0; each further pin, and each further slot, one line later, of four in all. */
  pci: 32,
  rtc: 11,
} as const;
