/** The table of all options; what those with properties mean is in the files beside it, by subject. */
import { parseBlockdev } from './blockdev.ts';
import type { CliDrive, CliOptions } from './cli-options.ts';
import { setChardev, setDevice, setFsdev, setSerial, setVirtfs } from './device-options.ts';
import { setDrive, setObject } from './drive-options.ts';
import { unescapeText } from './escapes.ts';
import {
  setCpu,
  setDebugcon,
  setFwCfg,
  setGlobal,
  setIcount,
  setMachine,
  setMemory,
  setSmp,
} from './machine-options.ts';
import { parseKeyValues, parseRegex, parseSeconds } from './option-values.ts';
import { UsageError } from './usage-error.ts';

export interface Option {
  /** Without dashes. */
  name: string;
  aliases?: readonly string[];
  /** What the value is called in the help; absent: the option takes none. */
  value?: string;
  help: string;
  /** Not one of QEMU's: two dashes, and the value may follow `=`. */
  own?: boolean;
  set?(options: CliOptions, value: string): void;
}

/** An option that is a drive in itself. */
function drive(name: string, help: string, place: Omit<CliDrive, 'option' | 'file'>): Option {
  return {
    name,
    value: 'FILE',
    help,
    set: (options, file) => void options.drives.push({ option: `-${name}`, file, ...place }),
  };
}

/** An option whose only meaning is what we do anyway; other values are not built. */
function only(name: string, allowed: readonly string[], help: string, aliases?: readonly string[]): Option {
  return {
    name,
    aliases,
    value: allowed.join('|'),
    help,
    set(_options, text) {
      if (allowed.includes(text)) return;
      throw new UsageError(`-${name} ${text} is not built yet; use -${name} ${allowed.join(' or ')}`);
    },
  };
}

