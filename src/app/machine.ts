import { VmError } from '../core/errors.ts';
import { MEDIA, type ImageKey, type VmConfig } from '../core/vm-api.ts';
import { isLocalImage, VM_OPTIONS } from '../element/options.ts';
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
  /** What is looked at first; absent: what the options make likely. */
  view?: 'screen' | 'serial';
  /** Its guest mounts shared folders: it gets one for what is dropped on the page. */
  shares?: boolean;
  /** Its name among the machines that this browser keeps. */
  kept?: string;
  /** How many of its disks it keeps. */
  keptDisks?: number;
}

/**
 * What the user picked; it stands before everything else, and lives only as long as the page. Of drives and files of fw_cfg all are here where one of
 * them is a file.
 */
export type PickedFiles = Partial<Record<ImageKey, File>> &
  Partial<Pick<VmConfig, 'drives' | 'fwCfg' | 'folders'>>;

/** The options of a listed machine before anyone changes them. */
export function ownOptions(entry: CatalogEntry | undefined): Partial<VmConfig> {
  if (!entry) return {};
  const { arch, machine, memory, kernel, initrd, append, drives, devices } = entry;
  const bios = entry.firmware === 'none' ? 'none' : undefined;
  const media = Object.fromEntries(MEDIA.map((key) => [key, entry[key]]));
  const all = { arch, machine, memory, bios, kernel, initrd, ...media, drives, devices, append };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** JSON whose keys have an order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

const same = (a: unknown, b: unknown): boolean => a === b || canonical(a) === canonical(b);

/** The options worth naming in an address: those that differ from the listed machine's own and from the defaults. */
export function differingOptions(
  options: Partial<VmConfig>,
  ownOfMachine: Partial<VmConfig>,
): Partial<VmConfig> {
  const own: Partial<VmConfig> = { tier: 'auto', append: '', ...ownOfMachine };
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => !same(value, own[key as keyof VmConfig])),
  );
}

/** Takes what no address can name out of a configuration. */
function splitFiles(config: VmConfig): { files: PickedFiles; options: Partial<VmConfig> } {
  const files: Record<string, unknown> = {};
  const options: Record<string, unknown> = { ...config };
  const take = (key: keyof VmConfig): void => {
    files[key] = config[key];
    delete options[key];
  };
  for (const { key, kind } of VM_OPTIONS)
    if (kind === 'image' && isLocalImage(config[key as ImageKey])) take(key);
  for (const key of ['drives', 'fwCfg'] as const)
    if (config[key]?.some(({ file }) => isLocalImage(file))) take(key);
  if (config.folders) take('folders');
  return { files, options };
}

/** What an option is where nobody gives it, for those whose absence no address can say of a listed machine. */
const DEFAULTS: Partial<VmConfig> = {
  memory: 128,
  append: '',
  noReboot: false,
  nographic: false,
  tier: 'auto',
};

/**
 * Where a machine is to be found again: its address, and the files that no address names.
 * @param base the machine that it was made from: `machine`, `mine`
 * @param own the options of that machine before anyone changed them
 * @param firmware what `-bios default` means for that machine, where it means something of its own
 * @throws VmError bad-config if a kept machine is to be without something of its own
 */
export function addressOf(
  config: VmConfig,
  base: Pick<Address, 'machine' | 'mine'>,
  own: Partial<VmConfig>,
  firmware?: string,
): { address: Address; files: PickedFiles } {
  const { files, options } = splitFiles(config);
  const gone: string[] = [];
  for (const key of Object.keys(own) as (keyof VmConfig)[]) {
    // A board that is not named is the architecture's usual one, which is all there is.
    if (config[key] !== undefined || own[key] === undefined || key === 'machine') continue;
    if (key in DEFAULTS) Object.assign(options, { [key]: DEFAULTS[key] });
    else gone.push(VM_OPTIONS.find((option) => option.key === key)?.flag ?? key);
  }
  const stays = gone.length === 0 && (own.arch === undefined || own.arch === config.arch);
  if (!stays && base.mine) {
    throw new VmError(
      'bad-config',
      `A machine that is kept stays what it was made as: it cannot be without ${gone.join(', ') || 'its architecture'}.`,
    );
  }
  if (!stays || (!base.machine && !base.mine)) {
    const bios =
      options.bios === undefined && files.bios === undefined && config.arch === own.arch
        ? firmware
        : undefined;
    return { address: { options: { ...differingOptions(options, {}), ...(bios && { bios }) } }, files };
  }
  const differing = differingOptions(options, own);
  // What belongs to the machine's own kernel is not taken for another one's, unless it is named.
  if (!same(config.kernel, own.kernel)) {
    if (options.initrd !== undefined) differing.initrd = options.initrd;
    if (options.bios !== undefined) differing.bios = options.bios;
  }
  return { address: { ...base, options: differing }, files };
}

/**
 * Puts a machine together. A machine made of options alone gets the firmware that the site has for its architecture, and
 * the architecture that the page has most of, when it names none.
 * @param defaults addresses of the default firmware, by architecture
 * @param deviceMemory GiB of the device's memory, as the browser rounds it: a listed machine takes half of it at most, unless more is asked for
 */
export function resolveMachine(
  address: Address,
  files: PickedFiles,
  entries: readonly CatalogEntry[],
  defaults: Readonly<Record<string, string>> = {},
  deviceMemory = Number.POSITIVE_INFINITY,
): Machine | null {
  const entry = entries.find(({ name }) => name === address.machine);
  if (address.machine && !entry) return null;
  // Disks are a PC's.
  const arch = MEDIA.some((key) => files[key] ?? address.options[key]) ? 'x86_64' : 'riscv64';
  const config = { arch, ...ownOptions(entry), ...address.options, ...files } as VmConfig;
  if (entry?.memory !== undefined && address.options.memory === undefined)
    config.memory = Math.min(entry.memory, Math.max(64, deviceMemory * 512));
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
    ...(entry?.view && !ownKernel && { view: entry.view }),
    // Whole systems have 9p among their modules.
    ...(entry?.group === 'system' && !ownKernel && { shares: true }),
  };
}

/** The tag of the folder that a machine is given for files that are dropped. */
export const SHARED_TAG = 'shared';

/** What is booted: the machine, with a folder for what is dropped. That is the page's own: no option, and not in its address. */
export const bootConfig = ({ config, shares }: Machine): VmConfig =>
  shares && !config.folders ? { ...config, folders: [{ tag: SHARED_TAG, files: {} }] } : config;
