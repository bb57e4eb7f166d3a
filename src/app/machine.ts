import { MEDIA, type Medium, type VmConfig } from '../core/vm-api.ts';
import type { Address } from './address.ts';
import type { CatalogEntry } from './catalog.ts';

/** A machine as the page boots it: what the list says, what the address changes, and files from the user's disk. */
export interface Machine {
  title: string;
  config: VmConfig;
  /** Address of the board's default firmware, where this site has one. */
  firmware?: string;
  /** The only terminal size that the guest draws for. */
  terminal?: string;
  /** Its name among the machines that this browser keeps. */
  kept?: string;
}

/** Files that the user picked; they stand before everything else, and live only as long as the page. */
export type PickedFiles = Partial<Record<'kernel' | 'initrd' | 'bios' | Medium, File>>;

/** The options of a listed machine before anyone changes them. */
export function ownOptions(entry: CatalogEntry | undefined): Partial<VmConfig> {
  if (!entry) return {};
  const { arch, machine, memory, kernel, initrd, append, drives, devices } = entry;
  const bios = entry.firmware === 'none' ? 'none' : undefined;
  const media = Object.fromEntries(MEDIA.map((key) => [key, entry[key]]));
  const all = { arch, machine, memory, bios, kernel, initrd, ...media, drives, devices, append };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The options worth naming in an address: those that differ from the listed machine's own and from the defaults. */
export function differingOptions(
  options: Partial<VmConfig>,
  ownOfMachine: Partial<VmConfig>,
): Partial<VmConfig> {
  const own: Partial<VmConfig> = { tier: 'auto', append: '', ...ownOfMachine };
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => value !== own[key as keyof VmConfig]),
  );
}

/**
 * Puts a machine together. A machine made of options alone gets the firmware that the site has for its architecture, and
 * the architecture that the page has most of, when it names none.
 * @param defaults addresses of the default firmware, by architecture
 */
export function resolveMachine(
  address: Address,
  files: PickedFiles,
  entries: readonly CatalogEntry[],
  defaults: Readonly<Record<string, string>> = {},
): Machine | null {
  const entry = entries.find(({ name }) => name === address.machine);
  if (address.machine && !entry) return null;
  // Disks are a PC's.
  const arch = MEDIA.some((key) => files[key] ?? address.options[key]) ? 'x86_64' : 'riscv64';
  const config = { arch, ...ownOptions(entry), ...address.options, ...files } as VmConfig;
  // An initrd belongs to its kernel: another kernel does not inherit it. A kernel of one's own wants firmware.
  const ownKernel = config.kernel !== entry?.kernel;
  if (ownKernel && !files.initrd && !address.options.initrd) delete config.initrd;
  if (ownKernel && !files.bios && !address.options.bios) delete config.bios;
  const firmware = entry?.firmware && entry.firmware !== 'none' ? entry.firmware : defaults[config.arch];
  const medium = MEDIA.map((key) => files[key]).find((file) => file !== undefined);
  const title = entry?.title ?? (files.kernel?.name || medium?.name || `${config.arch} machine`);
  return {
    title,
    config,
    ...(firmware && { firmware }),
    ...(entry?.terminal && !ownKernel && { terminal: entry.terminal }),
  };
}
