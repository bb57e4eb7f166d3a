/**
 * What was fetched, kept by the browser between starts: expanded chunks by the hash of what they are stored as, so that images share those that
 * they have in common, and other files by their address. All machines of a site have one cache. It is only a cache: what does not
 * fit any more, or cannot be read, is fetched again.
 *
 * What is put is stored together, in packs of some megabytes in the order in which it came: a browser takes about a millisecond to begin to read a
 * value, as long as for 2 MiB of it. Keys: `pack/ID` has the bytes, a Blob of which parts can be read, `index/ID` what is in it.
 */
import { promisifyRequest } from 'idb-keyval';
import { type BlockResult, success } from '../block-node.ts';
import { type Database, ended, openDatabase, storeFailure } from '../store/database.ts';

const NAME = 'snowglobe-cache';

type Bytes = Uint8Array<ArrayBuffer>;

interface Item {
  key: string;
  /** Bytes, and where in the pack they begin. */
  bytes: number;
  at: number;
  /** Of the bytes: nothing waits for them to be on the disk, so that a power cut can leave others in their place. */
  sum: number;
  /** Of a file: what the server calls this version of it. */
  tag?: string | null;
}

interface Pack {
  bytes: number;
  /** When something in it was used last, ms since 1970. */
  used: number;
  items: readonly Item[];
}

interface Place {
  id: string;
  pack: Pack;
  item: Item;
}

interface Reading {
  place: Place;
  resolve(bytes: Bytes): void;
  reject(error: unknown): void;
}

interface Put {
  key: string;
  bytes: Bytes;
  tag?: string | null;
}

/** Uses are written down once in so long: the order of eviction need not be finer. */
const USED_MS = 10 * 60_000;
/** What is left when room is made, of the limit: not every pack has to make room for itself. */
const LEFT = 0.9;
/** Bytes of a pack, and how many there are at least in a full cache: what is evicted is a pack. */
const PACK = 8 << 20;
const PACKS_MIN = 8;
/** How long what was put waits for more, ms. */
const PACK_MS = 250;
/** Bytes that are read at once: whoever waits for the first of them waits for all. */
const READ = 4 << 20;
/** Packs whose Blobs are held. */
const BLOBS = 32;
/** Bytes that wait to be written: from so many on nothing is fetched ahead, and what comes beyond the second is not kept. */
const BUSY = 48 << 20;
const WRITING_MAX = 192 << 20;

const packKey = (id: string): string => `pack/${id}`;
const indexKey = (id: string): string => `index/${id}`;
const idOf = (key: IDBValidKey): string => String(key).slice(indexKey('').length);
/** Keys that begin with a word and a slash, which is followed by a zero in ASCII. */
const keysOf = (word: string): IDBKeyRange => IDBKeyRange.bound(`${word}/`, `${word}0`, false, true);

export class BrowserCache {
  private readonly database: Database;
  private readonly packs = new Map<string, Pack>();
  private readonly places = new Map<string, Place>();
  private limit: number;
  private total = 0;
  private writing = 0;
  /** What waits to be written. */
  private readonly unwritten = new Map<string, Bytes>();
  /** What of it waits for a pack to be full. */
  private gathered: Put[] = [];
  private gatheredBytes = 0;
  private gathering: ReturnType<typeof setTimeout> | undefined;
  /** The store fails for another reason than a lack of room. */
  private broken = false;
  /** Writes go one after the other. */
  private queue: Promise<void> = Promise.resolve();
  private readonly touched = new Set<string>();
  /** Reads that go together. */
  private reading: Reading[] | null = null;
  /** Blobs by pack, the one used last at the end. */
  private readonly blobs = new Map<string, Promise<unknown>>();

  /** @param limit bytes that may be kept */
  static async open(limit: number): Promise<BlockResult<BrowserCache>> {
    const database = await openDatabase(NAME);
    if (!database.ok) return database;
    try {
      await dropValues(database.value);
      return success(new BrowserCache(database.value, await readPacks(database.value), limit));
    } catch (error) {
      database.value.close();
      return storeFailure(error);
    }
  }

  private constructor(database: Database, packs: Map<string, Pack>, limit: number) {
    this.database = database;
    this.limit = limit;
    this.index(packs);
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.total;
  }

  /** More comes than can be written. */
  get busy(): boolean {
    return !this.broken && this.writing > BUSY;
  }

  has(key: string): boolean {
    return this.places.has(key) || this.unwritten.has(key);
  }

  /** What the server called the version that is here; undefined: none is. */
  tag(key: string): string | null | undefined {
    const place = this.places.get(key);
    return place && (place.item.tag ?? null);
  }

  /** @returns null: it is not there (any more). What is asked for in one turn may come in one buffer. */
  async get(key: string): Promise<Bytes | null> {
    const unwritten = this.unwritten.get(key);
    if (unwritten) return unwritten;
    const place = this.places.get(key);
    if (!place) return null;
    try {
      const bytes = await this.value(place);
      this.touch(place);
      return bytes;
    } catch {
      // As good as not there, and never to be found again: it would take the place of what is fetched now.
      this.forget(place.id);
      this.queue = this.queue.then(() => this.remove([place.id])).catch(() => {});
      return null;
    }
  }

