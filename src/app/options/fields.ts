/** The options of the form that are one value each: what each is called, what it means, and what it may be. */
import { ARCHITECTURES } from '../../command/architectures.ts';
import { type ImageKey, MEDIA, type Medium, type VmConfig } from '../../core/vm-api.ts';
import { hasStoredDisk } from '../disks/kept-config.ts';

export type GroupName = 'machine' | 'start' | 'drives' | 'devices' | 'data' | 'run';

export const GROUPS: Record<GroupName, readonly [title: string, about: string]> = {
  machine: ['Machine', 'The board, its processor and its memory.'],
  start: ['What it starts', 'A kernel with what belongs to it, and the firmware that runs before.'],
  drives: [
    'Drives',
    'What the guest writes to these is gone with the machine; a machine that is kept has a disk that stays.',
  ],
  devices: ['Screen, sound and devices', 'The graphics card, and virtio devices by their names in QEMU.'],
  data: ['Texts and files for firmware and guest', 'What the guest finds in SMBIOS and in fw_cfg.'],
  run: ['How it runs', 'Speed, time, and what a reset does.'],
};

interface FieldBase {
  key: keyof VmConfig;
  group: GroupName;
  label: string;
  /** After QEMU's name of the option. */
  help: string;
  /** Whether the machine has it at all; absent: every one does. */
  when?(config: VmConfig): boolean;
}

export type Field = FieldBase &
  (
    | { kind: 'text'; placeholder?: string; numeric?: boolean; wide?: boolean }
    | { kind: 'lines'; key: 'smbios' | 'fwCfg'; placeholder: string }
    | { kind: 'select'; choices(config: VmConfig): readonly (readonly [value: string, text: string])[] }
    | { kind: 'flag' }
    | { kind: 'image'; key: ImageKey; placeholder: string }
  );

const isPc = ({ arch }: VmConfig): boolean => arch !== 'riscv64';

const ARCHITECTURE_NAMES: Record<string, string> = {
  riscv64: 'RISC-V, 64 bits (riscv64)',
  i386: 'PC, 32 bits (i386)',
  x86_64: 'PC, 64 bits (x86_64)',
};

const MEDIUM_LABELS: Record<Medium, readonly [label: string, help: string]> = {
  hda: ['Disk', 'the first place of the IDE controller'],
  hdb: ['Second disk', 'the second place'],
  hdc: ['Third disk', 'the third place'],
  hdd: ['Fourth disk', 'the fourth place'],
  cdrom: ['CD-ROM', 'in the third disk’s place'],
  fda: ['Floppy', 'the first drive'],
  fdb: ['Second floppy', 'the second drive'],
};

/** Choices with the default first, which is no value. */
const orDefault = (names: readonly string[], first = 'default'): [string, string][] => [
  ['', `${first} (${names[0]})`],
  ...names.map((name): [string, string] => [name, name]),
];

