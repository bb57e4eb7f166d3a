/** Drives whose writes the browser keeps (`persist`): a stored disk over the drive's image, or by itself. */
import type { BlockNode, BlockResult } from '../block/block-node.ts';
import { failure, success } from '../block/block-node.ts';
import { OverlayNode } from '../block/filter/overlay-node.ts';
import {
  type DiskBase,
  type DiskInfo,
  Disks,
  type ExportOptions,
  type OpenedBase,
} from '../block/store/disks.ts';
import { VmError } from '../core/errors.ts';
import type { ImageSource, VmErrorCode } from '../core/vm-api.ts';
import { type ImagePlan, openBase, withFilters } from './disk-image.ts';
import { type ImageContext, type OverlaidDisk, pageAddress } from './image-context.ts';

let disks: Disks | undefined;

/** The disks of this site, with what they were made over. */
export const storedDisks = (): Disks => (disks ??= new Disks({ openBase: openBaseImage }));

/** Opens a base without the drive that it was given to: only one with an address can be. */
async function openBaseImage(base: DiskBase, signal?: AbortSignal): Promise<BlockResult<OpenedBase>> {
  if (base.url === null) {
    const advice = 'start the machine with that file to go on with it';
    return failure('io', `the disk was made over the file ${base.name}, which only you have: ${advice}`);
  }
  try {
    return success(await openBase(base.url, basePlan(base), base.name, signal && { signal }));
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    return failure('io', error.message);
  }
}

/**
 * Makes a disk over an image that has an address.
 * @param capacity bytes; 0, or less than the image has: as large as the image
 */
export async function createOver(
  name: string,
  url: string,
  capacity: number,
): Promise<BlockResult<DiskInfo>> {
  let base: OpenedBase;
  try {
    base = await openBase(url, basePlan({}), name);
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    return failure('io', error.message);
  }
  const made = await makeOver(storedDisks(), name, url, base, basePlan({}), capacity);
  await base.node.close();
  return made;
}

const basePlan = ({ format }: Pick<DiskBase, 'format'>): ImagePlan => ({
  interface: 'virtio',
  media: 'disk',
  readOnly: true,
  snapshot: true,
  ...(format !== undefined && { format: format as NonNullable<ImagePlan['format']> }),
});

/**
 * Opens the stored disk of a drive. The first time it is made over the drive's image.
 * @param name of the disk, or its id
 * @param file null: there must be such a disk
 * @throws VmError disk-in-use, not-found, bad-image or bad-config
 */
export async function openStored(
  name: string,
  file: ImageSource | null,
  plan: ImagePlan,
  what: string,
  context: ImageContext = {},
): Promise<BlockNode> {
  const disks = storedDisks();
  const fail = (error: { kind: string; message: string }): never => {
    const code: VmErrorCode = error.kind === 'busy' ? 'disk-in-use' : 'bad-image';
    throw new VmError(code, `The stored disk of ${what} cannot be used: ${error.message}.`);
  };
  const take = <T>(result: BlockResult<T>): T => (result.ok ? result.value : fail(result.error));
  const found = take(await disks.findDisk(name));
  if (!found && file === null) {
    throw new VmError(
      'not-found',
      `There is no stored disk "${name}" in this browser for ${what}: make or import it first, or give an image (file=) to make it over.`,
    );
  }
  // A disk that has all its data itself goes without the drive's image.
  const base = file !== null && (!found || found.base) ? await openBase(file, plan, what, context) : null;
  const made = found ? success(found) : await makeOver(disks, name, file!, base!, plan);
  if (!made.ok) await base?.node.close();
  const { id } = take(made);
  const node = take(
    await disks.openDisk(id, { readOnly: plan.readOnly, signal: context.signal, ...(base && { base }) }),
  );
  // The disk works without it.
  keepStorage().catch(() => {});
  return withFilters(node, plan, what);
}

/**
 * Has a disk whose writes are in memory go on as a stored one, while the guest uses it: over the same image where that has an address, else with a copy of it.
 * Cancelled or failed, it goes on in memory, and nothing is stored.
 * @param name that no stored disk has
 * @returns the disk, and an image that it does without, or null: that is to be closed when nothing reads it any more
 * @throws VmError not-found, unsupported, bad-config
 */
export async function keepOverlaid(
  { place, overlay, image, format, chosenBacking, identity }: OverlaidDisk,
  name: string,
  options: ExportOptions = {},
): Promise<{ info: DiskInfo; left: BlockNode | null }> {
  const take = <T>(result: BlockResult<T>): T => {
    if (result.ok) return result.value;
    throw new VmError('unsupported', `The disk cannot be kept: ${result.error.message}.`);
  };
  const { base: below } = overlay;
  const size = Math.ceil(below.size / SECTOR) * SECTOR;
  const named = typeof image === 'string' && !chosenBacking;
  const whole = below.size === size ? below : new OverlayNode(below, { size, readOnly: true });
  let info: DiskInfo | undefined;
  const moved = await place.move(async () => {
    const base = named ? baseOf(image, size, await identity(), format) : null;
    const begun = await storedDisks().beginDisk({ name, capacity: overlay.size, base }, whole, options);
    if (!begun.ok) return begun;
    const { node: target, keep: settle, drop } = begun.value;
    info = begun.value.info;
    return success({ target, settle, drop, pieces: () => overlay.ownPieces() });
  }, options);
  take(moved);
  keepStorage().catch(() => {});
  return { info: info!, left: named ? null : below };
}

const SECTOR = 512;

/** How a stored disk remembers the image that it was made over. */
function baseOf(file: ImageSource, size: number, identity: string, format: string | undefined): DiskBase {
  const url = typeof file === 'string' ? new URL(file, pageAddress()).href : null;
  const name =
    url?.split(/[?#]/)[0].split('/').at(-1) ?? (file instanceof File ? file.name : 'an image in memory');
  return { url, name, size, identity, ...(format && { format }) };
}

function makeOver(
  disks: Disks,
  name: string,
  file: ImageSource,
  { node, identity }: OpenedBase,
  { format }: ImagePlan,
  capacity = 0,
): Promise<BlockResult<DiskInfo>> {
  const base = baseOf(file, node.size, identity, format);
  return disks.createDisk({ name, capacity: Math.max(capacity, node.size), base });
}

/** Asks the browser to keep what this site stores when the computer runs out of room. Some browsers ask the person. */
async function keepStorage(): Promise<void> {
  // Only pages may ask.
  const storage: (StorageManager & { persist?(): Promise<boolean> }) | undefined =
    globalThis.navigator?.storage;
  if (storage?.persist && !(await storage.persisted())) await storage.persist();
}