  /** What is asked for in one turn is read together. */
  private value(place: Place): Promise<Bytes> {
    return new Promise((resolve, reject) => {
      const read = { place, resolve, reject };
      if (this.reading) return void this.reading.push(read);
      const reads: Reading[] = [read];
      this.reading = reads;
      queueMicrotask(() => {
        this.reading = null;
        for (const run of adjacent(reads))
          this.readRun(run).catch((error: unknown) => {
            for (const { reject } of run) reject(error);
          });
      });
    });
  }

  private async readRun(run: readonly Reading[]): Promise<void> {
    const { id, item } = run[0].place;
    const last = run.at(-1)!.place.item;
    const length = last.at + last.bytes - item.at;
    const blob = await this.blob(id);
    if (!(blob instanceof Blob)) throw new Error('the pack is gone');
    const bytes = new Uint8Array(await blob.slice(item.at, item.at + length).arrayBuffer());
    if (bytes.length !== length) throw new Error('the pack is incomplete');
    for (const { place, resolve, reject } of run) {
      const at = place.item.at - item.at;
      const own = bytes.subarray(at, at + place.item.bytes);
      if (sumOf(own) === place.item.sum) resolve(own);
      else reject(new Error('the pack is damaged'));
    }
  }

  private blob(id: string): Promise<unknown> {
    const blob =
      this.blobs.get(id) ??
      this.database.store('relaxed')('readonly', (store) =>
        promisifyRequest<unknown>(store.get(packKey(id))),
      );
    this.blobs.delete(id);
    this.blobs.set(id, blob);
    if (this.blobs.size > BLOBS) this.blobs.delete(this.blobs.keys().next().value!);
    return blob;
  }

  /**
   * Keeps bytes that nobody changes any more, if there is room. Nobody has to wait for it.
   * @param tag of a file, which takes the place of another version of it; absent: bytes that their key tells all of
   */
  put(key: string, bytes: Bytes, tag?: string | null): void {
    if (this.broken || bytes.length > this.limit * LEFT || this.writing > WRITING_MAX) return;
    if (tag === undefined && this.has(key)) return;
    this.writing += bytes.length;
    this.unwritten.set(key, bytes);
    // What is replaced by itself lies by itself.
    if (tag !== undefined) return this.pack([{ key, bytes, tag }]);
    this.gathered.push({ key, bytes });
    this.gatheredBytes += bytes.length;
    if (this.gatheredBytes >= Math.min(PACK, this.limit / PACKS_MIN)) this.packGathered();
    else this.gathering ??= setTimeout(() => this.packGathered(), PACK_MS);
  }

  private packGathered(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const puts = this.gathered;
    this.gathered = [];
    this.gatheredBytes = 0;
    if (puts.length > 0) this.pack(puts);
  }

  private pack(puts: readonly Put[]): void {
    this.queue = this.queue.then(async () => {
      await this.write(puts);
      for (const { key, bytes } of puts) {
        this.writing -= bytes.length;
        if (this.unwritten.get(key) === bytes) this.unwritten.delete(key);
      }
    });
  }

  /** Resolves when what was put is kept, or was not. */
  settled(): Promise<void> {
    this.packGathered();
    return this.queue;
  }

  async close(): Promise<void> {
    this.packGathered();
    this.queue = this.queue.then(() => this.writeUses());
    await this.queue;
    this.blobs.clear();
    this.database.close();
  }

  private async write(gathered: readonly Put[]): Promise<void> {
    try {
      await this.lookAround();
      // Another page may have fetched the same.
      const puts = gathered.filter(({ key, tag }) => tag !== undefined || !this.places.has(key));
      let at = 0;
      const items = puts.map(({ key, bytes, tag }): Item => {
        const item = { key, bytes: bytes.length, at, sum: sumOf(bytes), ...(tag != null && { tag }) };
        at += bytes.length;
        return item;
      });
      // It was gathered while there was more room, perhaps.
      if (at === 0 || at > this.limit) return;
      const id = crypto.randomUUID();
      const pack: Pack = { bytes: at, used: Date.now(), items };
      if (this.total + at > this.limit) await this.makeRoom(at);
      // Only files are put again.
      const before = this.places.get(puts[0].key)?.id;
      await this.database.store('relaxed')('readwrite', (store) => {
        store.put(new Blob(puts.map(({ bytes }) => bytes)), packKey(id));
        store.put(pack, indexKey(id));
        return ended(store.transaction);
      });
      this.index([[id, pack]]);
      if (before !== undefined) await this.remove([before]);
    } catch (error) {
      const failed = storeFailure(error);
      this.broken = failed.ok || failed.error.kind !== 'space';
      if (this.broken) return;
      // The browser gives less than was hoped for: the cache stays as small as that.
      this.limit = Math.min(this.limit, Math.floor(this.total * LEFT));
      await this.makeRoom(0).catch(() => {});
    }
  }

