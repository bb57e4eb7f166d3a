/** A drive's image, opened: where its bytes are, its format with all that backs it, and where writes go. */
import { type BlockNode, type BlockResult, failure, success } from '../block/block-node.ts';
import { BlkdebugNode } from '../block/filter/blkdebug-node.ts';
import { CachedNode } from '../block/filter/cached-node.ts';
import { CopyOnReadNode } from '../block/filter/copy-on-read-node.ts';
import { MirrorNode } from '../block/filter/mirror-node.ts';
import { OverlayNode } from '../block/filter/overlay-node.ts';
import { ThrottleGroup, ThrottleNode } from '../block/filter/throttle-node.ts';
import { type ImageFile, openImageFile } from '../block/open.ts';
import { BlobNode } from '../block/protocol/blob-node.ts';
import { HttpNode, probeHttp } from '../block/protocol/http-node.ts';
import { MemoryNode } from '../block/protocol/memory-node.ts';
import { isZero } from '../block/tools/copy.ts';
import { isManifest, MANIFEST_PROBE_BYTES, sha256Hex } from '../block/stream/manifest.ts';
import type { OpenedBase } from '../block/store/disks.ts';
import { openChunked } from '../block/stream/open-chunked.ts';
import { VmError } from '../core/errors.ts';
import type { BlockFilter, DriveConfig, ImageSource } from '../core/vm-api.ts';
import { copyShared } from '../memory/copy.ts';
import { floppyBytes, floppyGeometry } from '../hw/floppy/floppy-geometry.ts';
import { loadImage } from './boot/image-source.ts';
import { cacheKey, type ImageContext, pageAddress } from './image-context.ts';
import type { StreamedNode } from './stream-watch.ts';

export type DriveInterface = 'ide' | 'floppy' | 'pflash' | 'virtio';

/** What a drive wants of its image. */
export interface ImagePlan
  extends Pick<DriveConfig, 'format' | 'backing' | 'discard' | 'filters' | 'preload' | 'networkTimeout'> {
  interface: DriveInterface;
  media: 'disk' | 'cdrom';
  readOnly: boolean;
  snapshot: boolean;
  /** Of the machine's throttles. Absent: the drive is alone. */
  groups?: ThrottleGroups;
}

const THROTTLES = /^(iops|bps)-(total|read|write)$/;
const SECTOR = 512;
const CD_SECTOR = 2048;
/** Bytes that are looked at together for zeros. */
const SPARSE = 64 << 10;

const bad = (message: string): VmError => new VmError('bad-config', message);

/** A drive's image as what a stored disk is made over: only to be read. @throws VmError not-found, bad-image or bad-config */
export async function openBase(
  file: ImageSource,
  plan: ImagePlan,
  what: string,
  context: ImageContext = {},
): Promise<OpenedBase> {
  const reading = { ...plan, readOnly: true, snapshot: true };
  const source = await openFile(file, reading, what, context);
  const below: BlockNode[] = [];
  let node: BlockNode = source;
  try {
    node = await openAbove(source, file, reading, what, { ...context, backed: (file) => below.push(file) });
    return { node, identity: await identityOf([source, ...below], what) };
  } catch (error) {
    await node.close();
    throw error;
  }
}

/** Tells the bytes of an image's files from others'. @throws VmError not-found */
async function identityOf(files: readonly BlockNode[], what: string): Promise<string> {
  const parts: string[] = [];
  for (const file of files) parts.push(`${file.size} ${file.identity ?? (await contentHash(file, what))}`);
  return parts.join(' / ');
}

/** Hashed at once, bytes: digests take no stream. */
const HASH_PIECE = 16 << 20;
/** What is hashed of a file that is not in memory: its first and last bytes, and samples that lie evenly between. */
const HASH_ENDS = 1 << 20;
const HASH_SAMPLE = 64 << 10;
const HASH_SAMPLES = 128;

