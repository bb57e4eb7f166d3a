/** What the element's attributes and options mean for the parts that it is made of. */
import type { ImageKey, Vm, VmConfig } from '../core/vm-api.ts';
import type { Following } from './followed-size.ts';
import { VM_OPTIONS } from './options.ts';
import { parseTerminalSize, terminalLook } from './theme.ts';
import type { View } from './screen-switch.ts';
import { TOUCH_MODES, type TouchMode } from './machine-input.ts';

/** The terminal's look and sizes, from the element's attributes and CSS custom properties. */
export function terminalSettings(element: Element) {
  const style = getComputedStyle(element);
  const count = (name: string, fallback: number): number => {
    const value = Number.parseInt(element.getAttribute(name) ?? '', 10);
    return value >= 0 ? value : fallback;
  };
  return {
    look: terminalLook((name) => style.getPropertyValue(name), isLight(element)),
    scrollback: count('scrollback', 5000),
    minColumns: count('min-columns', 80),
    fixedSize: parseTerminalSize(element.getAttribute('terminal-size')),
    minRows: count('min-rows', 24),
    spoken: element.hasAttribute('screen-reader'),
  };
}

/** What is looked at first. A kernel that is told to use the serial port is looked at there. */
export function likelyView({ kernel, append, nographic }: Partial<VmConfig>): View {
  const serial = kernel !== undefined && /\bconsole=ttyS/.test(append ?? '');
  return nographic || serial ? 'serial' : 'screen';
}

function absoluteUrl(url: string): string {
  return new URL(url, document.baseURI).href;
}

/** What `bios="default"` means, and where the core and the worker lie. */
export function bootOptions(element: Element): {
  firmware: string | undefined;
  options: { assets?: string };
} {
  const firmware = element.getAttribute('firmware');
  const assets = element.getAttribute('assets');
  return {
    firmware: firmware ? absoluteUrl(firmware) : undefined,
    // A folder, with or without its slash.
    options: assets ? { assets: absoluteUrl(assets.replace(/\/?$/, '/')) } : {},
  };
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

/** Whether the element is to be light: its attribute `theme` says so, or leaves it to the system. */
export function isLight(element: Element): boolean {
  const theme = element.getAttribute('theme');
  return theme === 'light' || (theme === 'auto' && matchMedia('(prefers-color-scheme: light)').matches);
}

/** A zoom as a factor or in per cent; null for anything else, and for what no picture needs. */
export function parseZoom(text: string | null): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(%)?\s*$/.exec(text ?? '');
  const zoom = match ? Number(match[1]) / (match[2] ? 100 : 1) : 0;
  return zoom >= 0.1 && zoom <= 16 ? zoom : null;
}

/** What `follow-size` says: present it means CSS pixels, but for the one word. */
export function followingOf(text: string | null): Following | null {
  if (text === null) return null;
  return text === 'device' ? 'device' : 'css';
}

export function touchModeOf(element: Element): TouchMode {
  const mode = element.getAttribute('touch');
  return TOUCH_MODES.find((known) => known === mode) ?? 'auto';
}

/** The number of one of the machine's screens; null where none is named. */
export function consoleOf(element: Element): number | null {
  const text = element.getAttribute('console');
  return text !== null && /^\d{1,2}$/.test(text) ? Number(text) : null;
}

/** Shows the one of a machine's screens that the attribute names. */
export function chooseConsole(element: Element, vm: Vm | null): void {
  const number = consoleOf(element);
  if (vm?.screen && number !== null) vm.screen.console = number;
}
