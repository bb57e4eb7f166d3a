/**
 * A disk that the browser stores: copy-on-write over a base that is only read, or a file of its own. Writes are held in memory and go to
 * the store together, in one lasting transaction: when the guest flushes, when there are many, or a moment after the first. What the
 * store has after a crash is therefore the disk as it was after some write, no earlier than the last flush that ended.
 */
import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  type Eventually,
  failure,
  outside,
  refused,
  success,
} from '../block-node.ts';
import { request, type Steps, take } from '../request.ts';
import {
  ALL_HALVES,
  type DiskFile,
  type DiskHeader,
  type Layer,
  JOIN,
  LOWER,
  RECORD,
  type RecordChange,
  UPPER,
} from '../store/disk-file.ts';
import { CACHED_RECORDS, RecordCache } from './record-cache.ts';
import { DATA, NONE, PAGE_RECORDS, type RecordState, ZERO } from '../store/record-map.ts';

/** Records that wait in memory before they are stored unasked: 16 MiB; and before writes have to wait: 64 MiB. */
const STORE_FROM = 256;
const WAIT_FROM = 1024;
/** How long a write may wait for a flush, ms. */
const STORE_AFTER_MS = 1000;
/** How long after a failure it is tried again unasked, ms. */
const TRY_AGAIN_MS = 5000;
/** Records that are made zeros in one transaction, and that a look at their status goes through at once. */
const CLEARED_AT_ONCE = 65536;
const LOOKED_AT = 16384;
/** Records that lie ahead where a guest reads on and on, at most: 8 MiB. Where they are joined, and it has read as many, they are read at once. */
const AHEAD = 128;
/** Records around one that are read with it where they are joined: 512 KiB cost little more than 64. */
const AROUND = 8;

/** A record that differs from what is stored. */
interface Dirty {
  /** Null: zeros. */
  bytes: Uint8Array | null;
  halves: number;
}

export interface IndexedDbNodeOptions {
  file: DiskFile;
  /** What the header's base is: its disk. */
  backing?: BlockNode | null;
  readOnly?: boolean;
  /** Where writes go. Default: the upper layer. */
  layer?: Layer;
  /** Called when the disk has another size, before that is said. */
  resized?: (size: number) => Promise<unknown>;
  /** Called when the node is closed, last. */
  closed?: () => void;
}

export class IndexedDbNode implements BlockNode {
  readonly readOnly: boolean;
  readonly backing: BlockNode | null;
  private readonly file: DiskFile;
  private readonly layer: Layer;
  private readonly whenResized: ((size: number) => Promise<unknown>) | undefined;
  private readonly whenClosed: () => void;
  private length: number;
  private shown: number;
  /** Records that differ from the store's, by index. */
  private dirty = new Map<number, Dirty>();
  /** Those that are on their way to it. */
  private batch: ReadonlyMap<number, Dirty> = new Map();
  /** Those of `dirty` that have bytes. */
  private held = 0;
  private readonly cache = new RecordCache();
  private readonly pending = new Map<number, Promise<BlockResult>>();
  private committing: Promise<BlockResult> | null = null;
  private next: Promise<BlockResult> | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Where a guest goes on that reads one thing after the other. */
  private readEnd = -1;
  private readRun = 0;
  /** What was to be stored last could not be: all of it is in memory still. */
  private failing = false;
  private closed = false;

  constructor({
    file,
    backing = null,
    readOnly = false,
    layer = UPPER,
    resized,
    closed,
  }: IndexedDbNodeOptions) {
    this.file = file;
    this.backing = backing;
    this.readOnly = readOnly;
    this.layer = layer;
    this.whenResized = resized;
    this.whenClosed = closed ?? (() => {});
    this.length = file.header.size;
    this.shown = backing ? Math.min(file.header.shown, backing.size) : 0;
  }

  get size(): number {
    return this.length;
  }

  /** Bytes that are not stored yet. */
  get unsaved(): number {
    return (this.dirty.size + this.batch.size) * RECORD;
  }

  /** A record's bytes, if they are in memory; null: zeros; undefined: they are not. */
  private known(index: number): Uint8Array | null | undefined {
    const changed = this.dirty.get(index) ?? this.batch.get(index);
    if (changed) return changed.bytes;
    return this.cache.get(index) ?? (this.stored(index) === ZERO ? null : undefined);
  }

