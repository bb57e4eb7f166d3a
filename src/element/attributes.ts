/** What the element's attributes and options mean for the parts that it is made of. */
import type { ImageKey, VmConfig } from '../core/vm-api.ts';
import { VM_OPTIONS } from './options.ts';
import { parseTerminalSize, terminalLook } from './theme.ts';
import type { View } from './toolbar.ts';

/** The terminal's look and sizes, from the element's attributes and CSS custom properties. */
export function terminalSettings(element: Element) {
  const style = getComputedStyle(element);
  const count = (name: string, fallback: number): number => {
    const value = Number.parseInt(element.getAttribute(name) ?? '', 10);
    return value >= 0 ? value : fallback;
  };
  return {
    look: terminalLook((name) => style.getPropertyValue(name)),
    scrollback: count('scrollback', 5000),
    minColumns: count('min-columns', 80),
    fixedSize: parseTerminalSize(element.getAttribute('terminal-size')),
    minRows: count('min-rows', 24),
  };
}

/** What is looked at first. A kernel that is told to use the serial port is looked at there. */
export function likelyView({ kernel, append, nographic }: Partial<VmConfig>): View {
  const serial = kernel !== undefined && /\bconsole=ttyS/.test(append ?? '');
  return nographic || serial ? 'serial' : 'screen';
}

export function absoluteUrl(url: string): string {
  return new URL(url, document.baseURI).href;
}

/** Makes image URLs absolute against the document, as `src` attributes are. */
export function resolveImages(config: VmConfig): VmConfig {
  const resolved = { ...config };
  for (const { key, kind } of VM_OPTIONS) {
    if (kind !== 'image') continue;
    const imageKey = key as ImageKey;
    const source = config[imageKey];
    const isWord = key === 'bios' && (source === 'none' || source === 'default');
    if (typeof source === 'string' && !isWord) resolved[imageKey] = absoluteUrl(source);
  }
  if (config.drives) {
    resolved.drives = config.drives.map(({ file, ...drive }) => ({
      ...drive,
      ...(file !== undefined && { file: typeof file === 'string' ? absoluteUrl(file) : file }),
    }));
  }
  return resolved;
}