  /** Finds out what other pages have written and removed: all of them together stay below the limit. */
  private async lookAround(): Promise<void> {
    await this.database.store('relaxed')('readonly', async (store) => {
      const ids = (await promisifyRequest(store.getAllKeys(keysOf('index')))).map(idOf);
      const there = new Set(ids);
      for (const id of this.packs.keys()) if (!there.has(id)) this.forget(id);
      const others = ids.filter((id) => !this.packs.has(id));
      const packs = await Promise.all(others.map((id) => promisifyRequest<Pack>(store.get(indexKey(id)))));
      this.index(others.map((id, i) => [id, packs[i]]));
    });
  }

  /** Removes what was not used for the longest time, by any page, until `bytes` more fit. */
  private async makeRoom(bytes: number): Promise<void> {
    const packs = await readPacks(this.database);
    for (const [id, { used }] of this.packs) {
      const pack = packs.get(id);
      if (pack) pack.used = Math.max(pack.used, used);
      else this.forget(id);
    }
    this.index(packs);
    const goal = Math.max(0, Math.floor(this.limit * LEFT) - bytes);
    const oldest = [...this.packs].sort(([, a], [, b]) => a.used - b.used);
    const gone: string[] = [];
    let left = this.total;
    for (const [id, pack] of oldest) {
      if (left <= goal) break;
      gone.push(id);
      left -= pack.bytes;
    }
    await this.remove(gone);
  }

  private async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.forget(id);
    await this.database.store('relaxed')('readwrite', (store) => {
      for (const id of ids) for (const key of [packKey(id), indexKey(id)]) store.delete(key);
      return ended(store.transaction);
    });
  }

  private touch({ id }: Place): void {
    const now = Date.now();
    const pack = this.packs.get(id);
    if (!pack || now - pack.used < USED_MS) return;
    pack.used = now;
    if (this.touched.size === 0)
      setTimeout(() => {
        this.queue = this.queue.then(() => this.writeUses());
      }, 1000);
    this.touched.add(id);
  }

  private async writeUses(): Promise<void> {
    const touched = [...this.touched];
    this.touched.clear();
    if (touched.length === 0) return;
    await this.database
      .store('relaxed')('readwrite', async (store) => {
        for (const id of touched) {
          const pack = this.packs.get(id);
          // Another page may have removed it.
          if (pack && (await promisifyRequest(store.getKey(indexKey(id)))) !== undefined)
            store.put(pack, indexKey(id));
        }
      })
      .catch(() => {});
  }

  private index(packs: Iterable<readonly [string, Pack]>): void {
    for (const [id, pack] of packs) {
      this.packs.set(id, pack);
      for (const item of pack.items) this.places.set(item.key, { id, pack, item });
    }
    this.count();
  }

  private forget(id: string): void {
    for (const { key } of this.packs.get(id)?.items ?? [])
      if (this.places.get(key)?.id === id) this.places.delete(key);
    this.packs.delete(id);
    this.blobs.delete(id);
    this.count();
  }

  private count(): void {
    this.total = 0;
    for (const { bytes } of this.packs.values()) this.total += bytes;
  }
}

/** Reads of what lies side by side, some megabytes of it together. */
function adjacent(reads: readonly Reading[]): Reading[][] {
  const before = (a: Place, b: Place): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.item.at - b.item.at);
  const runs: Reading[][] = [];
  let start = 0;
  let end = -1;
  let last = '';
  for (const read of [...reads].sort((a, b) => before(a.place, b.place))) {
    const { id, item } = read.place;
    const goesOn = id === last && item.at === end && item.at + item.bytes - start <= READ;
    if (goesOn) runs.at(-1)!.push(read);
    else {
      runs.push([read]);
      start = item.at;
    }
    last = id;
    end = item.at + item.bytes;
  }
  return runs;
}

/** Earlier versions kept each chunk as a value of its own: what they have left is removed. */
async function dropValues(database: Database): Promise<void> {
  const words = ['entry', 'value'].map(keysOf);
  const first = await database.store('relaxed')('readonly', (store) =>
    promisifyRequest(store.getKey(words[0])),
  );
  if (first === undefined) return;
  await database.store('relaxed')('readwrite', (store) => {
    for (const range of words) store.delete(range);
    return ended(store.transaction);
  });
}

async function readPacks(database: Database): Promise<Map<string, Pack>> {
  const range = keysOf('index');
  const [keys, values] = await database.store('relaxed')('readonly', (store) =>
    Promise.all([promisifyRequest(store.getAllKeys(range)), promisifyRequest(store.getAll(range))]),
  );
  return new Map(keys.map((key, i) => [idOf(key), values[i] as Pack]));
}

/**
 * Tells bytes from what a power cut leaves in their place, sectors that were never written: two sums, as Fletcher's, of every sixteenth
 * word. All words would cost a tenth of the time that a read takes, and SHA-256 a quarter.
 */
function sumOf(bytes: Uint8Array): number {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(buffer, byteOffset, length >> 2);
  let a = 0;
  let b = 0;
  for (let i = 0; i < words.length; i += 16) {
    a = (a + words[i]) | 0;
    b = (b + a) | 0;
  }
  return a ^ Math.imul(b, 0x9e3779b1);
}