/** Of all that is in memory, else of samples. */
async function contentHash(node: BlockNode, what: string): Promise<string> {
  const { size } = node;
  const digests: string[] = [];
  const add = async (offset: number, length: number): Promise<void> => {
    const part = await node.read(offset, Math.min(length, size - offset));
    if (!part.ok)
      throw new VmError('not-found', `The image of ${what} cannot be read: ${part.error.message}.`);
    digests.push(await sha256Hex(copyShared(part.value)));
  };
  if (node instanceof MemoryNode || size <= 2 * HASH_ENDS + HASH_SAMPLES * HASH_SAMPLE) {
    for (let at = 0; at < size; at += HASH_PIECE) await add(at, HASH_PIECE);
  } else {
    await add(0, HASH_ENDS);
    const step = (size - 2 * HASH_ENDS) / HASH_SAMPLES;
    for (let i = 0; i < HASH_SAMPLES; i++) await add(Math.floor(HASH_ENDS + i * step), HASH_SAMPLE);
    await add(size - HASH_ENDS, HASH_ENDS);
  }
  return sha256Hex(new TextEncoder().encode(digests.join(' ')));
}

/**
 * Opens an image.
 * @param what how to call it in messages
 * @throws VmError not-found, bad-image or bad-config
 */
export async function openImage(
  file: ImageSource,
  plan: ImagePlan,
  what: string,
  context: ImageContext = {},
): Promise<BlockNode> {
  const source = await openFile(file, plan, what, context);
  const files = [source];
  const disk = await openAbove(source, file, plan, what, { ...context, backed: (file) => files.push(file) });
  return withFilters(
    movable(disk, () => identityOf(files, what), file, plan, what, context),
    plan,
    what,
  );
}

/** A disk whose writes stay in memory, in a place that a stored one can take. */
function movable(
  disk: BlockNode,
  identity: () => Promise<string>,
  image: ImageSource,
  { interface: at, media, format, backing }: ImagePlan,
  what: string,
  { overlaid }: ImageContext,
): BlockNode {
  const kept = (at === 'ide' || at === 'virtio') && media === 'disk';
  if (!overlaid || !kept || disk.readOnly || !(disk instanceof OverlayNode)) return disk;
  const place = new MirrorNode(disk);
  const chosenBacking = backing !== undefined;
  overlaid(what, { place, overlay: disk, image, chosenBacking, identity, ...(format && { format }) });
  return place;
}

/** A drive's node below its filters. @throws VmError bad-config */
export function withFilters(node: BlockNode, plan: ImagePlan, what: string): BlockNode {
  const { filters = [] } = plan;
  const groups = plan.groups ?? throttleGroups([{ name: what, filters }]);
  return filters.reduceRight((below, filter) => filtered(below, filter, groups, what), node);
}

/** The groups of a machine's throttles, by name. */
export type ThrottleGroups = ReadonlyMap<string, ThrottleGroup>;

/** @throws VmError bad-config for a limit that there is none like */
export function throttleGroups(
  plans: readonly (Pick<DriveConfig, 'filters'> & { name: string })[],
): ThrottleGroups {
  const groups = new Map<string, ThrottleGroup>();
  for (const { name: what, filters } of plans) {
    for (const filter of filters ?? []) {
      if (filter.driver !== 'throttle') continue;
      for (const [name, limit] of Object.entries(filter.limits))
        if (!THROTTLES.test(name) || !(limit >= 0)) throw bad(`${what}: there is no limit ${name}=${limit}.`);
      if (filter.group !== undefined) groups.set(filter.group, new ThrottleGroup(filter.limits));
    }
  }
  return groups;
}

function filtered(node: BlockNode, filter: BlockFilter, groups: ThrottleGroups, what: string): BlockNode {
  switch (filter.driver) {
    case 'copy-on-read':
      return new CopyOnReadNode(node);
    case 'throttle':
      return new ThrottleNode(node, groups.get(filter.group ?? '') ?? new ThrottleGroup(filter.limits));
    case 'blkdebug':
      return new BlkdebugNode(node, filter);
    default:
      throw bad(`${what}: there is no filter ${String((filter as BlockFilter).driver)}.`);
  }
}

/** The bytes that an image is in. */
async function openFile(
  file: ImageSource,
  plan: ImagePlan,
  what: string,
  context: ImageContext = {},
): Promise<BlockNode> {
  const writeThrough = !plan.readOnly && !plan.snapshot;
  const { networkTimeout } = plan;
  const how = {
    writable: writeThrough,
    giveUpMs: networkTimeout === undefined ? undefined : networkTimeout * 1000,
  };
  const found = plan.preload
    ? await preloaded(file, writeThrough, what, context)
    : await openSource(file, how, what, context);
  // A format that is given is that of the file itself.
  const source = plan.format ? found : await followManifest(file, found, what, how, context);
  if (source.size === 0) {
    await source.close();
    throw new VmError('bad-image', `The image of ${what} is empty: choose another one.`);
  }
  return source;
}