export const FIELDS: readonly Field[] = [
  {
    key: 'arch',
    group: 'machine',
    kind: 'select',
    label: 'Architecture',
    help: 'the first word of the command line',
    choices: () => Object.keys(ARCHITECTURES).map((arch) => [arch, ARCHITECTURE_NAMES[arch] ?? arch]),
  },
  {
    key: 'machine',
    group: 'machine',
    kind: 'select',
    label: 'Board',
    help: '-M',
    choices: ({ arch }) => orDefault([...(ARCHITECTURES[arch]?.boards ?? [])].reverse()),
  },
  {
    key: 'cpu',
    group: 'machine',
    kind: 'select',
    label: 'Processor',
    help: '-cpu; there is one of it',
    choices: ({ arch }) => orDefault(ARCHITECTURES[arch]?.cpus ?? ['']),
  },
  {
    key: 'memory',
    group: 'machine',
    kind: 'text',
    label: 'Memory',
    help: '-m, in MB; or 2G, which is the most',
    placeholder: '128',
    numeric: true,
  },
  {
    key: 'boot',
    group: 'machine',
    kind: 'text',
    label: 'Boot order',
    help: '-boot: a floppy, c disk, d CD-ROM, n network; menu=on for a menu',
    placeholder: 'order=cad',
    when: isPc,
  },
  {
    key: 'kernel',
    group: 'start',
    kind: 'image',
    label: 'Kernel',
    help: '-kernel: a Linux kernel, or an ELF program on RISC-V',
    placeholder: 'none',
  },
  {
    key: 'initrd',
    group: 'start',
    kind: 'image',
    label: 'Initial RAM disk',
    help: '-initrd: what the kernel finds in memory',
    placeholder: 'none',
  },
  {
    key: 'bios',
    group: 'start',
    kind: 'image',
    label: 'Firmware',
    help: '-bios: a file, or the word none',
    placeholder: 'default',
  },
  {
    key: 'append',
    group: 'start',
    kind: 'text',
    label: 'Kernel command line',
    help: '-append: what the kernel is told',
    wide: true,
  },
  ...MEDIA.map(
    (key): Field => ({
      key,
      group: 'drives',
      kind: 'image',
      label: MEDIUM_LABELS[key][0],
      help: `-${key}: ${MEDIUM_LABELS[key][1]}`,
      placeholder: 'empty',
      // A disk that is kept stays where it is: no image takes its place.
      when: (config) => isPc(config) && !hasStoredDisk(config, key),
    }),
  ),
  {
    key: 'vga',
    group: 'devices',
    kind: 'select',
    label: 'Graphics card',
    help: '-vga',
    choices: () => [
      ['', 'default (std)'],
      ['std', 'std: a VGA with modes up to 4095 pixels'],
      ['virtio', 'virtio: faster, for guests with its driver'],
      ['none', 'none'],
    ],
    when: isPc,
  },
  {
    key: 'xres',
    group: 'devices',
    kind: 'text',
    label: 'Monitor’s width',
    help: '-global VGA.xres, in pixels',
    placeholder: '1280',
    numeric: true,
  },
  {
    key: 'yres',
    group: 'devices',
    kind: 'text',
    label: 'Monitor’s height',
    help: '-global VGA.yres, in pixels',
    placeholder: '800',
    numeric: true,
  },
  {
    key: 'audiodev',
    group: 'devices',
    kind: 'select',
    label: 'Sound',
    help: '-audiodev: the PC’s speaker',
    choices: () => [
      ['', 'heard on this page'],
      ['none', 'none'],
    ],
    when: isPc,
  },
  {
    key: 'smbios',
    group: 'data',
    kind: 'lines',
    label: 'SMBIOS',
    help: '-smbios, one a line: types 0 firmware, 1 system, 2 board, 3 chassis, 11 texts',
    placeholder: 'type=1,manufacturer=Mine,serial=42',
    when: isPc,
  },
  {
    key: 'fwCfg',
    group: 'data',
    kind: 'lines',
    label: 'Files of fw_cfg',
    help: '-fw_cfg, one a line; names of one’s own begin with opt/',
    placeholder: 'name=opt/greeting,string=hello',
  },
  {
    key: 'tier',
    group: 'run',
    kind: 'select',
    label: 'Tier',
    help: '--tier: how guest code runs',
    choices: () => [
      ['', 'auto: as fast as it can be'],
      ['interp', 'interp: only the interpreter'],
      ['jit', 'jit: compiles much earlier'],
      ['check', 'check: compares the tiers'],
    ],
  },
  {
    key: 'icount',
    group: 'run',
    kind: 'text',
    label: 'Instruction clock',
    help: '-icount shift=N: 2^N ns an instruction, N from 0 to 10; runs are repeatable',
    placeholder: 'off',
    numeric: true,
  },
  {
    key: 'rtc',
    group: 'run',
    kind: 'text',
    label: 'Time of day',
    help: '-rtc: base=utc, localtime or a date; clock=vm stands still with a paused machine',
    placeholder: 'base=2006-06-17T16:01:21',
  },
  {
    key: 'cache',
    group: 'run',
    kind: 'text',
    label: 'Kept for the next start',
    help: 'MB of what was fetched; 0: nothing. The page’s own option',
    placeholder: '1024',
    numeric: true,
  },
  {
    key: 'noReboot',
    group: 'run',
    kind: 'flag',
    label: 'A reset ends the machine',
    help: '-no-reboot',
  },
  {
    key: 'nographic',
    group: 'run',
    kind: 'flag',
    label: 'Firmware shows itself on the serial port',
    help: '-nographic',
    when: isPc,
  },
];

/** Devices that the form offers, as they are written, with what each is. */
export const DEVICES: readonly (readonly [word: string, about: string])[] = [
  ['virtio-gpu-pci', 'graphics without a VGA'],
  ['virtio-vga', 'graphics with a VGA (a PC’s, with the graphics card “none”)'],
  ['bochs-display', 'a plain frame buffer on PCI'],
  ['ramfb', 'a frame buffer that firmware sets up'],
  ['virtio-keyboard', 'keyboard'],
  ['virtio-tablet', 'pointer that is where yours is'],
  ['virtio-mouse', 'mouse'],
  ['virtio-multitouch', 'touch screen'],
  ['virtio-rng', 'random numbers'],
  ['virtio-balloon', 'memory balloon'],
  ['virtconsole,chardev=stdio', 'console hvc0, on the serial terminal'],
  ['virtserialport,name=port.0,chardev=port0', 'a port for data'],
  [
    'virtserialport,name=com.redhat.spice.0,chardev=vdagent',
    'the clipboard of a guest that runs spice-vdagent',
  ],
  ['edu', 'a device to learn writing drivers with'],
  ['virtio-blk,drive=disk0', 'a disk: a drive below with if=none and this id'],
];
