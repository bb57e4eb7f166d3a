/**
 * A stored disk's database: a header, two layers of records of 64 KiB, and a map of each. The lower layer is what the disk was made of
 * (imported, or committed), the upper one what was written since; below both lies a base, if the disk has one. docs/block.md, "Stored disks".
 *
 * | key | value |
 * |---|---|
 * | `header` | DiskHeader |
 * | `['map', layer, page]` | a page of the layer's RecordMap |
 * | layer * 2^52 + record * 2 + half | half a record, an ArrayBuffer: what is larger Chromium puts into files of their own, at several times the cost |
 * | `['join', layer, number]` | 32 records in a Blob, those from 32 * number on: where much is stored at once and read in its order, a file costs less than 64 halves do |
 */
import { promisifyRequest } from 'idb-keyval';
import { type BlockResult, DONE, failure, success } from '../block-node.ts';
import { type Database, ended, storeFailure } from './database.ts';
import { DATA, JOINED, RecordMap, type RecordState, type StoredState } from './record-map.ts';

/** What a disk was made over, when it keeps only what differs from that. */
export interface DiskBase {
  /** Where it can be had; null: a file that a person has. */
  url: string | null;
  /** For people. */
  name: string;
  /** Its format, if somebody said it. */
  format?: string;
  /** Bytes of its disk, as a guest sees it. */
  size: number;
  /** What must be the same for the disk to fit on it. */
  identity: string;
}

export interface DiskHeader {
  /** 2: it has, or had, records that are joined. */
  version: 1 | 2;
  /** Bytes that the guest sees. */
  size: number;
  base: DiskBase | null;
  /** Bytes of the base that show: what lies behind was cut off once. */
  shown: number;
  /** A commit has begun that has not ended: the lower layer has some of what was written since the disk was made. */
  folding?: true;
}

export const RECORD = 64 * 1024;
const HALF = RECORD / 2;
const HALVES = 2;
/** The layer of what the disk was made of, and that of what was written since. */
export const LOWER = 0;
export const UPPER = 1;
export type Layer = typeof LOWER | typeof UPPER;

/** Records that are stored as one value: 2 MiB. */
export const JOIN = 32;
/** Blobs of joined records that are held: those of 256 MiB. */
const BLOBS = 128;

const LAYER_KEYS = 2 ** 52;
/** Both halves of a record. */
export const ALL_HALVES = 3;

const keyOf = (layer: Layer, index: number, half = 0): number => layer * LAYER_KEYS + index * HALVES + half;

const joinKey = (layer: Layer, number: number): IDBValidKey => ['join', layer, number];

const joinName = (layer: Layer, number: number): string => `${layer} ${number}`;

export interface CommitOptions {
  /** Absent: as it was. */
  header?: DiskHeader;
  /** Records that lie side by side are joined. The page has to live until the end of such a commit, or nothing of it is stored. */
  join?: boolean;
}

/** A record's new state in a layer. */
export interface RecordChange {
  layer: Layer;
  index: number;
  state: RecordState;
  /** If the state is DATA: its bytes. */
  bytes?: Uint8Array;
  /** Which halves of `bytes` are new, as bits; where the record was not stored before, all are. */
  halves?: number;
}

export class DiskFile {
  readonly database: Database;
  readonly maps: readonly [RecordMap, RecordMap] = [new RecordMap(), new RecordMap()];
  private current: DiskHeader;
  /** Blobs of joined records as the store has them, or as it had them when they were asked for; the one used last at the end. */
  private readonly blobs = new Map<string, Promise<unknown>>();

  private constructor(database: Database, header: DiskHeader) {
    this.database = database;
    this.current = header;
  }

  get header(): Readonly<DiskHeader> {
    return this.current;
  }

  /** Opens a disk's database. @param fresh the header of a disk that is to be made; absent: there must be one */
  static async open(database: Database, fresh?: DiskHeader): Promise<BlockResult<DiskFile>> {
    try {
      return await database.store('strict')(fresh ? 'readwrite' : 'readonly', async (store) => {
        const pages = IDBKeyRange.bound(['map'], ['map', []]);
        const [found, keys, values] = await Promise.all([
          promisifyRequest<DiskHeader | undefined>(store.get('header')),
          promisifyRequest<IDBValidKey[]>(store.getAllKeys(pages)),
          promisifyRequest<ArrayBuffer[]>(store.getAll(pages)),
        ]);
        if (found && fresh) return failure('io', 'there is such a disk already');
        const header = found ?? fresh;
        if (header?.version !== 1 && header?.version !== 2) {
          return failure(
            'io',
            header ? 'a newer version of this page has made the disk: reload the page' : 'its data is gone',
          );
        }
        const file = new DiskFile(database, header);
        if (fresh) {
          store.put(fresh, 'header');
          await ended(store.transaction);
        }
        keys.forEach((key, i) => {
          const [, layer, page] = key as [string, Layer, number];
          file.maps[layer].load(page, new Uint8Array(values[i]));
        });
        return success(file);
      });
    } catch (error) {
      return storeFailure(error);
    }
  }

