/** Options that add devices and say what is at their other end: virtio devices, shared folders, character devices, the serial port. */
import type { CliChardev, CliOptions } from './cli-options.ts';
import { checkKeys, parseKeyValues } from './option-values.ts';
import { UsageError } from './usage-error.ts';

export function setDevice(options: CliOptions, text: string): void {
  const { driver = '', ...properties } = Object.fromEntries(parseKeyValues('-device', text, 'driver'));
  if (/^virtio-9p(-pci|-device)?$/.test(driver)) return setFolderDevice(options, text, properties);
  const { chardev } = properties;
  const end = chardev === undefined ? null : chardevOf(options, '-device', chardev).kind;
  // What goes to standard input and output is the machine's serial stream.
  if (end === 'stdio') options.serial = 'stdio';
  options.devices ??= [];
  // The page knows these two by their kind.
  const known = end === 'stdio' || end === 'vdagent';
  options.devices.push({ driver, properties: { ...properties, ...(known && { chardev: end }) } });
}

const FOLDER_PROPERTIES = {
  driver: ['local'],
  path: 'any',
  security_model: ['none', 'mapped', 'mapped-xattr', 'mapped-file', 'passthrough'],
  readonly: ['on', 'off'],
} as const;

/** Path and access of a folder. */
function folderOf(option: string, text: string, more: readonly string[]) {
  const values = parseKeyValues(option, text, 'driver');
  checkKeys(option, values, {
    ...FOLDER_PROPERTIES,
    ...Object.fromEntries(more.map((key) => [key, 'any'] as const)),
  });
  const get = (key: string): string | undefined => values.get(key);
  const path = get('path');
  if (!path) throw new UsageError(`${option} ${text}: give path=FOLDER`);
  return { get, folder: { path, ...(get('readonly') === 'on' && { readOnly: true }) } };
}

export function setVirtfs(options: CliOptions, text: string): void {
  const { get, folder } = folderOf('-virtfs', text, ['mount_tag', 'id']);
  const tag = get('mount_tag');
  if (!tag) throw new UsageError(`-virtfs ${text}: give mount_tag=TAG`);
  options.folders ??= [];
  options.folders.push({ tag, ...folder });
}

export function setFsdev(options: CliOptions, text: string): void {
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

export function setChardev(options: CliOptions, text: string): void {
  const values = parseKeyValues('-chardev', text, 'backend');
  const backend = values.get('backend') ?? '';
  checkKeys('-chardev', values, {
    backend: ['stdio', 'null', 'file', 'qemu-vdagent'],
    id: 'any',
    ...(backend === 'qemu-vdagent' && { name: ['vdagent'], clipboard: ['on', 'off'], mouse: ['off'] }),
    ...(backend === 'stdio' && { mux: ['on', 'off'], signal: ['on', 'off'] }),
    ...(backend === 'file' && { path: 'any' }),
  });
  const [id, path] = ['id', 'path'].map((key) => values.get(key));
  if (!id) throw new UsageError(`-chardev ${text}: give it a name: id=NAME`);
  if (Object.hasOwn(options.chardevs, id)) throw new UsageError(`-chardev ${text}: there is a ${id} already`);
  // The page knows the terminal and the agent by these names.
  if (id !== (backend === 'qemu-vdagent' ? 'vdagent' : backend) && /^(stdio|vdagent)$/.test(id))
    throw new UsageError(`-chardev ${text}: give it another name`);
  if (backend === 'file' && !path) throw new UsageError(`-chardev ${text}: give path=FILE`);
  if (backend === 'file') options.chardevs[id] = { kind: 'file', path: path! };
  else if (backend === 'stdio') options.chardevs[id] = { kind: 'stdio' };
  else options.chardevs[id] = { kind: values.get('clipboard') === 'on' ? 'vdagent' : 'null' };
}

function chardevOf({ chardevs }: CliOptions, option: string, id: string): CliChardev {
  if (Object.hasOwn(chardevs, id)) return chardevs[id];
  throw new UsageError(
    `${option}: there is no chardev ${id}; put -chardev stdio,id=${id} before it, or null, file or qemu-vdagent`,
  );
}

export function setSerial(options: CliOptions, text: string): void {
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
