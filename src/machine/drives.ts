/** A machine's drives: where they are, as the options say, and the images in them, opened. */
import type { BlockNode } from '../block/block-node.ts';
import type { ErrorPolicy } from '../block/filter/error-policy-node.ts';
import { FORMATS } from '../block/format/probe.ts';
import { isFormat } from '../block/open.ts';
import { VmError } from '../core/errors.ts';
import type { DriveConfig, DriveState, ImageSource, Medium, VmConfig } from '../core/vm-api.ts';
import { type Geometry, guessGeometry } from '../hw/ide/geometry.ts';
import type { ImageContext } from './image-context.ts';
import { type DriveInterface, type ImagePlan, openImage, throttleGroups } from './disk-image.ts';
import { openStored } from './stored-disk.ts';

/** A drive as the options ask for it, checked. */
export interface DrivePlan extends ImagePlan {
  /** As in QEMU: `ide0-hd0`, `ide1-cd0`, `floppy0`. */
  name: string;
  /** Place among the drives of its interface. */
  index: number;
  file: ImageSource | null;
  /** Of a virtio disk: what a device calls it by; null: it is a device by itself (if=virtio). */
  id?: string | null;
  /** The stored disk that keeps its writes. */
  persist?: string;
  /** Where the configuration has it. */
  option?: DriveState['option'] & {};
  /** What happens when a request fails. */
  errors: ErrorPolicy;
}

/** A drive with its image, if there is one in it. */
export interface Drive extends DrivePlan {
  node: BlockNode | null;
  /** Of a disk. */
  geometry: Geometry;
}

const PLACES: Readonly<Record<DriveInterface, number>> = { ide: 4, floppy: 2, pflash: 2, virtio: 32 };
/** Where a CD-ROM goes, and where one is even if nobody asks: the second channel's master. */
const CDROM_INDEX = 2;
const SECTOR = 512;
const REPORT: ErrorPolicy = { read: 'report', write: 'report' };

const SHORT: readonly [Medium, DriveConfig][] = [
  ['hda', { index: 0 }],
  ['hdb', { index: 1 }],
  ['hdc', { index: 2 }],
  ['hdd', { index: 3 }],
  ['cdrom', { index: CDROM_INDEX, media: 'cdrom' }],
  ['fda', { interface: 'floppy', index: 0 }],
  ['fdb', { interface: 'floppy', index: 1 }],
];

const bad = (message: string): VmError => new VmError('bad-config', message);

const KEYS: ReadonlySet<string> = new Set<keyof DriveConfig>([
  'file',
  'interface',
  'index',
  'media',
  'format',
  'backing',
  'discard',
  'filters',
  'networkTimeout',
  'readOnly',
  'snapshot',
  'preload',
  'id',
  'persist',
  'werror',
  'rerror',
]);

/** The drives that a configuration names, in the words of its options. */
function requested(
  config: VmConfig,
): { option: string; drive: DriveConfig; from: DriveState['option'] & {} }[] {
  const drives: ReturnType<typeof requested> = [];
  for (const [key, drive] of SHORT) {
    const file = config[key];
    if (file !== undefined) drives.push({ option: `-${key}`, drive: { ...drive, file }, from: key });
  }
  for (const [from, drive] of (config.drives ?? []).entries()) drives.push({ option: '-drive', drive, from });
  return drives;
}

/**
 * Gives every drive its place.
 * @param interfaces what the board has
 * @throws VmError bad-config
 */