/** The disk that the bytes of `source` are. */
async function openAbove(
  source: BlockNode,
  file: ImageSource,
  plan: ImagePlan,
  what: string,
  context: ImageContext = {},
): Promise<BlockNode> {
  const disk = await openFormat(file, source, plan, what, context);
  const node = context.record?.(what, disk) ?? disk;
  try {
    return whole(node, plan, !plan.readOnly && !plan.snapshot, what);
  } catch (error) {
    await node.close();
    throw error;
  }
}

/** The image as a drive has it, in whole sectors, with an overlay if the guest writes and the image stays as it is. @throws VmError bad-image */
function whole(node: BlockNode, plan: ImagePlan, writeThrough: boolean, what: string): BlockNode {
  const { readOnly, media, interface: at } = plan;
  // The last sector, of a floppy the last track, is whole even if the image is not: what is missing are zeros.
  const unit = media === 'cdrom' ? CD_SECTOR : SECTOR;
  const floppy = at === 'floppy' ? floppyGeometry(node.size) : null;
  if (at === 'floppy' && !floppy) {
    throw new VmError(
      'bad-image',
      `The image of ${what} is ${node.size} bytes long, more than any floppy has.`,
    );
  }
  const size = floppy ? floppyBytes(floppy) : Math.ceil(node.size / unit) * unit;
  if (writeThrough && size === node.size) return node;
  if (writeThrough) {
    throw new VmError(
      'bad-image',
      `The image of ${what} is ${node.size} bytes long, which is no multiple of 512: it cannot be written to.`,
    );
  }
  if (readOnly && size === node.size) return node;
  return new OverlayNode(node, { size, readOnly });
}

async function openFormat(
  source: ImageSource,
  node: BlockNode,
  { format, backing, discard, readOnly, snapshot, preload }: ImagePlan,
  what: string,
  context: ImageContext = {},
): Promise<BlockNode> {
  const first = await node.read(0, 1);
  if (!first.ok) {
    await node.close();
    throw new VmError('not-found', `The image of ${what} cannot be read: ${first.error.message}.`);
  }
  const opened = await openImageFile(imageFile(source, node, backing ?? null, 0, context), {
    readOnly: readOnly || snapshot,
    ...(format && { format }),
    ...(discard && { discard }),
  });
  if (!opened.ok)
    throw new VmError('bad-image', `The image of ${what} cannot be used: ${opened.error.message}.`);
  const grows = !readOnly && !snapshot && opened.value.format !== 'raw';
  if (source instanceof Uint8Array && grows && !preload) {
    await opened.value.node.close();
    throw bad(
      `${what}: an image in memory that may grow cannot be written to; leave out snapshot=off, or give preload=on.`,
    );
  }
  return opened.value.node;
}

/**
 * An image's file as the block layer opens it. Its backing file is the one that the configuration gives; for a URL without one, a file beside it.
 * @param depth of the file in its chain
 */
function imageFile(
  source: ImageSource,
  node: BlockNode,
  given: readonly ImageSource[] | null,
  depth: number,
  context: ImageContext = {},
): ImageFile {
  const name = typeof source === 'string' ? source : 'the image';
  // The same bytes or file may be in a chain twice, which a name cannot tell.
  const id = typeof source === 'string' ? new URL(source, pageAddress()).href : `${name} ${depth}`;
  return {
    node,
    id,
    name,
    backing: async (wanted): Promise<BlockResult<ImageFile>> => {
      const next = given ? (given[depth] ?? null) : besides(source, wanted);
      if (next === null) {
        const where = given
          ? 'it was not given'
          : 'it is not to be had: put it beside the image, or give both';
        return failure('io', where);
      }
      try {
        // What is told of a drive is how the image at the top comes.
        const { streamed: _, ...quiet } = context;
        const file = await openSource(next, {}, wanted, quiet);
        const below = await followManifest(next, file, wanted, {}, quiet);
        context.backed?.(below);
        return success(imageFile(next, below, given, depth + 1, context));
      } catch (error) {
        if (!(error instanceof VmError)) throw error;
        return failure('io', error.message);
      }
    },
  };
}

