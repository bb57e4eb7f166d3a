/** The page's address: `?machine=NAME` with options spelled as QEMU's, such as `&m=512&append=quiet`; `?mine=ID` for a machine that this browser keeps. */
import { VmError } from '../core/errors.ts';
import {
  type DeviceConfig,
  type DriveConfig,
  type ImageSource,
  MEDIA,
  type VmConfig,
} from '../core/vm-api.ts';
import { driveWords } from '../element/drive-text.ts';
import { configFromText, deviceWords, isLocalImage, VM_OPTIONS } from '../element/options.ts';

/** Options that make a machine by themselves. */
const STARTERS = ['arch', 'kernel', 'bios', ...MEDIA] as const;

/** What the address asks for: the list, or a machine. */
export interface Address {
  /** Name of a machine of the list; absent for one made of options alone. */
  machine?: string;
  /** Id of a machine that this browser keeps. */
  mine?: string;
  /** Options that differ from the machine's own. */
  options: Partial<VmConfig>;
}

/**
 * Reads the query part of an address; null means the list of machines. Anyone can write an address: it names no disk that
 * this browser keeps. Those come with the machine that the person made (`withDisks`).
 * @throws VmError `bad-config`
 */
export function parseAddress(search: string): Address | null {
  const params = new URLSearchParams(search);
  const options = configFromText(
    (option) => params.get(option.param),
    (option) => `Option “${option.param}” in the address`,
  );
  if (options.drives?.some(({ persist }) => persist !== undefined)) {
    throw new VmError(
      'bad-config',
      'Option “drive” in the address: an address opens no disk that this browser keeps (persist=). Make a machine that keeps its disk, on the list of machines.',
    );
  }
  const machine = params.get('machine')?.trim() || undefined;
  const mine = params.get('mine')?.trim() || undefined;
  if (mine) return { mine, options };
  if (!machine && !STARTERS.some((key) => options[key] !== undefined)) return null;
  return machine ? { machine, options } : { options };
}

/** Writes an address; files from the user's disk have none and are left out. */
export function formatAddress({ machine, mine, options }: Address): string {
  const params = new URLSearchParams();
  if (mine) params.set('mine', mine);
  else if (machine) params.set('machine', machine);
  for (const { key, param, kind } of VM_OPTIONS) {
    const value = options[key];
    if (value === undefined || (kind === 'image' && isLocalImage(value as ImageSource))) continue;
    const words =
      kind === 'devices'
        ? deviceWords(value as DeviceConfig[])
        : kind === 'drives'
          ? driveWords(value as DriveConfig[])
          : [String(value)];
    if (words.length > 0) params.set(param, words.join(' '));
  }
  // Slashes and colons may stand in a query as they are, and image addresses are easier to read so.
  return `?${params.toString().replaceAll('%2F', '/').replaceAll('%3A', ':')}`;
}
