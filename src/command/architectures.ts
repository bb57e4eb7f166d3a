/** What the command line knows of each guest architecture. The machines themselves are the page's (src/machine). */

type Properties = Readonly<Record<string, readonly string[] | 'any'>>;

export interface Architecture {
  /** Boards by their versioned name, then by their aliases; the last is the default. */
  boards: readonly string[];
  /** Properties of -machine beside the type, and what they may be. */
  machineProperties: Properties;
  /** Models of -cpu, the default one first. */
  cpus: readonly string[];
  /** Properties of -cpu, and what they may be. */
  cpuProperties: Properties;
  /** What `-bios default` means. */
  firmware: {
    /** Below the image cache's `firmware`. */
    file: string;
    /** Where distributions have it, its other files beside it. */
    installed: readonly string[];
    /** Debian's package. */
    package: string;
    /** It runs before a kernel too. */
    withKernel: boolean;
  };
}

/** Extensions of `-cpu rv64` under QEMU's property names: what our CPU has is `true`, what it lacks is `false`. */
const RISCV_EXTENSIONS: Record<string, readonly string[]> = {};
for (const has of [
  ...['i', 'g', 'm', 'a', 'f', 'd', 'c', 's', 'u', 'mmu', 'pmp', 'Counters', 'Zicsr', 'Zifencei'],
  ...['zba', 'zbb', 'zbs', 'zicbom', 'zicboz', 'sstc', 'sv39', 'sv48', 'sv57'],
]) {
  RISCV_EXTENSIONS[has] = ['true', 'on'];
}
for (const lacks of ['e', 'v', 'h', 'zbc', 'zfh', 'Zfh', 'svnapot', 'svpbmt', 'svinval']) {
  RISCV_EXTENSIONS[lacks] = ['false', 'off'];
}

const PC = {
  boards: ['pc-1.0', 'pc'],
  machineProperties: {
    accel: ['tcg'],
    hpet: ['on'],
    acpi: ['on'],
    vmport: ['auto', 'on'],
    usb: ['off'],
    'pcspk-audiodev': 'any',
  },
  cpuProperties: {},
  firmware: {
    file: 'seabios/bios-256k.bin',
    installed: ['/usr/share/seabios/bios-256k.bin', '/usr/share/qemu/bios-256k.bin'],
    package: 'seabios',
    withKernel: false,
  },
} as const;

export const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  riscv64: {
    boards: ['virt-1.0', 'virt'],
    machineProperties: { accel: ['tcg'], aia: ['none'], aclint: ['off'] },
    cpus: ['rv64'],
    cpuProperties: RISCV_EXTENSIONS,
    firmware: {
      file: 'opensbi-riscv64/fw_dynamic.bin',
      installed: [
        '/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin',
        '/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin',
      ],
      package: 'opensbi',
      withKernel: true,
    },
  },
  i386: { ...PC, cpus: ['qemu32', 'max'] },
  x86_64: { ...PC, cpus: ['qemu64', 'max'] },
};

/** Architectures that are going to be there. */
export const PLANNED: readonly string[] = ['aarch64'];
