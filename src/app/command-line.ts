/** The `snowglobe` command line that boots what the page boots. */
import { deviceWords, imageName, VM_OPTIONS } from '../element/options.ts';
import type { DeviceConfig, DriveConfig, ImageSource, VmConfig } from '../core/vm-api.ts';

/** The ends of ports that a configuration names by what they are. */
const CHARDEVS = { stdio: 'stdio,id=stdio', vdagent: 'qemu-vdagent,id=vdagent,clipboard=on' };

/** Quotes a word for a POSIX shell where it needs quoting. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Where the command line finds an image: images of this site lie in the repository's cache, a picked file is named as it
 * is called, other addresses stay.
 * @param imagesUrl the address of this site's images/ folder
 */
function imagePath(source: ImageSource, imagesUrl: string): string {
  if (typeof source !== 'string') return imageName(source);
  return source.startsWith(imagesUrl) ? `.cache/images/${source.slice(imagesUrl.length)}` : source;
}

/** One `-drive`. A disk that the browser keeps is named as the file that exporting it gives. */
function driveWord(drive: DriveConfig, imagesUrl: string, keptName: string): string {
  const { file, persist, interface: at, id, index, media, format, readOnly, snapshot, discard } = drive;
  const { preload, werror, rerror, networkTimeout } = drive;
  const path = persist === undefined ? file && imagePath(file, imagesUrl) : `${keptName}.qcow2`;
  const properties: [string, string | number | undefined][] = [
    // A comma in a value is written twice.
    ['file', path?.replaceAll(',', ',,')],
    ['if', at],
    ['id', id],
    ['index', index],
    ['media', media],
    ['format', format],
    ['readonly', readOnly ? 'on' : undefined],
    ['snapshot', persist !== undefined || snapshot === false ? 'off' : undefined],
    ['discard', discard],
    ['preload', preload ? 'on' : undefined],
    ['werror', werror],
    ['rerror', rerror],
    ['network-timeout', networkTimeout],
  ];
  return properties.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).join(',');
}

/** @param keptName what files with the machine's kept disks are called */
export function commandLine(config: VmConfig, imagesUrl: string, keptName = 'disk'): string {
  const words = ['npx', 'snowglobe', config.arch];
  for (const { key, flag, kind } of VM_OPTIONS) {
    const value = config[key];
    if (
      !flag ||
      value === undefined ||
      (key === 'bios' && value === 'default') ||
      (key === 'append' && value === '')
    )
      continue;
    if (key === 'tier' && value === 'auto') continue;
    if (kind === 'flag') {
      if (value) words.push(flag);
      continue;
    }
    if (kind === 'devices') {
      for (const [id, chardev] of Object.entries(CHARDEVS))
        if ((value as DeviceConfig[]).some(({ properties }) => properties?.['chardev'] === id))
          words.push('-chardev', chardev);
      for (const device of deviceWords(value as DeviceConfig[])) words.push(flag, shellQuote(device));
      continue;
    }
    const word =
      kind === 'image' && value !== 'none' ? imagePath(value as ImageSource, imagesUrl) : String(value);
    words.push(flag, shellQuote(key === 'icount' ? `shift=${word}` : word));
  }
  for (const drive of config.drives ?? [])
    words.push('-drive', shellQuote(driveWord(drive, imagesUrl, keptName)));
  return [...words, '-nographic'].join(' ');
}
