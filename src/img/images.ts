/** Images of commands: opened with the messages that qemu-img gives. */
import { deflateRawSync } from 'node:zlib';
import type { BlockNode, BlockResult } from '../block/block-node.ts';
import { ThrottleGroup, ThrottleNode } from '../block/filter/throttle-node.ts';
import type { Compressor } from '../block/format/codecs.ts';
import { FORMATS, type FormatName } from '../block/format/probe.ts';
import { Qcow2Node } from '../block/format/qcow2/qcow2-node.ts';
import { isFormat, type OpenedImage, type OpenOptions } from '../block/open.ts';
import { CommandError } from './arguments.ts';
import { openHostImage, sameFile } from './host-image.ts';

/** As in QEMU. */
const ZSTD_LEVEL = 3;

/** Node's own zlib, since its window can be made as small as QEMU's decoder has it. */
export const COMPRESSOR: Compressor = {
  deflate: (bytes) => deflateRawSync(bytes, { windowBits: 12, level: 9 }),
  zstd: null,
};

/** Makes the compressor for Zstandard ready, which Node has in newer versions only. */
export async function loadZstd(): Promise<void> {
  if (COMPRESSOR.zstd) return;
  const { init, compress } = await import('@bokuweb/zstd-wasm');
  await init();
  COMPRESSOR.zstd = (bytes) => compress(bytes, ZSTD_LEVEL);
}

/** A disk that is read at most so fast (`-r`). @param rate bytes a second; null: as fast as it can be */
export const atRate = (node: BlockNode, rate: number | null): BlockNode =>
  rate === null ? node : new ThrottleNode(node, new ThrottleGroup({ 'bps-total': rate }));

/** The value of a result. @throws CommandError with its failure */
export async function must<T>(result: BlockResult<T> | Promise<BlockResult<T>>, what?: string): Promise<T> {
  const got = await result;
  if (got.ok) return got.value;
  throw new CommandError(what === undefined ? got.error.message : `${what}: ${got.error.message}`);
}

/** Changes an image, which is closed in any case: a failure leaves nothing that was begun, as the mark of counts that are out of date. */
export async function change(node: BlockNode, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    await node.close();
    throw error;
  }
  await must(node.close());
}

/** @throws CommandError for an unknown format */
export function formatNamed(name: string): FormatName {
  if (isFormat(name)) return name;
  throw new CommandError(`Unknown driver '${name}': choose ${FORMATS.join(', ')}`);
}

export interface Wanted extends Omit<OpenOptions, 'format' | 'compressor'> {
  format?: string | undefined;
}

export function openImage(path: string, { format, ...options }: Wanted): Promise<OpenedImage> {
  const result = openHostImage(path, {
    compressor: COMPRESSOR,
    ...options,
    ...(format !== undefined && { format: formatNamed(format) }),
  });
  return must(result, `Could not open '${path}'`);
}

/** @throws CommandError for images of other formats */
export function qcow2Of({ node, format }: OpenedImage, what: string): Qcow2Node {
  if (node instanceof Qcow2Node) return node;
  throw new CommandError(`${what} is not supported for images of format ${format}: only for qcow2`);
}

/**
 * Refuses to write to a file that an image reads from: it, or what backs it.
 * @throws CommandError
 */
export function keepApart(target: string, path: string, { chain }: OpenedImage): void {
  const found = [path, ...chain.map(({ name }) => name)].find((name) => sameFile(name, target));
  if (found === undefined) return;
  const whose = found === path ? `is the image ${path} itself` : `backs ${path}`;
  throw new CommandError(`'${target}' ${whose}: it cannot be written over while it is read`);
}
