/**
 * The options of a machine as text: one declaration per option, shared by the element's attributes, the page's URL and
 * the command line it shows. Spelled after QEMU wherever QEMU has the option.
 */
import { VmError } from '../core/errors.ts';
import { driveWords, escapeWord, parseDrives, unescapeWord } from './drive-text.ts';
import type { DeviceConfig, DriveConfig, FwCfgEntry, ImageSource, Tier, VmConfig } from '../core/vm-api.ts';

type OptionKind =
  | 'devices'
  | 'drives'
  | 'texts'
  | 'files'
  | 'text'
  | 'count'
  | 'memory'
  | 'image'
  | 'tier'
  | 'flag';

export interface VmOption {
  readonly key: keyof VmConfig;
  /** The element's attribute. */
  readonly attribute: string;
  /** The URL parameter: QEMU's option without its dash. */
  readonly param: string;
  /** The option of the `snowglobe` command line; absent for `arch`, which is its first word. */
  readonly flag?: string;
  readonly kind: OptionKind;
  /** Largest allowed value of a `count`. */
  readonly max?: number;
}

/** Every option, in the order in which a command line reads best. */
export const VM_OPTIONS: readonly VmOption[] = [
  { key: 'arch', attribute: 'arch', param: 'arch', kind: 'text' },
  { key: 'machine', attribute: 'machine', param: 'M', flag: '-M', kind: 'text' },
  { key: 'memory', attribute: 'memory', param: 'm', flag: '-m', kind: 'memory' },
  { key: 'cpu', attribute: 'cpu', param: 'cpu', flag: '-cpu', kind: 'text' },
  { key: 'smp', attribute: 'smp', param: 'smp', flag: '-smp', kind: 'count', max: 512 },
  { key: 'bios', attribute: 'bios', param: 'bios', flag: '-bios', kind: 'image' },
  { key: 'kernel', attribute: 'kernel', param: 'kernel', flag: '-kernel', kind: 'image' },
  { key: 'initrd', attribute: 'initrd', param: 'initrd', flag: '-initrd', kind: 'image' },
  { key: 'hda', attribute: 'hda', param: 'hda', flag: '-hda', kind: 'image' },
  { key: 'hdb', attribute: 'hdb', param: 'hdb', flag: '-hdb', kind: 'image' },
  { key: 'hdc', attribute: 'hdc', param: 'hdc', flag: '-hdc', kind: 'image' },
  { key: 'hdd', attribute: 'hdd', param: 'hdd', flag: '-hdd', kind: 'image' },
  { key: 'cdrom', attribute: 'cdrom', param: 'cdrom', flag: '-cdrom', kind: 'image' },
  { key: 'fda', attribute: 'fda', param: 'fda', flag: '-fda', kind: 'image' },
  { key: 'fdb', attribute: 'fdb', param: 'fdb', flag: '-fdb', kind: 'image' },
  // The command line has no text for all drives together.
  { key: 'drives', attribute: 'drives', param: 'drive', kind: 'drives' },
  { key: 'append', attribute: 'append', param: 'append', flag: '-append', kind: 'text' },
  { key: 'devices', attribute: 'devices', param: 'device', flag: '-device', kind: 'devices' },
  { key: 'boot', attribute: 'boot', param: 'boot', flag: '-boot', kind: 'text' },
  { key: 'fwCfg', attribute: 'fw-cfg', param: 'fw_cfg', flag: '-fw_cfg', kind: 'files' },
  { key: 'smbios', attribute: 'smbios', param: 'smbios', flag: '-smbios', kind: 'texts' },
  { key: 'nographic', attribute: 'nographic', param: 'nographic', flag: '-nographic', kind: 'flag' },
  { key: 'icount', attribute: 'icount', param: 'icount', flag: '-icount', kind: 'count', max: 10 },
  { key: 'rtc', attribute: 'rtc', param: 'rtc', flag: '-rtc', kind: 'text' },
  { key: 'noReboot', attribute: 'no-reboot', param: 'no-reboot', flag: '-no-reboot', kind: 'flag' },
  { key: 'vga', attribute: 'vga', param: 'vga', flag: '-vga', kind: 'text' },
  { key: 'xres', attribute: 'xres', param: 'xres', kind: 'count', max: 4095 },
  { key: 'yres', attribute: 'yres', param: 'yres', kind: 'count', max: 4095 },
  { key: 'audiodev', attribute: 'audiodev', param: 'audiodev', flag: '-audiodev', kind: 'text' },
  { key: 'cache', attribute: 'cache', param: 'cache', kind: 'count', max: 1 << 20 },
  { key: 'tier', attribute: 'tier', param: 'tier', flag: '--tier', kind: 'tier' },
];

export const TIERS: readonly Tier[] = ['auto', 'interp', 'jit', 'check'];

/**
 * Parses a RAM size as `-m` takes it: MiB, or a number with the suffix M or G.
 * @returns MiB
 * @throws VmError `bad-config`
 */
export function parseMemory(text: string, name: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(m|mb|mib|g|gb|gib)?\s*$/i.exec(text);
  const amount = match ? Number(match[1]) * (match[2]?.toLowerCase().startsWith('g') ? 1024 : 1) : Number.NaN;
  if (!Number.isInteger(amount) || amount < 1) {
    throw new VmError(
      'bad-config',
      `${name}: "${text}" is not a memory size. Write MiB, such as 512, or 512M or 2G.`,
    );
  }
  return amount;
}

function parseCount(text: string, name: string, max: number): number {
  // QEMU writes `-icount shift=3`.
  const value = Number(/^\s*(?:shift=)?(\d+)\s*$/.exec(text)?.[1] ?? Number.NaN);
  if (!Number.isInteger(value) || value > max) {
    throw new VmError('bad-config', `${name}: "${text}" is not a whole number from 0 to ${max}.`);
  }
  return value;
}

