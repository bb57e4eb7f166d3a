/** The `snowglobe` command line that boots what the page boots. */
import { deviceWords, imageName, VM_OPTIONS } from '../element/options.ts';
import type { DeviceConfig, ImageSource, VmConfig } from '../core/vm-api.ts';

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

export function commandLine(config: VmConfig, imagesUrl: string): string {
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
      for (const device of deviceWords(value as DeviceConfig[])) words.push(flag, shellQuote(device));
      continue;
    }
    const word =
      kind === 'image' && value !== 'none' ? imagePath(value as ImageSource, imagesUrl) : String(value);
    words.push(flag, shellQuote(key === 'icount' ? `shift=${word}` : word));
  }
  return [...words, '-nographic'].join(' ');
}