export function planDrives(
  config: VmConfig,
  interfaces: readonly DriveInterface[],
  board: string,
): DrivePlan[] {
  const plans: DrivePlan[] = [];
  const wanted = requested(config);
  const taken = (at: DriveInterface, index: number): boolean =>
    plans.some((plan) => plan.interface === at && plan.index === index);
  // Drives that say where they go come first, so that the others find what is left.
  wanted.sort((a, b) => Number(a.drive.index === undefined) - Number(b.drive.index === undefined));
  for (const { option, drive, from } of wanted) {
    for (const key of Object.keys(drive))
      if (!KEYS.has(key)) throw bad(`${option}: there is no property "${key}".`);
    const { id = null } = drive;
    if (drive.interface === 'none' && !config.devices?.some(({ properties }) => properties?.['drive'] === id))
      continue;
    const at = drive.interface === 'none' ? 'virtio' : (drive.interface ?? interfaces[0] ?? 'ide');
    if (!Object.hasOwn(PLACES, at))
      throw bad(`${option}: if=${at} is not built yet; choose ide, floppy, pflash, virtio or none.`);
    if (!interfaces.includes(at)) throw bad(`${option}: ${board} has no ${at} drives.`);
    if (drive.format !== undefined && !isFormat(drive.format)) {
      throw bad(`${option}: format=${String(drive.format)} is not known; choose ${FORMATS.join(', ')}.`);
    }
    const media = drive.media ?? 'disk';
    if (media !== 'disk' && media !== 'cdrom')
      throw bad(`${option}: media=${String(media)}: choose disk or cdrom.`);
    if (at !== 'ide' && at !== 'virtio' && media === 'cdrom')
      throw bad(`${option}: if=${at} takes no CD-ROM.`);
    const index = drive.index ?? freePlace(at, media, taken);
    if (!Number.isInteger(index) || index < 0 || index >= PLACES[at]) {
      throw bad(
        `${option}: there is no place for ${at} drive ${index}: there are ${PLACES[at]}, counted from 0.`,
      );
    }
    if (taken(at, index))
      throw bad(`${option}: there is a drive at ${at} place ${index} already; give another index.`);
    if (drive.networkTimeout !== undefined && !(drive.networkTimeout >= 0))
      throw bad(`${option}: network-timeout=${String(drive.networkTimeout)} is no number of seconds.`);
    const file = drive.file ?? null;
    const { persist } = drive;
    if (file === null && at !== 'floppy' && media === 'disk' && persist === undefined)
      throw bad(`${option}: a disk needs an image (file=).`);
    if (persist !== undefined && (media === 'cdrom' || drive.snapshot !== undefined || drive.preload))
      throw bad(`${option}: persist= keeps a disk's writes; leave out media=cdrom, snapshot= and preload=.`);
    const errors = errorPolicy(drive, option);
    plans.push({
      name: driveName(at, index, media),
      interface: at,
      index,
      media,
      file,
      readOnly: media === 'cdrom' || (drive.readOnly ?? false),
      snapshot: drive.snapshot ?? true,
      errors,
      option: from,
      ...(persist !== undefined && { persist }),
      ...(drive.format && { format: drive.format }),
      ...(drive.backing && { backing: drive.backing }),
      ...(drive.discard && { discard: drive.discard }),
      ...(drive.preload && { preload: true }),
      ...(drive.filters && { filters: drive.filters }),
      ...(drive.networkTimeout !== undefined && { networkTimeout: drive.networkTimeout }),
      ...(at === 'virtio' && { id: drive.interface === 'none' ? id : null }),
    });
  }
  if (taken('pflash', 1) && !taken('pflash', 0))
    throw bad(
      '-drive: flash memory (if=pflash) of unit 1 lies below that of unit 0, which is missing: give it too.',
    );
  for (const at of interfaces) {
    const index = at === 'ide' ? CDROM_INDEX : 0;
    if (at === 'pflash' || at === 'virtio' || taken(at, index)) continue;
    const media = at === 'ide' ? 'cdrom' : 'disk';
    const name = driveName(at, index, media);
    plans.push({
      name,
      interface: at,
      index,
      media,
      file: null,
      readOnly: at === 'ide',
      snapshot: true,
      errors: REPORT,
    });
  }
  return plans;
}

function errorPolicy({ werror = 'enospc', rerror = 'report' }: DriveConfig, option: string): ErrorPolicy {
  for (const [name, value, choices] of [
    ['werror', werror, ['report', 'ignore', 'stop', 'enospc']],
    ['rerror', rerror, ['report', 'ignore', 'stop']],
  ] as const) {
    if (!(choices as readonly string[]).includes(value))
      throw bad(`${option}: ${name}=${value}: choose ${choices.join(', ')}.`);
  }
  return { read: rerror, write: werror };
}

function freePlace(
  at: DriveInterface,
  media: string,
  taken: (at: DriveInterface, index: number) => boolean,
): number {
  if (media === 'cdrom' && !taken(at, CDROM_INDEX)) return CDROM_INDEX;
  for (let index = 0; index < PLACES[at]; index++) if (!taken(at, index)) return index;
  throw bad(`-drive: all ${PLACES[at]} places for ${at} drives are taken.`);
}

function driveName(at: DriveInterface, index: number, media: 'disk' | 'cdrom'): string {
  if (at !== 'ide') return `${at}${index}`;
  return `ide${index >> 1}-${media === 'cdrom' ? 'cd' : 'hd'}${index & 1}`;
}

/** Opens the images of all drives; if one cannot be opened, none stays open. @throws VmError as `openImage` */
export async function openDrives(plans: readonly DrivePlan[], context: ImageContext = {}): Promise<Drive[]> {
  const groups = throttleGroups(plans);
  const opened = await Promise.allSettled(
    plans.map(async (plan) => {
      const node = await openDrive({ ...plan, groups }, context);
      const first = plan.media === 'disk' && node ? await node.read(0, SECTOR) : null;
      const geometry = guessGeometry(Math.floor((node?.size ?? 0) / SECTOR), first?.ok ? first.value : null);
      return { ...plan, node, geometry };
    }),
  );
  const drives = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = opened.find((result) => result.status === 'rejected');
  if (!failed) return drives;
  await closeDrives(drives);
  throw failed.reason;
}

async function openDrive(plan: DrivePlan, context: ImageContext): Promise<BlockNode | null> {
  const { file, name, persist } = plan;
  if (persist !== undefined) return openStored(persist, file, plan, name, context);
  return file === null ? null : openImage(file, plan, name, context);
}

export async function closeDrives(drives: readonly Drive[]): Promise<void> {
  await Promise.all(drives.map(({ node }) => node?.close()));
}
