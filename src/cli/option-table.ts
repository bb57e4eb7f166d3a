import type { BlockFilter } from '../core/vm-api.ts';
import { parseBlockdev } from './blockdev.ts';
import { type CliChardev, type CliDrive, type CliOptions, ListRequest } from './cli-options.ts';
import { ARCHITECTURES, type Architecture } from './architectures.ts';
import { unescapeText } from './escapes.ts';
import {
  checkKeys,
  parseInteger,
  parseKeyValues,
  parseMemorySize,
  parseRegex,
  parseSeconds,
} from './option-values.ts';
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

function architectureOf(option: string, options: CliOptions): Architecture {
  const architecture = ARCHITECTURES[options.arch];
  if (architecture) return architecture;
  throw new UsageError(`${option} means nothing before the guest's architecture: that comes first`);
}

function setMachine(options: CliOptions, text: string): void {
  const { boards, machineProperties } = architectureOf('-machine', options);
  const alias = boards[boards.length - 1];
  if (/^(help|\?)$/.test(text))
    throw new ListRequest(`Machines: ${boards[0]}, ${alias} (alias of ${boards[0]}, the default)\n`);
  const values = parseKeyValues('-machine', text, 'type');
  const board = values.get('type') ?? alias;
  if (!boards.includes(board))
    throw new UsageError(`-machine ${board} is unknown; there is ${boards.join(' and ')}`);
  checkKeys('-machine', values, { type: 'any', ...machineProperties });
  options.machine = board;
}

function setCpu(options: CliOptions, text: string): void {
  const { cpus, cpuProperties } = architectureOf('-cpu', options);
  if (/^(help|\?)$/.test(text)) throw new ListRequest(`CPUs: ${cpus.join(', ')}\n`);
  const values = parseKeyValues('-cpu', text, 'model');
  checkKeys('-cpu', values, { model: cpus, ...cpuProperties });
  options.cpu = values.get('model') ?? cpus[0];
}

function setMemory(options: CliOptions, text: string): void {
  const values = parseKeyValues('-m', text, 'size');
  checkKeys('-m', values, { size: 'any' });
  options.memory = parseMemorySize('-m', values.get('size') ?? '');
}

function setSmp(_options: CliOptions, text: string): void {
  const values = parseKeyValues('-smp', text, 'cpus');
  for (const [key, value] of values) {
    if (!['cpus', 'maxcpus', 'sockets', 'clusters', 'dies', 'cores', 'threads'].includes(key)) {
      throw new UsageError(`-smp ${text}: "${key}" is unknown`);
    }
    if (parseInteger('-smp', value, 1, 512) !== 1) {
      throw new UsageError(`-smp ${text}: several vCPUs are not built yet; use -smp 1 or leave it out`);
    }
  }
}