/** A file that an image from the network names: only in the image's own folder, or below it. */
function besides(source: ImageSource, name: string): string | null {
  if (typeof source !== 'string') return null;
  try {
    const image = new URL(source, pageAddress());
    const file = new URL(name, image);
    return file.href.startsWith(new URL('.', image).href) ? file.href : null;
  } catch {
    return null;
  }
}

/** How a file is got at. */
interface Access {
  writable?: boolean;
  /** How long a read waits for a network that is down, ms. Default: for ever. */
  giveUpMs?: number | undefined;
}

/** The image that is published in chunks, if `node` is its manifest, else the node itself. */
async function followManifest(
  file: ImageSource,
  node: BlockNode,
  what: string,
  { writable = false, giveUpMs }: Access,
  context: ImageContext,
): Promise<BlockNode> {
  const { cache } = context;
  const head = await node.read(0, Math.min(node.size, MANIFEST_PROBE_BYTES));
  if (!head.ok || !isManifest(head.value)) return node;
  try {
    if (typeof file !== 'string') {
      const advice = 'give its address instead of the file, since its chunks lie beside it';
      throw new VmError('bad-image', `The image of ${what} is the manifest of a published one: ${advice}.`);
    }
    if (writable) throw bad(`${what}: a published image takes no writes; leave out snapshot=off.`);
    const opened = await openChunked(node, {
      url: new URL(file, pageAddress()).href,
      store: cache,
      giveUpMs,
    });
    if (!opened.ok)
      throw new VmError('bad-image', `The image of ${what} cannot be used: ${opened.error.message}.`);
    const key = cacheKey(file);
    if (key !== null) cache?.put(key, opened.value.text.slice());
    streaming(opened.value.node, what, context);
    return opened.value.node;
  } finally {
    await node.close();
  }
}

/** An image comes over the network: reads of it end with the machine, however long they would wait. */
function streaming(node: BlockNode & StreamedNode, what: string, { signal, streamed }: ImageContext): void {
  if (signal?.aborted) void node.close();
  signal?.addEventListener('abort', () => void node.close(), { once: true });
  streamed?.(what, node);
}

/** All of a file, in memory of its own. */
async function preloaded(
  file: ImageSource,
  writable: boolean,
  what: string,
  context: ImageContext,
): Promise<BlockNode> {
  const bytes = await wholeFile(file, what, context);
  // What the caller gave, and what the cache may yet have to write, is not the guest's.
  return new MemoryNode(writable ? sparseCopy(bytes) : bytes, { readOnly: !writable });
}

/** A copy in which zeros cost no memory before something is written to them. */
function sparseCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += SPARSE) {
    const piece = bytes.subarray(at, at + SPARSE);
    if (!isZero(piece)) copy.set(piece, at);
  }
  return copy;
}

const wholeFile = (file: ImageSource, what: string, context: ImageContext): Promise<Uint8Array> =>
  loadImage(file, { what: `image of ${what}`, onProgress() {}, ...context });

async function openSource(
  file: ImageSource,
  { writable = false, giveUpMs }: Access,
  what: string,
  context: ImageContext,
): Promise<BlockNode> {
  if (file instanceof Uint8Array) return new MemoryNode(file, { readOnly: !writable });
  if (typeof file !== 'string') {
    if (writable) throw bad(`${what}: a chosen file takes no writes; leave out snapshot=off.`);
    return new CachedNode(new BlobNode(file));
  }
  const { signal, cache } = context;
  const probe = await probeHttp(file, signal);
  if ('problem' in probe && probe.unreachable && cache) {
    const key = cacheKey(file);
    const kept = key === null ? null : await cache.get(key);
    if (kept) return new MemoryNode(kept, { readOnly: true });
  }
  if ('problem' in probe)
    throw new VmError('not-found', `The image of ${what} cannot be had: ${probe.problem}.`);
  if (probe.ranges) {
    const node = new HttpNode({ url: file, ...probe, writable, giveUpMs });
    if (!writable) streaming(node, what, context);
    return new CachedNode(node);
  }
  if (writable) throw bad(`${what}: the server of ${file} takes no writes; leave out snapshot=off.`);
  // A server without ranges gives all or nothing.
  return new MemoryNode(await wholeFile(file, what, context), { readOnly: true });
}
