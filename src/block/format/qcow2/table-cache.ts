/** Tables of one cluster each (L2 tables, reference count blocks) as they are in memory: read once, written back together. */
import type { BlockNode } from '../../block-node.ts';
import { fail, type Steps, take, wait } from '../../request.ts';
import { viewOf } from './header.ts';

/** What is written of a table that changed, at least: no medium takes less at once. */
const SECTOR = 512;

export class Table {
  /** In the file, bytes. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes that the file does not have yet; none: from is not below to. */
  dirtyFrom = Number.POSITIVE_INFINITY;
  dirtyTo = 0;

  constructor(offset: number, bytes: Uint8Array) {
    this.offset = offset;
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }

  get dirty(): boolean {
    return this.dirtyFrom < this.dirtyTo;
  }

  /** `length` bytes from `at` on were changed. */
  changed(at: number, length: number): void {
    this.dirtyFrom = Math.min(this.dirtyFrom, at - (at % SECTOR));
    this.dirtyTo = Math.max(this.dirtyTo, Math.ceil((at + length) / SECTOR) * SECTOR);
  }
}

/** How a cache reaches the file; the image checks where tables may be written. */
export interface TableStore {
  readonly file: BlockNode;
  putTable(offset: number, bytes: Uint8Array): Steps<void>;
}

export class TableCache {
  private readonly store: TableStore;
  private readonly tableBytes: number;
  private readonly capacity: number;
  /** By offset, the one used last at the end. */
  private readonly tables = new Map<number, Table>();
  private readonly loading = new Map<number, Promise<unknown>>();
  private last: Table | null = null;

  /** @param bytes memory for clean tables; four always have room, and changed ones stay until they are written */
  constructor(store: TableStore, tableBytes: number, bytes: number) {
    this.store = store;
    this.tableBytes = tableBytes;
    this.capacity = Math.max(4, Math.floor(bytes / tableBytes));
  }

  /** Changed tables. */
  get dirty(): boolean {
    for (const table of this.tables.values()) if (table.dirty) return true;
    return false;
  }

  /** More tables are held than shall be. */
  get crowded(): boolean {
    return this.tables.size > this.capacity;
  }

  /** A table that is in memory. */
  peek(offset: number): Table | undefined {
    if (this.last?.offset === offset) return this.last;
    const table = this.tables.get(offset);
    if (!table) return undefined;
    this.tables.delete(offset);
    this.tables.set(offset, table);
    this.last = table;
    return table;
  }

  /** The table at `offset`, which the caller has found to be in the file. */
  *load(offset: number): Steps<Table> {
    for (;;) {
      const table = this.peek(offset);
      if (table) return table;
      const pending = this.loading.get(offset);
      if (pending) {
        yield* wait(pending);
        continue;
      }
      if (offset + this.tableBytes > this.store.file.size)
        fail('io', 'a table of the image lies beyond its end');
      const read = this.store.file.read(offset, this.tableBytes);
      if (read instanceof Promise) this.loading.set(offset, read);
      try {
        const bytes = yield* take(read);
        // A new table may have come to this place meanwhile, and the file does not have it yet.
        return this.peek(offset) ?? this.add(offset, bytes.slice());
      } finally {
        this.loading.delete(offset);
      }
    }
  }

  /** A table that is new in the file: all of it is to be written. */
  add(offset: number, bytes: Uint8Array): Table {
    const table = new Table(offset, bytes);
    this.tables.delete(offset);
    this.tables.set(offset, table);
    this.last = table;
    if (this.tables.size > this.capacity) {
      for (const old of this.tables.values()) {
        if (old.dirty || old === table) continue;
        this.tables.delete(old.offset);
        if (this.tables.size <= this.capacity) break;
      }
    }
    return table;
  }

  /** The table is none any more. */
  forget(offset: number): void {
    if (this.last?.offset === offset) this.last = null;
    this.tables.delete(offset);
  }

  clear(): void {
    this.last = null;
    this.tables.clear();
  }

  /** Writes what changed. @returns whether anything was */
  *writeBack(): Steps<boolean> {
    let any = false;
    for (const table of this.tables.values()) {
      if (!table.dirty) continue;
      any = true;
      const { dirtyFrom, dirtyTo } = table;
      yield* this.store.putTable(table.offset + dirtyFrom, table.bytes.subarray(dirtyFrom, dirtyTo));
      table.dirtyFrom = Number.POSITIVE_INFINITY;
      table.dirtyTo = 0;
    }
    return any;
  }
}
