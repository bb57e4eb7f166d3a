/**
 * What was fetched, kept by the browser between starts: expanded chunks by the hash of what they are stored as, so that images share those that
 * they have in common, and other files by their address. All machines of a site have one cache. It is only a cache: what does not
 * fit any more, or cannot be read, is fetched again.
 *
 * Keys: `value/KEY` has the bytes, `entry/KEY` what is known of them.
 */
import { delMany, promisifyRequest, setMany } from 'idb-keyval';
import { type BlockResult, success } from '../block-node.ts';
import { type Database, openDatabase, storeFailure } from '../store/database.ts';

const NAME = 'snowglobe-cache';

interface Entry {
  bytes: number;
  /** When it was used last, ms since 1970. */
  used: number;
  /** Of a file: what the server calls this version of it. */
  tag?: string | null;
}

interface Reading {
  from(store: IDBObjectStore): void;
  failed(error: unknown): void;
}

/** Uses are written down once in so long: the order of eviction need not be finer. */
const USED_MS = 10 * 60_000;
/** What is left when room is made, of the limit: not every chunk has to make room for itself. */
const LEFT = 0.9;
/** Bytes that wait to be written: from so many on nothing is fetched ahead, and what comes beyond the second is not kept. */
const BUSY = 48 << 20;
const WRITING_MAX = 192 << 20;

const valueKey = (key: string): string => `value/${key}`;
const entryKey = (key: string): string => `entry/${key}`;

export class BrowserCache {
  private readonly database: Database;
  private readonly entries: Map<string, Entry>;
  private limit: number;
  private total = 0;
  private writing = 0;
  /** What waits to be written. */
  private readonly unwritten = new Map<string, Uint8Array<ArrayBuffer>>();
  /** The store fails for another reason than a lack of room. */
  private broken = false;
  /** Writes go one after the other. */
  private queue: Promise<void> = Promise.resolve();
  private readonly touched = new Set<string>();
  /** Reads that go together. */
  private reading: Reading[] | null = null;

  /** @param limit bytes that may be kept */
  static async open(limit: number): Promise<BlockResult<BrowserCache>> {
    const database = await openDatabase(NAME);
    if (!database.ok) return database;
    try {
      return success(new BrowserCache(database.value, await readEntries(database.value), limit));
    } catch (error) {
      database.value.close();
      return storeFailure(error);
    }
  }

  private constructor(database: Database, entries: Map<string, Entry>, limit: number) {
    this.database = database;
    this.entries = entries;
    this.limit = limit;
    this.count();
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
    return this.entries.has(key) || this.unwritten.has(key);
  }

  /** What the server called the version that is here; undefined: none is. */
  tag(key: string): string | null | undefined {
    const entry = this.entries.get(key);
    return entry && (entry.tag ?? null);
  }

