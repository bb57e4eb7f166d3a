/** Records of stored disks moved as they are: from one disk to another one, and from the upper layer to the lower one. */
import { type BlockNode, type BlockResult, DONE } from '../block-node.ts';
import type { ExportOptions } from '../tools/export.ts';
import { cancelled, isZero } from '../tools/copy.ts';
import { layeredStatus } from '../tools/layers.ts';
import { type DiskFile, type Layer, LOWER, RECORD, type RecordChange, UPPER } from './disk-file.ts';
import { DATA, NONE, type RecordState, ZERO } from './record-map.ts';

/** Records that are moved in one transaction: 4 MiB. */
const AT_ONCE = 64;
/** States without records that are. */
const STATES_AT_ONCE = 65536;

/** What `change` makes of all that a layer of `from` has goes into `to`, a transaction for each few megabytes. */
async function moveLayer(
  from: DiskFile,
  layer: Layer,
  to: DiskFile,
  change: (index: number, state: RecordState, bytes: Uint8Array | null) => RecordChange[],
  options: ExportOptions,
  step: { done: number; total: number },
): Promise<BlockResult> {
  // The map changes on the way.
  const states = [...from.maps[layer].entries()];
  for (let at = 0; at < states.length; ) {
    if (options.signal?.aborted) return cancelled();
    options.progress?.(step.done, step.total);
    const [first, state] = states[at];
    const most = state === DATA ? AT_ONCE : STATES_AT_ONCE;
    let count = 1;
    while (count < most && states[at + count]?.[0] === first + count && states[at + count][1] === state)
      count++;
    const bytes = state === DATA ? await from.read(layer, first, count) : null;
    if (bytes && !bytes.ok) return bytes;
    const changes: RecordChange[] = [];
    for (let i = 0; i < count; i++) {
      const record = bytes?.value[i] ?? null;
      changes.push(...change(first + i, state, record));
    }
    const done = await to.commit(changes, { join: true });
    if (!done.ok) return done;
    at += count;
    if (bytes) step.done += count * RECORD;
  }
  return DONE;
}

const storedBytes = (file: DiskFile): number => (file.maps[LOWER].count + file.maps[UPPER].count) * RECORD;

/** Copies both layers into a disk that has nothing. */
export async function copyLayers(from: DiskFile, to: DiskFile, options: ExportOptions): Promise<BlockResult> {
  const step = { done: 0, total: storedBytes(from) };
  for (const layer of [LOWER, UPPER] as const) {
    const copied = await moveLayer(
      from,
      layer,
      to,
      (index, state, bytes) => [{ layer, index, state, ...(bytes && { bytes }) }],
      options,
      step,
    );
    if (!copied.ok) return copied;
  }
  options.progress?.(step.total, step.total);
  return DONE;
}

/**
 * Makes one layer of both, and copies what still shows of the base into it: from then on the disk needs no base. The disk shows the same
 * after each transaction, so that it may end anywhere; until it has been done again to the end the header says `folding`.
 */
export async function foldLayers(
  file: DiskFile,
  base: BlockNode | null,
  options: ExportOptions,
): Promise<BlockResult> {
  if (options.signal?.aborted) return cancelled();
  const begun = file.header.folding
    ? DONE
    : await file.commit([], { header: { ...file.header, folding: true } });
  if (!begun.ok) return begun;
  const shown = base ? Math.min(file.header.shown, base.size) : 0;
  const step = { done: 0, total: file.maps[UPPER].count * RECORD + shown };
  const folded = await moveLayer(
    file,
    UPPER,
    file,
    (index, state, bytes) => [
      bytes
        ? { layer: LOWER, index, state, bytes }
        : { layer: LOWER, index, state: index * RECORD < shown ? ZERO : NONE },
      { layer: UPPER, index, state: NONE },
    ],
    options,
    step,
  );
  if (!folded.ok) return folded;
  for (let at = 0; base && at < shown; ) {
    if (options.signal?.aborted) return cancelled();
    const before = step.total - shown;
    options.progress?.(before + at, step.total);
    const found = await layeredStatus(base, at, shown - at);
    if (!found.ok) return found;
    const { zero } = found.value;
    let end = at + found.value.length;
    if (zero && (end === shown || found.value.length >= RECORD)) {
      at = end === shown ? end : Math.floor(end / RECORD) * RECORD;
      continue;
    }
    end = Math.min(shown, Math.ceil(end / RECORD) * RECORD, at + AT_ONCE * RECORD);
    const copied = await copyFromBase(file, base, at, end);
    if (!copied.ok) return copied;
    at = end;
  }
  const { folding, ...header } = file.header;
  const done = await file.commit([], { header: { ...header, base: null, shown: 0 } });
  options.progress?.(step.total, step.total);
  return done;
}

/** Records of the base that the lower layer does not have, from byte `at` to before `end`. */
async function copyFromBase(file: DiskFile, base: BlockNode, at: number, end: number): Promise<BlockResult> {
  const changes: RecordChange[] = [];
  const missing = (index: number): boolean => file.maps[LOWER].get(index) === NONE;
  for (let first = at / RECORD; first * RECORD < end; ) {
    let next = first + 1;
    if (missing(first)) {
      while (next * RECORD < end && missing(next)) next++;
      const bytes = await base.read(first * RECORD, Math.min(next * RECORD, end) - first * RECORD);
      if (!bytes.ok) return bytes;
      for (let index = first; index < next; index++) {
        const part = bytes.value.subarray((index - first) * RECORD, (index + 1 - first) * RECORD);
        if (isZero(part)) continue;
        const record = new Uint8Array(RECORD);
        record.set(part);
        changes.push({ layer: LOWER, index, state: DATA, bytes: record });
      }
    }
    first = next;
  }
  return changes.length > 0 ? file.commit(changes, { join: true }) : DONE;
}
