/** Types of devices as `info qtree` of QEMU 7.2 names them, where they have other names here: chips' names, mostly. */
const NAMES: Readonly<Record<string, string>> = {
  dma8237: 'i8257',
  'fw-cfg': 'fw_cfg',
  'goldfish-rtc': 'goldfish_rtc',
  i440fx: 'i440FX',
  i82077: 'isa-fdc',
  mc146818: 'mc146818rtc',
  ns16550a: 'serial',
  'pci-config': 'i440FX-pcihost',
  'pci-ecam': 'gpex-pcihost',
  piix3: 'PIIX3',
  'piix4-pm': 'PIIX4_PM',
  'std-vga': 'VGA',
};

export const qomName = (name: string): string => (Object.hasOwn(NAMES, name) ? NAMES[name] : name);
