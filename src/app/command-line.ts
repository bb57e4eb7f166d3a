/** The `snowglobe` command line that boots what the page boots. */
import { escapeCommas } from '../command/option-values.ts';
import { driveProperties } from '../element/drive-text.ts';
import { deviceWords, imageName, VM_OPTIONS } from '../element/options.ts';
import type { DriveConfig, ImageSource, VmConfig } from '../core/vm-api.ts';

/** The ends of ports that a configuration names by what they are. */
const CHARDEVS: Partial<Record<string, string>> = {
  stdio: 'stdio,id=stdio',
  vdagent: 'qemu-vdagent,id=vdagent,clipboard=on',
};

/** Quotes a word for a POSIX shell where it needs quoting. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What things are called in a command line. */
interface Naming {
  /** The address of this site's images/ folder. */
  imagesUrl: string;
  /** Files with the machine's kept disks, without their end. */
  keptName: string;
  nameOf(file: ImageSource): string;
}

/** Where the repository's build puts the images that a site serves below images/. */
export const BUILT_IMAGES = '.cache/images/';

/**
 * Where the command line finds an image: images of this site lie in the repository's cache, a picked file has its name, other addresses stay.
 */
function imagePath(source: ImageSource, { imagesUrl, nameOf }: Naming): string {
  if (typeof source !== 'string') return nameOf(source);
  const url = URL.canParse(source, imagesUrl) ? new URL(source, new URL('..', imagesUrl)).href : source;
  if (!url.startsWith(imagesUrl)) return url;
  try {
    return `${BUILT_IMAGES}${decodeURIComponent(url.slice(imagesUrl.length))}`;
  } catch {
    // A sign of per cent that stands for itself: no path says this address.
    return url;
  }
}

/** One `-drive`. A disk that the browser keeps is named as the file that exporting it gives. */
function driveWord(drive: DriveConfig, naming: Naming): string {
  const { file, persist, readOnly, preload, ...rest } = drive;
  const path = persist === undefined ? file && imagePath(file, naming) : `${naming.keptName}.qcow2`;
  const properties = driveProperties({
    ...(path !== undefined && { file: path }),
    ...rest,
    ...(readOnly && { readOnly }),
    ...(preload && { preload }),
    ...(persist !== undefined && { snapshot: false }),
  });
  return properties.map(([key, value]) => `${key}=${escapeCommas(value)}`).join(',');
}

/** The other ends of ports: where one has no meaning of its own, nothing. */
function chardevWords({ devices = [] }: VmConfig): string[] {
  const ids = new Set(devices.flatMap(({ properties }) => properties?.['chardev'] ?? []));
  return [...ids].flatMap((id) => ['-chardev', CHARDEVS[id] ?? `null,id=${escapeCommas(id)}`]);
}

/** Words of options that are not one word with their value. */
const SPECIAL: {
  [key in keyof VmConfig]?: (config: VmConfig, naming: Naming) => string[];
} = {
  drives: ({ drives = [] }, naming) => drives.flatMap((drive) => ['-drive', driveWord(drive, naming)]),
  devices: (config) => [
    ...chardevWords(config),
    ...deviceWords(config.devices ?? [], escapeCommas).flatMap((device) => ['-device', device]),
  ],
  fwCfg: ({ fwCfg = [] }, naming) =>
    fwCfg.flatMap(({ name, string, file }) => [
      '-fw_cfg',
      string === undefined
        ? `name=${escapeCommas(name)},file=${escapeCommas(imagePath(file ?? '', naming))}`
        : `name=${escapeCommas(name)},string=${escapeCommas(string)}`,
    ]),
  smbios: ({ smbios = [] }) => smbios.flatMap((text) => ['-smbios', text]),
  xres: ({ xres }) => ['-global', `VGA.xres=${xres}`],
  yres: ({ yres }) => ['-global', `VGA.yres=${yres}`],
  icount: ({ icount }) => ['-icount', `shift=${icount}`],
  // What the command line does anyway; and the page's sound it has none of.
  append: ({ append }) => (append ? ['-append', append] : []),
  bios: ({ bios }, naming) =>
    bios === 'default' ? [] : ['-bios', bios === 'none' ? bios : imagePath(bios!, naming)],
  tier: ({ tier }) => (tier === 'auto' ? [] : ['--tier', String(tier)]),
  smp: ({ smp }) => (smp === 1 ? [] : ['-smp', String(smp)]),
  audiodev: ({ audiodev }) => (audiodev === 'none' ? ['-audiodev', 'none'] : []),
  nographic: () => [],
};

/** Words of a command line, unquoted. */
function commandWords(config: VmConfig, naming: Naming): string[] {
  const words = ['npx', 'snowglobe', config.arch];
  for (const { key, flag, kind } of VM_OPTIONS) {
    const value = config[key];
    if (value === undefined) continue;
    const special = SPECIAL[key];
    if (special) words.push(...special(config, naming));
    else if (kind === 'flag') words.push(...(value ? [flag!] : []));
    else if (flag)
      words.push(flag, kind === 'image' ? imagePath(value as ImageSource, naming) : String(value));
  }
  for (const { tag, readOnly } of config.folders ?? [])
    words.push(
      '-virtfs',
      `local,path=${escapeCommas(tag)},mount_tag=${escapeCommas(tag)}${readOnly ? ',readonly=on' : ''}`,
    );
  // A board without a screen shows itself on the serial port anyway: the word is there for the reader.
  if (config.nographic || config.arch === 'riscv64') words.push('-nographic');
  return words;
}

/**
 * @param imagesUrl the address of this site's images/ folder
 * @param keptName what files with the machine's kept disks are called
 * @param nameOf names for files in the page's hands; where several may be called alike, they tell them apart
 */
export function commandLine(
  config: VmConfig,
  imagesUrl: string,
  keptName = 'disk',
  nameOf: (file: ImageSource) => string = imageName,
): string {
  return commandWords(config, { imagesUrl, keptName, nameOf }).map(shellQuote).join(' ');
}
