/**
 * A stored disk's database: a header, two layers of records of 64 KiB, and a map of each. The lower layer is what the disk was made of
 * (imported, or committed), the upper one what was written since; below both lies a base, if the disk has one. docs/block.md, "Stored disks".
 *
 * | key | value |
 * |---|---|
 * | `header` | DiskHeader |
 * | `['map', layer, page]` | a page of the layer's RecordMap |
 * | layer * 2^52 + record * 2 + half | half a record, an ArrayBuffer: what is larger Chromium puts into files of their own, at several times the cost |
 */
import { promisifyRequest } from 'idb-keyval';
import { type BlockResult, DONE, failure, success } from '../block-node.ts';
import { type Database, ended, storeFailure } from './database.ts';
import { DATA, RecordMap, type RecordState } from './record-map.ts';

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
  version: 1;
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

const LAYER_KEYS = 2 ** 52;
/** Both halves of a record. */
export const ALL_HALVES = 3;

const keyOf = (layer: Layer, index: number, half = 0): number => layer * LAYER_KEYS + index * HALVES + half;

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
        if (header?.version !== 1) {
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

  /** Reads `count` records of a layer from `first` on, all of which are stored. */
  async read(layer: Layer, first: number, count: number): Promise<BlockResult<Uint8Array>> {
    try {
      const values = await this.database.store('strict')('readonly', (store) =>
        Promise.all(
          Array.from({ length: count * HALVES }, (_, i) =>
            promisifyRequest<ArrayBuffer | undefined>(store.get(keyOf(layer, first) + i)),
          ),
        ),
      );
      const bytes = new Uint8Array(count * RECORD);
      for (const [i, value] of values.entries()) {
        if (value?.byteLength !== HALF)
          return failure('io', `the disk's store has lost record ${first + (i >> 1)}`);
        bytes.set(new Uint8Array(value), i * HALF);
      }
      return success(bytes);
    } catch (error) {
      return storeFailure(error);
    }
  }

  /** Makes changes, all or none, and lasting: they survive a power cut when this ends well. Their bytes are copied before it returns. */
  async commit(changes: Iterable<RecordChange>, header: DiskHeader = this.current): Promise<BlockResult> {
    const before: [Layer, number, RecordState][] = [];
    try {
      await this.database.store('strict')('readwrite', (store) => {
        try {
          this.put(store, changes, before);
          if (header !== this.current) store.put(header, 'header');
        } catch (error) {
          store.transaction.abort();
          throw error;
        }
        const done = ended(store.transaction);
        // A page that is being closed sends nothing more: the browser has all it needs for this from here on.
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

  private put(
    store: IDBObjectStore,
    changes: Iterable<RecordChange>,
    before: [Layer, number, RecordState][],
  ): void {
    const pages: [Set<number>, Set<number>] = [new Set(), new Set()];
    for (const { layer, index, state, bytes, halves = ALL_HALVES } of changes) {
      const map = this.maps[layer];
      const was = map.get(index);
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
      const page = map.set(index, state);
      if (page !== null) {
        before.push([layer, index, was]);
        pages[layer].add(page);
      }
    }
    for (const layer of [LOWER, UPPER] as const) {
      for (const number of pages[layer]) {
        const page = this.maps[layer].page(number);
        if (page) store.put(page.slice().buffer, ['map', layer, number]);
        else store.delete(['map', layer, number]);
      }
    }
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
        const stored = new Set(keys.map((key) => Number(key) - keyOf(layer, 0)));
        for (const [index, state] of this.maps[layer].entries()) {
          if (state !== DATA) continue;
          for (let half = 0; half < HALVES; half++)
            if (!stored.delete(index * HALVES + half))
              problems.push(`record ${index} of layer ${layer} is missing`);
        }
        if (stored.size > 0) problems.push(`${stored.size} values of layer ${layer} belong to no record`);
      }
      return success(problems);
    } catch (error) {
      return storeFailure(error);
    }
  }

  close(): void {
    this.database.close();
  }
}
