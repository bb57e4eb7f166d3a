/** `-boot`: from which devices firmware starts a system, in which order. Spelled as in QEMU. */
import { VmError } from '../../core/errors.ts';

/** Floppy, hard disk, CD-ROM, network. */
const DRIVES = 'acdn';
const WAIT_MAX = 0xffff;

export interface BootOptions {
  /** Letters of devices, the first three of which a PC knows: a floppy, c hard disk, d CD-ROM, n network. */
  order: string;
  /** The order of the first start only. */
  once?: string;
  /** Firmware waits for a key that opens its menu. */
  menu: boolean;
  /** How long it waits, ms. */
  splashTime?: number;
  /** Time after which a machine that found nothing to boot starts again, ms; -1: never. */
  rebootTimeout?: number;
}

export const DEFAULT_BOOT: BootOptions = { order: 'cad', menu: false };

function drives(text: string): string {
  const wrong = [...text].find((letter) => !DRIVES.includes(letter));
  if (wrong !== undefined || text === '' || new Set(text).size !== text.length) {
    throw bad(
      `-boot: "${text}" is no order of drives. Write each of a (floppy), c (hard disk), d (CD-ROM), n (network) at most once, such as order=dc.`,
    );
  }
  return text;
}

function number(key: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < min || value > max)
    throw bad(`-boot: ${key}=${text} must be a whole number from ${min} to ${max}.`);
  return value;
}

const bad = (message: string): VmError => new VmError('bad-config', message);

/**
 * Reads `order=dc,once=d,menu=on`, or an order alone.
 * @throws VmError bad-config
 */
export function parseBootOptions(text: string | undefined): BootOptions {
  const options: BootOptions = { ...DEFAULT_BOOT };
  if (text === undefined) return options;
  for (const [i, part] of text.split(',').entries()) {
    const at = part.indexOf('=');
    const [key, value] = at < 0 && i === 0 ? ['order', part] : [part.slice(0, at), part.slice(at + 1)];
    if (key === 'order') options.order = drives(value);
    else if (key === 'once') options.once = drives(value);
    else if (key === 'menu' && /^(on|off)$/.test(value)) options.menu = value === 'on';
    else if (key === 'splash-time') options.splashTime = number(key, value, 0, WAIT_MAX);
    else if (key === 'reboot-timeout') options.rebootTimeout = number(key, value, -1, WAIT_MAX);
    else if (key !== 'strict' || value !== 'off')
      throw bad(
        `-boot: "${part}" is unknown. There are order=, once=, menu=on|off, splash-time= and reboot-timeout=.`,
      );
  }
  return options;
}