  /** The state of a record that is neither changed nor cached; NONE: the base shows. */
  private stored(index: number): RecordState {
    const state = this.file.maps[UPPER].get(index) || this.file.maps[LOWER].get(index);
    return state === NONE && index * RECORD >= this.shown ? ZERO : state;
  }

  private untouched(index: number): boolean {
    return !this.dirty.has(index) && !this.batch.has(index) && this.stored(index) === NONE;
  }

  read(offset: number, length: number): Eventually<BlockResult<Uint8Array>> {
    if (this.closed) return isClosed();
    const wrong = outside(this.length, offset, length);
    if (wrong) return wrong;
    if (length === 0) return success(new Uint8Array());
    const first = Math.floor(offset / RECORD);
    const last = Math.floor((offset + length - 1) / RECORD);
    let below = offset + length <= this.shown;
    for (let index = first; below && index <= last; index++) below = this.untouched(index);
    if (below) return this.backing!.read(offset, length);
    if (first === last) {
      const record = this.known(first);
      if (record) {
        this.readOn(offset, length, last);
        return success(record.subarray(offset - first * RECORD, offset - first * RECORD + length));
      }
    }
    return request(this.readSteps(offset, length));
  }

  private *readSteps(offset: number, length: number): Steps<Uint8Array> {
    // The cache has to hold what is put together.
    const most = (CACHED_RECORDS / 4) * RECORD;
    let bytes: Uint8Array | null = null;
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const count = Math.min(length - done, most - (at % RECORD));
      const last = Math.floor((at + count - 1) / RECORD);
      yield* this.present(Math.floor(at / RECORD), last);
      this.readOn(at, count, last);
      const together = count === length ? this.together(offset, length) : null;
      if (together) return together;
      bytes ??= new Uint8Array(length);
      for (let end = at + count, from = at; from < end; ) {
        const index = Math.floor(from / RECORD);
        const to = Math.min((index + 1) * RECORD, end);
        const record = this.known(index);
        if (record) bytes.set(record.subarray(from - index * RECORD, to - index * RECORD), from - offset);
        from = to;
      }
      done += count;
    }
    return bytes!;
  }

  /** Bytes that lie in one buffer in their order; null: not all of them do. */
  private together(offset: number, length: number): Uint8Array | null {
    const first = Math.floor(offset / RECORD);
    const from = this.known(first);
    if (!from) return null;
    for (let index = first + 1; index * RECORD < offset + length; index++) {
      const record = this.known(index);
      if (record?.buffer !== from.buffer || record.byteOffset !== from.byteOffset + (index - first) * RECORD)
        return null;
    }
    return new Uint8Array(from.buffer, from.byteOffset + (offset % RECORD), length);
  }

  /** Waits until all records from `first` to `last` are in memory. */
  private *present(first: number, last: number): Steps<void> {
    for (;;) {
      this.fetchMissing(first, last);
      const waits = new Set<Promise<BlockResult>>();
      for (let index = first; index <= last; index++) {
        const pending = this.known(index) === undefined ? this.pending.get(index) : undefined;
        if (pending) waits.add(pending);
      }
      if (waits.size === 0) return;
      for (const wait of waits) yield* take(wait);
    }
  }

  /** Asks for the records that are neither in memory nor asked for, those that come from one place together. */
  private fetchMissing(first: number, last: number): void {
    for (let index = first; index <= last; ) {
      const from = this.placeToFetch(index);
      let end = index + 1;
      while (from !== null && end <= last && this.placeToFetch(end) === from) end++;
      if (from !== null) {
        const begin = this.edge(from, index, -1);
        this.fetch(from, begin, this.edge(from, end - 1, 1) + 1 - begin);
      }
      index = end;
    }
  }

  private placeToFetch(index: number): Layer | 'base' | null {
    if (this.pending.has(index) || this.known(index) !== undefined) return null;
    for (const layer of [UPPER, LOWER] as const) if (this.file.maps[layer].get(index) === DATA) return layer;
    return 'base';
  }

  /** The last record in a direction from one that is to be fetched that comes with it. */
  private edge(from: Layer | 'base', index: number, step: 1 | -1): number {
    const group = Math.floor(index / AROUND);
    const comes = (at: number): boolean =>
      from !== 'base' &&
      Math.floor(at / AROUND) === group &&
      this.file.joined(from, at) &&
      this.placeToFetch(at) === from;
    if (from !== 'base' && this.file.joined(from, index)) while (comes(index + step)) index += step;
    return index;
  }

  private fetch(from: Layer | 'base', first: number, count: number): void {
    const answer = from === 'base' ? this.readBase(first, count) : this.file.read(from, first, count);
    const fetched: Promise<BlockResult> = Promise.resolve(answer).then((result) => {
      for (let i = 0; i < count; i++) {
        // A record that was stored anew meanwhile is not waited for any more, and what came is out of date.
        if (this.pending.get(first + i) !== fetched) continue;
        this.pending.delete(first + i);
        if (result.ok) this.cache.set(first + i, result.value[i]);
      }
      return result.ok ? DONE : result;
    });
    for (let i = 0; i < count; i++) this.pending.set(first + i, fetched);
  }

  /** Copies of the base's records; behind its end there are zeros. */
  private async readBase(first: number, count: number): Promise<BlockResult<Uint8Array[]>> {
    const at = first * RECORD;
    const result = await this.backing!.read(at, Math.min(count * RECORD, this.shown - at));
    if (!result.ok) return result;
    const records: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const record = new Uint8Array(RECORD);
      record.set(result.value.subarray(i * RECORD, (i + 1) * RECORD));
      records.push(record);
    }
    return success(records);
  }

  /** Fetches ahead for a guest that reads on. */
  private readOn(offset: number, length: number, last: number): void {
    const goesOn = offset === this.readEnd;
    this.readEnd = offset + length;
    this.readRun = goesOn ? this.readRun + length : length;
    if (!goesOn) return;
    const final = Math.ceil(this.length / RECORD) - 1;
    // Many at once, now and then.
    const far = Math.min(last + Math.min(AHEAD, Math.ceil(this.readRun / RECORD)), final);
    const wanted = this.placeToFetch(far);
    if (wanted === null || wanted === 'base') return;
    const many = this.readRun >= AHEAD * RECORD && this.file.joined(wanted, far);
    const together = many ? AHEAD : JOIN;
    const end = Math.min(far - (far % together) + together - 1, final);
    let first = far;
    while (first > last + 1 && this.placeToFetch(first - 1) === wanted) first--;
    let stop = far;
    while (stop < end && this.placeToFetch(stop + 1) === wanted) stop++;
    this.fetch(wanted, first, stop - first + 1);
  }

  write(offset: number, bytes: Uint8Array): Eventually<BlockResult> {
    if (this.closed) return isClosed();
    const wrong = refused(this, offset, bytes.length);
    if (wrong) return wrong;
    if (bytes.length === 0) return DONE;
    const source = { bytes };
    const result = request(this.writeSteps(offset, source)) as Eventually<BlockResult>;
    // The caller may use its buffer again.
    if (result instanceof Promise) source.bytes = bytes.slice();
    return result;
  }

  private *writeSteps(offset: number, source: { bytes: Uint8Array }): Steps<null> {
    const { length } = source.bytes;
    yield* this.room(offset, length);
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const index = Math.floor(at / RECORD);
      const start = index * RECORD;
      const to = Math.min(start + RECORD, end);
      const whole = at === start && (to === start + RECORD || to === this.length);
      if (!whole) yield* this.present(index, index);
      const from = at - start;
      const record = this.changed(index, halvesOf(from, to - start), whole);
      record.set(source.bytes.subarray(at - offset, to - offset), from);
      this.soon();
      at = to;
    }
    return null;
  }

  /** Waits while too much is in memory. */
  private *room(offset: number, length: number): Steps<void> {
    let more = false;
    for (let index = Math.floor(offset / RECORD); index * RECORD < offset + length && !more; index++)
      more = !this.dirty.get(index)?.bytes;
    while (more && this.held + this.batch.size >= WAIT_FROM)
      yield* take(this.committing ?? this.commit(true));
  }

  /** A record's own bytes, to be changed, and stored `soon` after that. @param whole all of them will be */
  private changed(index: number, halves: number, whole: boolean): Uint8Array {
    const before = this.dirty.get(index);
    if (before?.bytes) {
      before.halves |= halves;
      return before.bytes;
    }
    let bytes = (whole ? null : this.known(index)) ?? new Uint8Array(RECORD);
    // Its neighbours would stay in memory with it, and whoever was given what lies there sees it as it was.
    if (bytes.buffer.byteLength > RECORD) bytes = bytes.slice();
    this.cache.delete(index);
    this.pending.delete(index);
    this.dirty.set(index, {
      bytes,
      halves: before || this.batch.get(index)?.bytes === null ? ALL_HALVES : halves,
    });
    this.held++;
    return bytes;
  }

  /** What is changed now gets stored, if only after a while. */
  private soon(): void {
    if (this.held >= STORE_FROM && !this.committing && !this.failing) void this.commit(true);
    else this.timer ??= setTimeout(() => void this.store(true), this.failing ? TRY_AGAIN_MS : STORE_AFTER_MS);
  }

  /** The store has the disk's size as it is. */
  private get sized(): boolean {
    const { size, shown } = this.file.header;
    return size === this.length && (shown === this.shown || !this.backing);
  }

  /** Stores all that differs. Only while nothing is on its way. @param join the page is not about to be closed, and there is much */
  private commit(join = false): Promise<BlockResult> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const batch = this.dirty;
    this.dirty = new Map();
    this.held = 0;
    this.batch = batch;
    for (const index of batch.keys()) this.pending.delete(index);
    const { header } = this.file;
    const next: DiskHeader = this.sized ? header : { ...header, size: this.length, shown: this.shown };
    const committing = this.file.commit(this.changes(batch), { header: next, join }).then((result) => {
      this.committing = null;
      this.batch = new Map();
      for (const [index, record] of batch) {
        const newer = this.dirty.get(index);
        if (result.ok) {
          if (record.bytes && !newer) this.cache.set(index, record.bytes);
        } else if (newer) {
          newer.halves |= record.halves;
        } else {
          this.dirty.set(index, record);
          if (record.bytes) this.held++;
        }
      }
      this.failing = !result.ok;
      if (this.dirty.size > 0) this.soon();
      return result;
    });
    this.committing = committing;
    return committing;
  }

  private *changes(batch: ReadonlyMap<number, Dirty>): Generator<RecordChange> {
    const { layer } = this;
    for (const [index, { bytes, halves }] of batch) {
      if (bytes) yield { layer, index, state: DATA, bytes, halves };
      else yield { layer, index, state: this.hides(index) ? ZERO : NONE };
    }
  }

  /** Something would show if the layer had nothing of a record. */
  private hides(index: number): boolean {
    return index * RECORD < this.shown || (this.layer === UPPER && this.file.maps[LOWER].get(index) !== NONE);
  }

  flush(): Eventually<BlockResult> {
    if (this.closed) return isClosed();
    // The page may be about to be closed.
    return this.store(false);
  }

  private store(join: boolean): Eventually<BlockResult> {
    if (!this.committing) return this.dirty.size === 0 ? DONE : this.commit(join);
    // What was written since goes to the store next, for all who wait.
    this.next ??= this.committing.then(() => {
      this.next = null;
      return this.committing ?? (this.dirty.size > 0 ? this.commit() : DONE);
    });
    return this.next;
  }

  discard(offset: number, length: number): Eventually<BlockResult> {
    if (this.closed) return isClosed();
    const wrong = refused(this, offset, length);
    if (wrong) return wrong;
    const first = Math.ceil(offset / RECORD);
    const end =
      offset + length === this.length
        ? Math.ceil(this.length / RECORD)
        : Math.floor((offset + length) / RECORD);
    return request(this.clear(first, end)) as Eventually<BlockResult>;
  }

  writeZeroes(offset: number, length: number): Eventually<BlockResult> {
    if (this.closed) return isClosed();
    const wrong = refused(this, offset, length);
    if (wrong) return wrong;
    return request(this.zeroSteps(offset, offset + length)) as Eventually<BlockResult>;
  }

  private *zeroSteps(offset: number, end: number): Steps<null> {
    const first = Math.ceil(offset / RECORD);
    const last = end === this.length ? Math.ceil(end / RECORD) : Math.floor(end / RECORD);
    if (first > last) {
      yield* this.clearPart(offset, end);
      return null;
    }
    yield* this.clearPart(offset, Math.min(first * RECORD, end));
    yield* this.clear(first, last);
    yield* this.clearPart(Math.max(last * RECORD, offset), end);
    return null;
  }

  /** Zeros within a record. */
  private *clearPart(offset: number, end: number): Steps<void> {
    if (offset >= end) return;
    const index = Math.floor(offset / RECORD);
    yield* this.present(index, index);
    if (this.known(index) === null) return;
    yield* this.room(offset, end - offset);
    yield* this.present(index, index);
    const from = offset - index * RECORD;
    const to = end - index * RECORD;
    this.changed(index, halvesOf(from, to), false).fill(0, from, to);
    this.soon();
  }

  /** Zeros in the place of whole records. */
  private *clear(first: number, end: number): Steps<null> {
    const changed = end - first < PAGE_RECORDS ? null : this.changedPages();
    for (let index = first; index < end; index++) {
      // A guest may discard terabytes that have nothing.
      if (changed && index % PAGE_RECORDS === 0 && index * RECORD >= this.shown) {
        const page = index / PAGE_RECORDS;
        if (!changed.has(page) && !this.file.maps.some((map) => map.has(page))) {
          index += PAGE_RECORDS - 1;
          continue;
        }
      }
      const before = this.dirty.get(index);
      const current = before ?? this.batch.get(index);
      if (current ? current.bytes === null : this.stored(index) === ZERO) continue;
      if (this.dirty.size >= CLEARED_AT_ONCE) yield* take(this.flush());
      if (this.dirty.get(index)?.bytes) this.held--;
      this.cache.delete(index);
      this.pending.delete(index);
      this.dirty.set(index, { bytes: null, halves: ALL_HALVES });
      this.soon();
    }
    return null;
  }

  /** Pages of the maps with records that are not stored yet. */
  private changedPages(): ReadonlySet<number> {
    const pages = new Set<number>();
    for (const records of [this.dirty, this.batch])
      for (const index of records.keys()) pages.add(Math.floor(index / PAGE_RECORDS));
    return pages;
  }

  blockStatus(offset: number, length: number): BlockResult<BlockStatus> {
    if (this.closed) return isClosed();
    const wrong = outside(this.length, offset, length);
    if (wrong) return wrong;
    const first = Math.floor(offset / RECORD);
    const limit = Math.min(Math.ceil((offset + length) / RECORD), first + LOOKED_AT);
    const kind = this.kind(first);
    let index = first + 1;
    while (index < limit && this.kind(index) === kind) index++;
    let end = Math.min(index * RECORD, offset + length);
    // The base may end within a record.
    if (kind === NONE && offset < this.shown) end = Math.min(end, this.shown);
    const behind = kind === NONE && offset >= this.shown;
    return success({
      length: end - offset,
      allocated: kind !== NONE || (behind && this.backing !== null),
      data: kind === DATA,
      zero: kind === ZERO || behind,
      offset: null,
      compressed: false,
    });
  }

  /** What is there of a record; NONE: what the base has, if it reaches so far. */
  private kind(index: number): RecordState {
    const changed = this.dirty.get(index) ?? this.batch.get(index);
    if (changed) return changed.bytes ? DATA : this.hides(index) ? ZERO : NONE;
    return this.file.maps[UPPER].get(index) || this.file.maps[LOWER].get(index);
  }

  resize(size: number): Eventually<BlockResult> {
    if (this.closed) return isClosed();
    if (this.readOnly) return failure('read-only', 'the disk takes no writes');
    return request(this.resizeSteps(size)) as Eventually<BlockResult>;
  }

  private *resizeSteps(size: number): Steps<null> {
    if (size < this.length) {
      const end = Math.ceil(this.length / RECORD);
      yield* this.clearPart(size, Math.min(Math.ceil(size / RECORD) * RECORD, this.length));
      this.shown = Math.min(this.shown, size);
      // Layers may have records beyond the end of what was last cut off.
      yield* this.clear(Math.ceil(size / RECORD), end);
    }
    this.length = size;
    try {
      // What is on its way may be of before.
      do yield* take(this.committing ?? this.commit());
      while (!this.sized);
    } catch (error) {
      const { header } = this.file;
      this.length = header.size;
      this.shown = this.backing ? Math.min(header.shown, this.backing.size) : 0;
      throw error;
    }
    if (this.whenResized) yield this.whenResized(size);
    return null;
  }

  async close(): Promise<BlockResult> {
    if (this.closed) return DONE;
    const stored = await this.flush();
    // What could not be stored is lost with this node.
    await this.abandon();
    const below = (await this.backing?.close()) ?? DONE;
    this.whenClosed();
    return stored.ok ? below : stored;
  }

  /** Ends it with all that is not stored; its base stays open. */
  async abandon(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    // A commit that is on its way still ends.
    await this.committing;
    this.cache.clear();
    this.file.close();
  }
}

const isClosed = (): BlockResult<never> => failure('io', 'the disk is closed');

/** Bits of the halves of a record that the bytes from `from` to before `to` touch. */
const halvesOf = (from: number, to: number): number =>
  (from < RECORD / 2 ? 1 : 0) | (to > RECORD / 2 ? 2 : 0);