const words = (text: string): string[] => text.trim().split(/\s+/);

/** `KEY=VALUE,…`, values escaped as in a drive's text. */
function parseProperties(items: readonly string[]): [string, string][] {
  return items.map((item) => {
    const [key, ...value] = item.split('=');
    return [key, unescapeWord(value.join('='))];
  });
}

/** Devices as `-device` takes them, with blanks between: `virtio-gpu-pci,blob=on virtio-tablet-pci`. */
function parseDevices(text: string): DeviceConfig[] {
  return words(text).map((word) => {
    const [driver, ...rest] = word.split(',');
    return { driver, ...(rest.length > 0 && { properties: Object.fromEntries(parseProperties(rest)) }) };
  });
}

/** Each device as `-device` takes it. @param escape how a value is written */
export function deviceWords(devices: readonly DeviceConfig[], escape = escapeWord): string[] {
  return devices.map(({ driver, properties = {} }) =>
    [driver, ...Object.entries(properties).map(([key, value]) => `${key}=${escape(value)}`)].join(','),
  );
}

/** Files of fw_cfg: `name=opt/a,string=text name=opt/b,file=b.bin`. */
function parseFiles(text: string, name: string): FwCfgEntry[] {
  return words(text).map((word) => {
    const { name: file, ...content } = Object.fromEntries(parseProperties(word.split(',')));
    const [kind, ...others] = Object.keys(content);
    if (!file || others.length > 0 || (kind !== 'string' && kind !== 'file')) {
      throw new VmError(
        'bad-config',
        `${name}: "${word}" is no file for the guest. Write name=NAME,string=TEXT or name=NAME,file=ADDRESS.`,
      );
    }
    return { name: file, [kind]: content[kind] };
  });
}

/** Each file as `-fw_cfg` takes it. Those that no address names are left out. */
function fileWords(files: readonly FwCfgEntry[]): string[] {
  return files.flatMap(({ name, string, file }) => {
    if (string !== undefined) return [`name=${escapeWord(name)},string=${escapeWord(string)}`];
    return typeof file === 'string' ? [`name=${escapeWord(name)},file=${escapeWord(file)}`] : [];
  });
}

/** A comma is part of these texts. */
const escapeText = (text: string): string => escapeWord(text).replaceAll('%2C', ',');

/** The text of an option's value, as `configFromText` reads it; null: there is none, as of files in the page's hands. */
export function textOfOption({ key, kind }: VmOption, config: Partial<VmConfig>): string | null {
  const value = config[key];
  if (value === undefined || (kind === 'image' && isLocalImage(value as ImageSource))) return null;
  const join = (texts: readonly string[]): string | null => texts.join(' ') || null;
  if (kind === 'devices') return join(deviceWords(value as DeviceConfig[]));
  if (kind === 'drives') return join(driveWords(value as DriveConfig[]));
  if (kind === 'files') return join(fileWords(value as FwCfgEntry[]));
  if (kind === 'texts') return join((value as string[]).map(escapeText));
  return String(value);
}

function parseTier(text: string, name: string): Tier {
  const tier = TIERS.find((candidate) => candidate === text.trim());
  if (!tier) throw new VmError('bad-config', `${name}: "${text}" is not a tier. Choose ${TIERS.join(', ')}.`);
  return tier;
}

/**
 * Reads a configuration from text.
 * @param read the text of an option, or null where it is absent; an empty string counts as absent, except for `append` and flags
 * @param nameOf how the user wrote the option, for error messages
 * @throws VmError `bad-config`
 */
export function configFromText(
  read: (option: VmOption) => string | null,
  nameOf: (option: VmOption) => string,
): Partial<VmConfig> {
  const config: Partial<Record<keyof VmConfig, unknown>> = {};
  for (const option of VM_OPTIONS) {
    const text = read(option);
    if (text === null || (text.trim() === '' && option.key !== 'append' && option.kind !== 'flag')) continue;
    const name = nameOf(option);
    switch (option.kind) {
      case 'memory':
        config[option.key] = parseMemory(text, name);
        break;
      case 'count':
        config[option.key] = parseCount(text, name, option.max!);
        break;
      case 'tier':
        config[option.key] = parseTier(text, name);
        break;
      case 'flag':
        config[option.key] = text.trim() !== 'false';
        break;
      case 'image':
        config[option.key] = text.trim();
        break;
      case 'devices':
        config[option.key] = parseDevices(text);
        break;
      case 'drives':
        config[option.key] = parseDrives(text, name);
        break;
      case 'files':
        config[option.key] = parseFiles(text, name);
        break;
      case 'texts':
        config[option.key] = words(text).map(unescapeWord);
        break;
      case 'text':
        config[option.key] = option.key === 'append' ? text : text.trim();
        break;
    }
  }
  return config as Partial<VmConfig>;
}

/** Whether an image lies in the page's hands (a picked file or bytes), so that no URL can name it. */
export function isLocalImage(source: ImageSource | undefined): source is Uint8Array | Blob {
  return source !== undefined && typeof source !== 'string';
}

/** A short name for an image: a file's name, the last part of a URL's path, or its size. */
export function imageName(source: ImageSource): string {
  if (typeof source === 'string') return source.split(/[?#]/)[0].split('/').filter(Boolean).at(-1) ?? source;
  if (source instanceof Uint8Array) return `${source.byteLength} bytes`;
  return 'name' in source && typeof source.name === 'string' ? source.name : `${source.size} bytes`;
}