function setIcount(options: CliOptions, text: string): void {
  const values = parseKeyValues('-icount', text, 'shift');
  checkKeys('-icount', values, { shift: 'any', align: ['off'], sleep: ['on'] });
  const shift = values.get('shift');
  if (shift === undefined) throw new UsageError(`-icount ${text}: give the shift: -icount shift=N`);
  if (shift === 'auto')
    throw new UsageError('-icount shift=auto is not built yet; give a number: -icount shift=1');
  options.icount = parseInteger('-icount shift', shift, 0, 10);
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

const THROTTLES = ['iops-total', 'iops-read', 'iops-write', 'bps-total', 'bps-read', 'bps-write'] as const;

const DRIVE_PROPERTIES = {
  file: 'any',
  if: ['ide', 'floppy', 'pflash', 'virtio', 'none'],
  index: 'any',
  unit: 'any',
  media: ['disk', 'cdrom'],
  format: ['raw', 'qcow2', 'vmdk', 'vdi', 'vpc'],
  discard: ['unmap', 'on', 'ignore', 'off'],
  readonly: ['on', 'off'],
  snapshot: ['on', 'off'],
  preload: ['on', 'off'],
  werror: ['report', 'ignore', 'stop', 'enospc'],
  rerror: ['report', 'ignore', 'stop'],
  persist: 'any',
  'copy-on-read': ['on', 'off'],
  'network-timeout': 'any',
  ...Object.fromEntries(THROTTLES.map((name) => [`throttling.${name}`, 'any'] as const)),
  'throttling.group': 'any',
  // What they say here is what happens anyway.
  cache: 'any',
  aio: 'any',
  id: 'any',
} as const;

/** Limits among an option's values, whose names begin with `prefix`. */
function throttleLimits(
  option: string,
  values: ReadonlyMap<string, string>,
  prefix: string,
): Record<string, number> {
  return Object.fromEntries(
    THROTTLES.flatMap((name) => {
      const limit = values.get(prefix + name);
      return limit === undefined
        ? []
        : [[name, parseInteger(`${option} ${prefix}${name}`, limit, 0, 2 ** 50)]];
    }),
  );
}

/** `-object throttle-group`; QEMU's other objects are not there. */
function setObject(options: CliOptions, text: string): void {
  const values = parseKeyValues('-object', text, 'qom-type');
  const prefixes = ['limits.', 'x-'];
  checkKeys('-object', values, {
    'qom-type': ['throttle-group'],
    id: 'any',
    ...Object.fromEntries(
      THROTTLES.flatMap((name) => prefixes.map((prefix) => [prefix + name, 'any'] as const)),
    ),
  });
  const id = values.get('id');
  if (!id) throw new UsageError(`-object ${text}: give it a name: id=NAME`);
  if (Object.hasOwn(options.throttleGroups, id))
    throw new UsageError(`-object ${text}: there is a ${id} already`);
  options.throttleGroups[id] = Object.assign(
    {},
    ...prefixes.map((prefix) => throttleLimits('-object', values, prefix)),
  );
}

function setDrive(options: CliOptions, text: string): void {
  // A comma in a name is written twice.
  const values = parseKeyValues('-drive', text.replaceAll(',,', '\0'), 'file');
  checkKeys('-drive', values, DRIVE_PROPERTIES);
  const get = (key: keyof typeof DRIVE_PROPERTIES): string | undefined =>
    values.get(key)?.replaceAll('\0', ',');
  const at = get('if') as CliDrive['interface'];
  const index = get('index') ?? get('unit');
  const media = get('media') as CliDrive['media'];
  const file = get('file');
  const limits = throttleLimits('-drive', values, 'throttling.');
  const group = get('throttling.group');
  if (get('persist') !== undefined) {
    throw new UsageError(
      '-drive persist= keeps a disk in a browser, and this one is gone with the command: keep it in a file, made by ' +
        '"snowglobe-img create -f qcow2 -b BASE -F FORMAT DISK.qcow2", with file=DISK.qcow2,snapshot=off',
    );
  }
  const filters: BlockFilter[] = [
    // As in QEMU a drive without limits is in no group.
    ...(Object.keys(limits).length > 0
      ? [{ driver: 'throttle' as const, limits, ...(group !== undefined && { group }) }]
      : []),
    ...(get('copy-on-read') === 'on' ? [{ driver: 'copy-on-read' as const }] : []),
  ];
  options.drives.push({
    option: '-drive',
    ...(filters.length > 0 && { filters }),
    ...(file !== undefined && { file }),
    ...(at !== undefined && { interface: at }),
    ...(get('id') !== undefined && { id: get('id')! }),
    ...(index !== undefined && { index: parseInteger('-drive index', index, 0, 31) }),
    ...(media !== undefined && { media }),
    ...(get('format') !== undefined && { format: get('format') as NonNullable<CliDrive['format']> }),
    ...(get('discard') !== undefined && {
      discard: /^(unmap|on)$/.test(get('discard')!) ? 'unmap' : 'ignore',
    }),
    ...(get('network-timeout') !== undefined && {
      networkTimeout: parseInteger('-drive network-timeout', get('network-timeout')!, 0, 2 ** 31),
    }),
    ...(get('readonly') !== undefined && { readOnly: get('readonly') === 'on' }),
    ...(get('preload') === 'on' && { preload: true }),
    ...(get('werror') !== undefined && { werror: get('werror') as NonNullable<CliDrive['werror']> }),
    ...(get('rerror') !== undefined && { rerror: get('rerror') as NonNullable<CliDrive['rerror']> }),
    // Files are written only if someone asks for it.
    ...((get('snapshot') === 'off' || (get('readonly') === 'off' && get('snapshot') === undefined)) && {
      snapshot: false,
    }),
  });
}

function setDevice(options: CliOptions, text: string): void {
  const { driver = '', ...properties } = Object.fromEntries(parseKeyValues('-device', text, 'driver'));
  if (/^virtio-9p(-pci|-device)?$/.test(driver)) return setFolderDevice(options, text, properties);
  const { chardev } = properties;
  const shared = chardev !== undefined && chardevOf(options, '-device', chardev).kind === 'stdio';
  // What goes to standard input and output is the machine's serial stream.
  if (shared) options.serial = 'stdio';
  options.devices ??= [];
  options.devices.push({ driver, properties: { ...properties, ...(shared && { chardev: 'stdio' }) } });
}

const FOLDER_PROPERTIES = {
  driver: ['local'],
  path: 'any',
  security_model: ['none', 'mapped', 'mapped-xattr', 'mapped-file', 'passthrough'],
  readonly: ['on', 'off'],
} as const;

/** Path and access of a folder; a comma in its name is written twice. */
function folderOf(option: string, text: string, more: readonly string[]) {
  const values = parseKeyValues(option, text.replaceAll(',,', '\0'), 'driver');
  checkKeys(option, values, {
    ...FOLDER_PROPERTIES,
    ...Object.fromEntries(more.map((key) => [key, 'any'] as const)),
  });
  const get = (key: string): string | undefined => values.get(key)?.replaceAll('\0', ',');
  const path = get('path');
  if (!path) throw new UsageError(`${option} ${text}: give path=FOLDER`);
  return { get, folder: { path, ...(get('readonly') === 'on' && { readOnly: true }) } };
}

function setVirtfs(options: CliOptions, text: string): void {
  const { get, folder } = folderOf('-virtfs', text, ['mount_tag', 'id']);
  const tag = get('mount_tag');
  if (!tag) throw new UsageError(`-virtfs ${text}: give mount_tag=TAG`);
  options.folders ??= [];
  options.folders.push({ tag, ...folder });
}

function setFsdev(options: CliOptions, text: string): void {
  const { get, folder } = folderOf('-fsdev', text, ['id']);
  const id = get('id');
  if (!id) throw new UsageError(`-fsdev ${text}: give it a name: id=NAME`);
  options.fsdevs = { ...options.fsdevs, [id]: folder };
}

/** `-device virtio-9p-pci,fsdev=ID,mount_tag=TAG`: what -virtfs says in one. */
function setFolderDevice(options: CliOptions, text: string, properties: Record<string, string>): void {
  const { fsdev = '', mount_tag: tag, id: _, ...others } = properties;
  const folder = options.fsdevs?.[fsdev];
  if (!folder || !tag)
    throw new UsageError(
      `-device ${text}: give mount_tag=TAG and fsdev=ID of a -fsdev local,id=ID before it`,
    );
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new UsageError(`-device ${text}: the property "${other}" is not built yet or unknown`);
  options.folders ??= [];
  options.folders.push({ tag, ...folder });
}

function setChardev(options: CliOptions, text: string): void {
  const values = parseKeyValues('-chardev', text.replaceAll(',,', '\0'), 'backend');
  const backend = values.get('backend') ?? '';
  checkKeys('-chardev', values, {
    backend: ['stdio', 'null', 'file'],
    id: 'any',
    ...(backend === 'stdio' && { mux: ['on', 'off'], signal: ['on', 'off'] }),
    ...(backend === 'file' && { path: 'any' }),
  });
  const [id, path] = ['id', 'path'].map((key) => values.get(key)?.replaceAll('\0', ','));
  if (!id) throw new UsageError(`-chardev ${text}: give it a name: id=NAME`);
  if (Object.hasOwn(options.chardevs, id)) throw new UsageError(`-chardev ${text}: there is a ${id} already`);
  // The page knows the terminal by this name.
  if (backend !== 'stdio' && id === 'stdio') throw new UsageError(`-chardev ${text}: give it another name`);
  if (backend === 'file' && !path) throw new UsageError(`-chardev ${text}: give path=FILE`);
  options.chardevs[id] =
    backend === 'file' ? { kind: 'file', path: path! } : { kind: backend === 'stdio' ? 'stdio' : 'null' };
}

function chardevOf({ chardevs }: CliOptions, option: string, id: string): CliChardev {
  if (Object.hasOwn(chardevs, id)) return chardevs[id];
  throw new UsageError(
    `${option}: there is no chardev ${id}; put -chardev stdio,id=${id} before it, or null or file`,
  );
}

function setSerial(options: CliOptions, text: string): void {
  const named = /^chardev:(.*)$/.exec(text)?.[1];
  const file = /^file:(.+)$/.exec(text)?.[1];
  const end: CliChardev =
    named !== undefined
      ? chardevOf(options, '-serial', named)
      : file !== undefined
        ? { kind: 'file', path: file }
        : { kind: text === 'stdio' || text === 'mon:stdio' ? 'stdio' : 'null' };
  if (end.kind === 'null' && named === undefined && text !== 'null' && text !== 'none')
    throw new UsageError(
      `-serial ${text} is not built yet; use -serial stdio, mon:stdio, file:FILE, chardev:ID or null`,
    );
  delete options.serialFile;
  if (end.kind === 'stdio') options.serial = 'stdio';
  else {
    // A virtio console on the terminal is the same stream.
    const shared = options.devices?.some(({ properties }) => properties?.['chardev'] === 'stdio');
    options.serial = shared ? 'stdio' : 'null';
    if (end.kind === 'file') options.serialFile = end.path;
  }
}

/** Debug ports there are, and the source of their lines. */
const DEBUG_PORTS: Readonly<Record<number, CliOptions['debugPort']>> = { 233: 'debugcon', 1026: 'firmware' };

function setDebugcon(options: CliOptions, text: string): void {
  if (text !== 'stdio')
    throw new UsageError(`-debugcon ${text} is not built yet; use -debugcon stdio, which prints to stderr`);
  options.debugcon = true;
}

function setGlobal(options: CliOptions, text: string): void {
  const size = /^VGA[.]([xy]res)=(\d+)$/.exec(text);
  if (size) {
    options[size[1] as 'xres' | 'yres'] = Number(size[2]);
    return;
  }
  const value = /^isa-debugcon[.]iobase=(.*)$/.exec(text)?.[1];
  const source = value === undefined ? undefined : DEBUG_PORTS[Number(value)];
  if (source === undefined) {
    throw new UsageError(
      `-global ${text} is not built yet; there is -global isa-debugcon.iobase=0x402, and 0xe9, the default, and -global VGA.xres=PIXELS and VGA.yres`,
    );
  }
  options.debugPort = source;
}

function setFwCfg(options: CliOptions, text: string): void {
  const values = parseKeyValues('-fw_cfg', text, 'name');
  checkKeys('-fw_cfg', values, { name: 'any', file: 'any', string: 'any' });
  const [name, file, string] = ['name', 'file', 'string'].map((key) => values.get(key));
  if (!name || (file === undefined) === (string === undefined))
    throw new UsageError(`-fw_cfg ${text}: give a name and either file=FILE or string=TEXT`);
  options.fwCfg ??= [];
  options.fwCfg.push({ name, ...(file !== undefined && { file }), ...(string !== undefined && { string }) });
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
  drive('hda', 'first disk (raw image); a name with no option before it\nis one too', { index: 0 }),
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
    value: 'stdio|null|file,id=ID',
    help: "the terminal, for -device virtconsole,chardev=ID (the guest's\nhvc0); it gets what is typed while the guest listens there.\nfile,path=FILE gets what the port says; for -serial too",
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
    set(_options, text) {
      const values = parseKeyValues('-audiodev', text, 'driver');
      if (values.get('driver') === 'none') return;
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
      ...[
        'loadvm',
        'incoming',
        'S',
        's',
        'gdb',
        'qmp',
        'qmp-pretty',
        'mon',
        'd',
        'D',
        'trace',
        'rtc',
        'watchdog',
      ],
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