  /** Whether a record is stored with those beside it, which are read with it at little cost. */
  joined(layer: Layer, index: number): boolean {
    return this.maps[layer].place(index) === JOINED;
  }

  /** Reads `count` records of a layer from `first` on, all of which are stored. Those that are joined share a buffer where they lie side by side. */
  async read(layer: Layer, first: number, count: number): Promise<BlockResult<Uint8Array[]>> {
    const end = first + count;
    const runs: Promise<Uint8Array[]>[] = [];
    for (let index = first; index < end; ) {
      const joined = this.joined(layer, index);
      let next = index + 1;
      while (next < end && this.joined(layer, next) === joined) next++;
      // What is written meanwhile changes neither these values nor the Blobs.
      runs.push(joined ? this.readJoined(layer, index, next) : this.readApart(layer, index, next));
      index = next;
    }
    try {
      return success((await Promise.all(runs)).flat());
    } catch (error) {
      return error instanceof Lost ? failure('io', error.message) : storeFailure(error);
    }
  }

  private readApart(layer: Layer, first: number, end: number): Promise<Uint8Array[]> {
    return this.database.store('strict')('readonly', (store) =>
      Promise.all(
        Array.from({ length: end - first }, async (_, i) => {
          const record = new Uint8Array(RECORD);
          const keys = Array.from({ length: HALVES }, (_, half) => keyOf(layer, first + i, half));
          const halves = await Promise.all(keys.map((key) => promisifyRequest<unknown>(store.get(key))));
          for (const [half, bytes] of halves.entries()) {
            if (!(bytes instanceof ArrayBuffer) || bytes.byteLength !== HALF) throw new Lost(first + i);
            record.set(new Uint8Array(bytes), half * HALF);
          }
          return record;
        }),
      ),
    );
  }

  /** All of it is read at once: Chromium takes a good millisecond to begin with a Blob, and as long again to give it out. */
  private async readJoined(layer: Layer, first: number, end: number): Promise<Uint8Array[]> {
    const numbers: number[] = [];
    for (let number = Math.floor(first / JOIN); number * JOIN < end; number++) numbers.push(number);
    try {
      const blobs = await Promise.all(numbers.map((number) => this.blob(layer, number)));
      const parts = blobs.map((blob, i) => {
        const start = numbers[i] * JOIN;
        if (!(blob instanceof Blob)) throw new Lost(Math.max(first, start));
        return blob.slice(
          (Math.max(first, start) - start) * RECORD,
          (Math.min(end, start + JOIN) - start) * RECORD,
        );
      });
      const bytes = await (parts.length === 1 ? parts[0] : new Blob(parts)).arrayBuffer();
      if (bytes.byteLength !== (end - first) * RECORD) throw new Lost(first);
      return Array.from({ length: end - first }, (_, i) => new Uint8Array(bytes, i * RECORD, RECORD));
    } catch (error) {
      for (const number of numbers) this.blobs.delete(joinName(layer, number));
      throw error;
    }
  }

  private blob(layer: Layer, number: number): Promise<unknown> {
    const name = joinName(layer, number);
    const blob =
      this.blobs.get(name) ??
      this.database.store('strict')('readonly', (store) =>
        promisifyRequest<unknown>(store.get(joinKey(layer, number))),
      );
    this.blobs.delete(name);
    this.blobs.set(name, blob);
    if (this.blobs.size > BLOBS) this.blobs.delete(this.blobs.keys().next().value!);
    return blob;
  }

  /** Makes changes, all or none, and lasting: they survive a power cut when this ends well. Their bytes are copied before it returns. */
  async commit(changes: Iterable<RecordChange>, options: CommitOptions = {}): Promise<BlockResult> {
    const before: [Layer, number, StoredState][] = [];
    let { header = this.current } = options;
    try {
      await this.database.store('strict')('readwrite', (store) => {
        try {
          const joins = this.put(store, changes, options.join ?? false, before);
          if (joins && header.version === 1) header = { ...header, version: 2 };
          if (header !== this.current) store.put(header, 'header');
        } catch (error) {
          store.transaction.abort();
          throw error;
        }
        const done = ended(store.transaction);
        // A page that is being closed sends nothing more: the browser has all it needs for this from here on, but for Blobs.
        store.transaction.commit();
        return done;
      });
      this.current = header;
      return DONE;
    } catch (error) {
      for (const [layer, index, state] of before.reverse()) this.maps[layer].set(index, state);
      return storeFailure(error);
    }
  }