/** Every option there is: the parser, the help and docs/cli.md follow this table. */
export const OPTIONS: readonly Option[] = [
  {
    name: 'machine',
    aliases: ['M'],
    value: 'NAME',
    help: 'the board (-M help lists them)',
    set: setMachine,
  },
  { name: 'cpu', value: 'MODEL', help: 'the CPU model (-cpu help lists them)', set: setCpu },
  { name: 'smp', value: '1', help: 'number of vCPUs', set: setSmp },
  { name: 'm', value: 'SIZE', help: 'RAM in MiB, or with K, M or G; default 128M', set: setMemory },
  {
    name: 'bios',
    value: 'FILE|none|default',
    help: "firmware; default: OpenSBI's fw_dynamic on riscv64, SeaBIOS on\na PC, which runs when there is no -kernel",
    set: (options, value) => {
      options.bios = value;
    },
  },
  {
    name: 'kernel',
    value: 'FILE',
    help: 'kernel image, or ELF',
    set: (options, value) => {
      options.kernel = value;
    },
  },
  {
    name: 'initrd',
    value: 'FILE',
    help: 'initial RAM disk',
    set: (options, value) => {
      options.initrd = value;
    },
  },
  drive('hda', 'first disk, in any format; a name with no option before it\nis one too', { index: 0 }),
  drive('hdb', 'second disk', { index: 1 }),
  drive('hdc', 'third disk', { index: 2 }),
  drive('hdd', 'fourth disk', { index: 3 }),
  drive('cdrom', 'CD-ROM (ISO image), in the place of -hdc', { index: 2, media: 'cdrom' }),
  drive('fda', 'first floppy', { interface: 'floppy', index: 0 }),
  drive('fdb', 'second floppy', { interface: 'floppy', index: 1 }),
  drive('pflash', "flash memory: a PC's firmware; given twice, its variables", { interface: 'pflash' }),
  {
    name: 'drive',
    value: 'PROPERTIES',
    help: 'file=FILE,if=ide|floppy|virtio|none,id=ID,index=N,media=disk|cdrom,\nformat=raw|qcow2|vmdk|vdi|vpc,readonly=on|off,snapshot=on|off.\nWrites stay in memory; with snapshot=off (or readonly=off) they go\nto FILE',
    set: setDrive,
  },
  {
    name: 'blockdev',
    value: 'PROPERTIES',
    help: 'node-name=NAME,driver=qcow2,file.driver=file,\nfile.filename=FILE, or as JSON: what a -device takes by drive=NAME',
    set: (options, text) => void options.drives.push(parseBlockdev(text, options)),
  },
  {
    name: 'object',
    value: 'throttle-group,id=ID',
    help: 'limits that drives share: limits.iops-total=N, limits.bps-read=N\n…, for -blockdev driver=throttle,throttle-group=ID,file=NODE',
    set: setObject,
  },
  {
    name: 'device',
    value: 'DRIVER,PROPERTIES',
    help: 'a virtio device: virtio-blk-device,drive=ID,serial=TEXT',
    set: setDevice,
  },
  {
    name: 'virtfs',
    value: 'local,path=FOLDER,mount_tag=TAG',
    help: 'a folder for the guest: mount -t 9p -o trans=virtio TAG /mnt.\nIt is copied when the machine starts; what the guest writes goes\nback into it. readonly=on',
    set: setVirtfs,
  },
  {
    name: 'fsdev',
    value: 'local,id=ID,path=FOLDER',
    help: 'the same in two parts: -device virtio-9p-pci,fsdev=ID,\nmount_tag=TAG comes after it',
    set: setFsdev,
  },
  {
    name: 'chardev',
    value: 'stdio|null|file|qemu-vdagent,id=ID',
    help: "the terminal, for -device virtconsole,chardev=ID (the guest's\nhvc0); it gets what is typed while the guest listens there.\nfile,path=FILE gets what the port says; for -serial too.\nqemu-vdagent,clipboard=on shares the clipboard with a guest's\nspice-vdagent: -device virtserialport,chardev=ID,\nname=com.redhat.spice.0",
    set: setChardev,
  },
  {
    name: 'append',
    value: 'TEXT',
    help: "the kernel's command line",
    set: (options, value) => {
      options.append = value;
    },
  },
  {
    name: 'boot',
    value: 'order=DRIVES,once=DRIVES,menu=on',
    help: 'what firmware starts: a floppy, c hard disk, d CD-ROM, n network;\nmenu=on waits for a key that opens its menu',
    set: (options, value) => {
      options.boot = value;
    },
  },
  {
    name: 'fw_cfg',
    value: 'NAME,file=FILE|string=TEXT',
    help: 'a file for firmware and guest; may repeat',
    set: setFwCfg,
  },
  {
    name: 'smbios',
    value: 'type=N,KEY=TEXT,…',
    help: 'what SMBIOS says of a PC: type 0 firmware, 1 system, 2 board,\n3 chassis, 11 texts; keys as in QEMU; may repeat',
    set: (options, value) => {
      options.smbios ??= [];
      options.smbios.push(value);
    },
  },
  {
    name: 'icount',
    value: 'shift=N',
    help: 'an instruction takes 2^N ns: runs are repeatable',
    set: setIcount,
  },
  {
    name: 'rtc',
    value: 'base=utc|localtime|DATE',
    help: 'what the real-time clock begins with; DATE as 2006-06-17 or\n2006-06-17T16:01:21. clock=host|rt|vm: with vm it stands still\nwhile the machine is paused',
    set: (options, value) => {
      options.rtc = value;
    },
  },
  {
    name: 'no-reboot',
    help: 'a reset ends the run instead of starting the guest again',
    set: (options) => {
      options.noReboot = true;
    },
  },
  { name: 'serial', value: 'stdio|mon:stdio|null', help: 'first serial port; default stdio', set: setSerial },
  {
    name: 'nographic',
    help: "serial port on stdin and stdout, as it is anyway; a PC's firmware\nshows itself there",
    set: (options) => {
      options.nographic = true;
    },
  },
  {
    name: 'debugcon',
    value: 'stdio',
    help: 'print what the guest leaves at the debug port',
    set: setDebugcon,
  },
  {
    name: 'global',
    value: 'DEVICE.PROPERTY=VALUE',
    help: 'isa-debugcon.iobase=PORT: the debug port, 0xe9, or 0x402,\nwhere firmware writes; VGA.xres=, VGA.yres=: the monitor',
    set: setGlobal,
  },
  only('display', ['none'], 'no window, as it is anyway'),
  {
    name: 'vga',
    value: 'std|virtio|none',
    help: 'graphics card; default: std on a PC',
    set: (options, value) => {
      if (value !== 'std' && value !== 'virtio' && value !== 'none')
        throw new UsageError(`-vga ${value} is not built yet; use std, virtio or none`);
      options.vga = value;
    },
  },
  only('monitor', ['none', 'null'], 'no monitor, as it is anyway'),
  only('parallel', ['none', 'null'], 'no parallel port, as it is anyway'),
  {
    name: 'audiodev',
    value: 'none',
    help: 'no sound, as it is anyway',
    set(options, text) {
      const values = parseKeyValues('-audiodev', text, 'driver');
      if (values.get('driver') === 'none') {
        options.audiodev = 'none';
        return;
      }
      throw new UsageError(
        `-audiodev ${text} is not built yet: sound is heard on the page; use -audiodev none`,
      );
    },
  },
  only('net', ['none'], 'no network, as it is anyway'),
  only('nic', ['none'], 'no network, as it is anyway'),
  only('accel', ['tcg', 'tcg,thread=single'], 'the accelerator, as it is anyway'),
  {
    name: 'nodefaults',
    help: 'no default devices but the serial port: no graphics card',
    set: (options) => {
      options.vga ??= 'none';
    },
  },
  { name: 'no-user-config', help: 'read no configuration file, as it is anyway' },
  { name: 'name', value: 'TEXT', help: "the guest's name (accepted, not shown)" },
  { name: 'version', help: 'print the version' },
  { name: 'help', aliases: ['h'], help: 'print this text' },

  {
    name: 'expect',
    value: 'REGEX',
    own: true,
    help: 'wait until the serial output matches; after the last one\nleave with status 0. May repeat, in order',
    set: (options, value) => {
      options.script.push({ expect: parseRegex('--expect', value) });
    },
  },
  {
    name: 'send',
    value: 'TEXT',
    own: true,
    help: 'type TEXT after the preceding --expect; \\n \\r \\t \\e \\xHH\nare escapes. May repeat, in order',
    set: (options, value) => {
      options.script.push({ send: unescapeText(value) });
    },
  },
  {
    name: 'change',
    value: 'DRIVE=FILE',
    own: true,
    help: 'after the preceding --expect, put another image into a\ndrive, as ide1-cd0=FILE or floppy0=FILE. May repeat, in order',
    set: (options, value) => {
      const [, drive, file] = /^([^=]+)=(.+)$/s.exec(value) ?? [];
      if (drive === undefined || file === undefined)
        throw new UsageError(`--change ${value}: give a drive and a file, as in --change ide1-cd0=FILE`);
      options.script.push({ drive, file });
    },
  },
  {
    name: 'eject',
    value: 'DRIVE',
    own: true,
    help: "after the preceding --expect, press a drive's eject button.\nMay repeat, in order",
    set: (options, drive) => void options.script.push({ drive, file: null }),
  },
  {
    name: 'hmp',
    value: 'COMMAND',
    own: true,
    help: "after the preceding --expect, write what the machine's\nmonitor answers, as to 'info registers', on stderr. May\nrepeat, in order",
    set: (options, monitor) => void options.script.push({ monitor }),
  },
  {
    name: 'timeout',
    value: 'SECONDS',
    own: true,
    help: 'give up after this time with status 124',
    set: (options, value) => {
      options.timeout = parseSeconds('--timeout', value);
    },
  },
  {
    name: 'screenshot',
    value: 'FILE.png',
    own: true,
    help: "at the end, save what the machine's screen shows, or,\nwithout one or with -nographic, a terminal on the serial port",
    set: (options, value) => {
      if (!value.endsWith('.png')) throw new UsageError(`--screenshot ${value}: the name must end in .png`);
      options.screenshot = value;
    },
  },
  {
    name: 'json',
    value: 'FILE',
    own: true,
    help: 'at the end, write a report (docs/cli.md)',
    set: (options, value) => {
      options.json = value;
    },
  },
  {
    name: 'record-boot',
    value: 'FILE',
    own: true,
    help: 'at the end, write what was read from images,\nfor snowglobe-img publish --boot',
    set: (options, value) => {
      options.recordBoot = value;
    },
  },
  {
    name: 'tier',
    value: 'auto|interp|jit|check',
    own: true,
    help: 'how guest code runs; default auto\n(check: both tiers, stops where they differ)',
    set: (options, value) => {
      if (value !== 'auto' && value !== 'interp' && value !== 'jit' && value !== 'check') {
        throw new UsageError(`--tier ${value}: use auto, interp, jit or check`);
      }
      options.tier = value;
    },
  },
  {
    name: 'headed',
    own: true,
    help: "show the browser's window",
    set: (options) => {
      options.headed = true;
    },
  },
];

const later = 'not built yet';

/** Options of QEMU that we know but do not have, and what to say of them. */
export const NOT_BUILT: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...['sd', 'mtdblock'],
      ...['netdev', 'usb', 'usbdevice', 'audio', 'snapshot'],
      ...['loadvm', 'incoming', 'S', 's', 'gdb', 'qmp', 'qmp-pretty', 'mon', 'd', 'D', 'trace', 'watchdog'],
      ...['dtb', 'numa', 'uuid', 'set', 'L', 'semihosting', 'semihosting-config'],
      ...['no-shutdown', 'action', 'singlestep', 'seed', 'daemonize', 'pidfile', 'sandbox', 'readconfig'],
      ...[
        'full-screen',
        'vnc',
        'spice',
        'sdl',
        'curses',
        'k',
        'g',
        'portrait',
        'rotate',
        'msg',
        'plugin',
        'overcommit',
      ],
    ].map((name) => [name, `this option of QEMU is ${later}; leave it out`]),
  ),
  'enable-kvm': 'there is no KVM in a browser; leave it out',
  'no-kvm': 'there is no KVM in a browser; leave it out',
};