  /** @returns null: it is not there (any more) */
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const unwritten = this.unwritten.get(key);
    if (unwritten) return unwritten;
    const entry = this.entries.get(key);
    if (!entry) return null;
    try {
      const bytes = await this.value(key);
      if (bytes instanceof Uint8Array && bytes.length === entry.bytes) {
        this.touch(key, entry);
        return bytes as Uint8Array<ArrayBuffer>;
      }
    } catch {
      // As good as not there.
    }
    this.forget(key);
    return null;
  }

  /** What is asked for in one turn comes in one transaction, each value as soon as it is there: a transaction costs about as much as 256 KiB. */
  private value(key: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const read: Reading = {
        from: (store) => void promisifyRequest(store.get(valueKey(key))).then(resolve, reject),
        failed: reject,
      };
      if (this.reading) return void this.reading.push(read);
      const reads = [read];
      this.reading = reads;
      queueMicrotask(() => {
        this.reading = null;
        this.database
          .store('relaxed')('readonly', (store) => {
            for (const { from } of reads) from(store);
          })
          .catch((error: unknown) => {
            for (const { failed } of reads) failed(error);
          });
      });
    });
  }

  /** Keeps bytes that nobody changes any more, if there is room. Nobody has to wait for it. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>, tag: string | null = null): void {
    if (this.broken || bytes.length > this.limit * LEFT || this.writing > WRITING_MAX) return;
    this.writing += bytes.length;
    this.unwritten.set(key, bytes);
    this.queue = this.queue.then(async () => {
      await this.write(key, bytes, tag);
      this.writing -= bytes.length;
      if (this.unwritten.get(key) === bytes) this.unwritten.delete(key);
    });
  }

  /** Resolves when what was put is kept, or was not. */
  settled(): Promise<void> {
    return this.queue;
  }

  async close(): Promise<void> {
    this.queue = this.queue.then(() => this.writeUses());
    await this.queue;
    this.database.close();
  }

  private async write(key: string, bytes: Uint8Array<ArrayBuffer>, tag: string | null): Promise<void> {
    const entry: Entry = { bytes: bytes.length, used: Date.now(), ...(tag !== null && { tag }) };
    try {
      if (this.total + bytes.length > this.limit) await this.makeRoom(bytes.length);
      const pairs: [string, unknown][] = [
        [valueKey(key), bytes],
        [entryKey(key), entry],
      ];
      await setMany(pairs, this.database.store('relaxed'));
      this.entries.set(key, entry);
      this.count();
    } catch (error) {
      const failed = storeFailure(error);
      this.broken = failed.ok || failed.error.kind !== 'space';
      if (this.broken) return;
      // The browser gives less than was hoped for: the cache stays as small as that.
      this.limit = Math.min(this.limit, Math.floor(this.total * LEFT));
      await this.makeRoom(0).catch(() => {});
    }
  }

  /** Removes what was not used for the longest time, until `bytes` more fit. */
  private async makeRoom(bytes: number): Promise<void> {
    // Other pages write to it too, and make room.
    const known = new Map(this.entries);
    this.entries.clear();
    for (const [key, entry] of await readEntries(this.database))
      this.entries.set(key, { ...entry, used: Math.max(entry.used, known.get(key)?.used ?? 0) });
    this.count();
    const goal = Math.max(0, Math.floor(this.limit * LEFT) - bytes);
    const oldest = [...this.entries].sort(([, a], [, b]) => a.used - b.used);
    const gone: string[] = [];
    for (const [key, entry] of oldest) {
      if (this.total <= goal) break;
      gone.push(key);
      this.entries.delete(key);
      this.total -= entry.bytes;
    }
    await delMany([...gone.map(valueKey), ...gone.map(entryKey)], this.database.store('relaxed'));
  }

  private touch(key: string, entry: Entry): void {
    const now = Date.now();
    if (now - entry.used < USED_MS) return;
    entry.used = now;
    if (this.touched.size === 0)
      setTimeout(() => {
        this.queue = this.queue.then(() => this.writeUses());
      }, 1000);
    this.touched.add(key);
  }

  private async writeUses(): Promise<void> {
    const pairs = [...this.touched].flatMap((key): [string, Entry][] => {
      const entry = this.entries.get(key);
      return entry ? [[entryKey(key), entry]] : [];
    });
    this.touched.clear();
    if (pairs.length > 0) await setMany(pairs, this.database.store('relaxed')).catch(() => {});
  }

  private forget(key: string): void {
    this.entries.delete(key);
    this.count();
  }

  private count(): void {
    this.total = 0;
    for (const { bytes } of this.entries.values()) this.total += bytes;
  }
}

async function readEntries(database: Database): Promise<Map<string, Entry>> {
  // A slash is followed by a zero in ASCII.
  const range = IDBKeyRange.bound('entry/', 'entry0', false, true);
  const [keys, values] = await database.store('relaxed')('readonly', (store) =>
    Promise.all([promisifyRequest(store.getAllKeys(range)), promisifyRequest(store.getAll(range))]),
  );
  return new Map(keys.map((key, i) => [String(key).slice('entry/'.length), values[i] as Entry]));
}