  /** @returns whether records were joined */
  private put(
    store: IDBObjectStore,
    changes: Iterable<RecordChange>,
    join: boolean,
    before: [Layer, number, StoredState][],
  ): boolean {
    const pages: [Set<number>, Set<number>] = [new Set(), new Set()];
    /** Joined records of which some were. */
    const left: [Set<number>, Set<number>] = [new Set(), new Set()];
    const set = (layer: Layer, index: number, state: StoredState): void => {
      const was = this.maps[layer].place(index);
      const page = this.maps[layer].set(index, state);
      if (page === null) return;
      before.push([layer, index, was]);
      pages[layer].add(page);
      if (was === JOINED) left[layer].add(Math.floor(index / JOIN));
    };
    const { joins, others } = join ? joinable(changes) : { joins: [], others: changes };
    for (const records of joins) {
      const [{ layer, index }] = records;
      this.blobs.delete(joinName(layer, index / JOIN));
      if (records.some((record) => this.maps[layer].place(record.index) === DATA))
        store.delete(IDBKeyRange.bound(keyOf(layer, index), keyOf(layer, index + JOIN - 1, HALVES - 1)));
      store.put(
        new Blob(records.map(({ bytes }) => bytes as Uint8Array<ArrayBuffer>)),
        joinKey(layer, index / JOIN),
      );
      for (const record of records) set(layer, record.index, JOINED);
    }
    for (const { layer, index, state, bytes, halves = ALL_HALVES } of others) {
      const was = this.maps[layer].place(index);
      if (state === DATA) {
        const wanted = was === DATA ? halves : ALL_HALVES;
        for (let half = 0; half < HALVES; half++) {
          if (!(wanted & (1 << half))) continue;
          // A part of a larger buffer would be stored with all of it.
          store.put(bytes!.slice(half * HALF, half * HALF + HALF).buffer, keyOf(layer, index, half));
        }
      } else if (was === DATA) {
        store.delete(IDBKeyRange.bound(keyOf(layer, index), keyOf(layer, index, HALVES - 1)));
      }
      set(layer, index, state);
    }
    for (const layer of [LOWER, UPPER] as const) {
      for (const number of left[layer]) {
        let some = false;
        for (let i = 0; i < JOIN && !some; i++) some = this.joined(layer, number * JOIN + i);
        if (some) continue;
        store.delete(joinKey(layer, number));
        this.blobs.delete(joinName(layer, number));
      }
      for (const number of pages[layer]) {
        const page = this.maps[layer].page(number);
        if (page) store.put(page.slice().buffer, ['map', layer, number]);
        else store.delete(['map', layer, number]);
      }
    }
    return joins.length > 0;
  }

  /** Compares what the maps say with what is stored. @returns what is wrong, for people */
  async check(): Promise<BlockResult<string[]>> {
    const problems: string[] = [];
    try {
      for (const layer of [LOWER, UPPER] as const) {
        const range = IDBKeyRange.bound(keyOf(layer, 0), keyOf(layer, 0) + LAYER_KEYS, false, true);
        const keys = await this.database.store('strict')('readonly', (store) =>
          promisifyRequest<IDBValidKey[]>(store.getAllKeys(range)),
        );
        const joins = await this.database.store('strict')('readonly', (store) =>
          promisifyRequest(store.getAllKeys(IDBKeyRange.bound(['join', layer], ['join', layer, []]))),
        );
        const stored = new Set(keys.map((key) => Number(key) - keyOf(layer, 0)));
        const unused = new Set(joins.map((key) => (key as number[])[2]));
        const numbers = new Set(unused);
        for (const [index, state] of this.maps[layer].entries()) {
          if (state !== DATA) continue;
          if (this.joined(layer, index)) {
            const number = Math.floor(index / JOIN);
            if (!numbers.has(number)) problems.push(`record ${index} of layer ${layer} is missing`);
            unused.delete(number);
            continue;
          }
          for (let half = 0; half < HALVES; half++)
            if (!stored.delete(index * HALVES + half))
              problems.push(`record ${index} of layer ${layer} is missing`);
        }
        const strangers = stored.size + unused.size;
        if (strangers > 0) problems.push(`${strangers} values of layer ${layer} belong to no record`);
      }
      return success(problems);
    } catch (error) {
      return storeFailure(error);
    }
  }

  close(): void {
    this.blobs.clear();
    this.database.close();
  }
}

/** A record that the map has and the store has not. */
class Lost extends Error {
  constructor(index: number) {
    super(`the disk's store has lost record ${index}`);
  }
}

/** Changes that give all the records of a join their bytes, in their order, and the other ones. */
function joinable(changes: Iterable<RecordChange>): { joins: RecordChange[][]; others: RecordChange[] } {
  const groups = new Map<string, RecordChange[]>();
  const others: RecordChange[] = [];
  for (const change of changes) {
    if (change.state !== DATA) others.push(change);
    else {
      const name = joinName(change.layer, Math.floor(change.index / JOIN));
      const group = groups.get(name);
      if (group) group.push(change);
      else groups.set(name, [change]);
    }
  }
  const joins: RecordChange[][] = [];
  for (const group of groups.values()) {
    if (group.length === JOIN) joins.push(group.sort((a, b) => a.index - b.index));
    else others.push(...group);
  }
  return { joins, others };
}
