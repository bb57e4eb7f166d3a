/** Guest-physical addresses of `pc-1.0`, sizes in bytes, as in QEMU 7.2's `pc` (its monitor's `info mtree -f`). */
export const PC_MAP = {
  /** RAM up to the VGA window. */
  lowRam: { base: 0, size: 0xa0000 },
  /** The chipset shows the screen's memory here, or the RAM behind it to a processor in system management mode. */
  vga: { base: 0xa0000, size: 0x20000 },
  /** The chipset shows RAM here, or what lies on PCI and ISA: the programmable attribute map. */
  pam: { base: 0xc0000, size: 0x40000 },
  highRam: { base: 0x100000 },
  ioapic: { base: 0xfec00000, size: 0x1000 },
  hpet: { base: 0xfed00000, size: 0x400 },
  lapic: { base: 0xfee00000, size: 0x1000 },
  rom: { base: 0xfffc0000, size: 0x40000 },
  /** The ROM's end is seen here too while the attribute map shows ISA. */
  isaRom: { base: 0xe0000, size: 0x20000 },
} as const;

/** I/O ports. */
export const PC_PORTS = {
  picMaster: { base: 0x20, size: 2 },
  pit: { base: 0x40, size: 4 },
  keyboardData: 0x60,
  port61: { base: 0x61, size: 1 },
  keyboardCommand: 0x64,
  rtc: 0x70,
  port92: 0x92,
  apm: 0xb2,
  picSlave: { base: 0xa0, size: 2 },
  debugcon: 0xe9,
  dispi: 0x1ce,
  vga: { base: 0x3b0, size: 0x30 },
  com: [0x3f8, 0x2f8, 0x3e8, 0x2e8],
  elcr: { base: 0x4d0, size: 2 },
  /** SeaBIOS's messages. */
  firmwareLog: 0x402,
  ide: [
    { registers: 0x1f0, control: 0x3f6 },
    { registers: 0x170, control: 0x376 },
  ],
  /** Where the reset code puts the IDE controller's bus master. */
  ideBusMaster: 0xc040,
  floppy: [0x3f0, 0x3f7],
  debugExit: 0x501,
  fwCfg: 0x510,
  fwCfgDma: 0x514,
  pciConfigAddress: 0xcf8,
  resetControl: 0xcf9,
  pciConfigData: 0xcfc,
  gpe: 0xafe0,
  /** VMware's backdoor. */
  vmport: 0x5658,
  /** Where the reset code puts the power management registers, as SeaBIOS does. */
  pm: 0x600,
} as const;

/** IRQ lines in the shared memory: the global system interrupts of ACPI, of which 0 to 15 are ISA's. */
export const PC_IRQ = {
  keyboard: 1,
  mouse: 12,
  com: [4, 3, 4, 3],
  rtc: 8,
  sci: 9,
  floppy: 6,
  ide: [14, 15],
  /** Where the reset code routes PCI's four lines, as SeaBIOS does. */
  pci: [10, 10, 11, 11],
} as const;

/** Places on PCI bus 0: slot * 8 + function. */
export const PC_DEVFN = {
  hostBridge: 0x00,
  isaBridge: 0x08,
  ide: 0x09,
  powerManagement: 0x0b,
  vga: 0x10,
} as const;
