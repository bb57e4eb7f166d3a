/**
 * The disks that this browser stores for this site: a small database lists them, each has one of its own. A disk is in use by one machine
 * at a time, in whichever tab; its lock goes with the tab. docs/block.md, "Stored disks".
 */
import { entries, promisifyRequest, set, update } from 'idb-keyval';
import { type BlockNode, type BlockResult, DONE, failure, success } from '../block-node.ts';
import { IndexedDbNode } from '../protocol/indexeddb-node.ts';
import { type Database, deleteDatabase, openDatabase, storeFailure } from './database.ts';
import { type DiskBase, DiskFile, type DiskHeader, LOWER, RECORD, UPPER } from './disk-file.ts';
import { DATA, NONE, PAGE_BYTES } from './record-map.ts';
import { alone, type Release, tryLock } from './locks.ts';

export type { DiskBase } from './disk-file.ts';

/** A stored disk, as the list has it. */
export interface DiskInfo {
  id: string;
  /** No two disks have the same. */
  name: string;
  /** Bytes that a guest sees. */
  capacity: number;
  /** What it was made over, while it needs that; null: it has all its data itself. */
  base: DiskBase | null;
  /** When it was made, and when it was opened last to be written to: ms since 1970. */
  created: number;
  used: number;
}

/** The four sizes of a disk, in bytes. */
export interface DiskSizes {
  /** What the guest sees. */
  capacity: number;
  /** Up to the end of the last byte that is stored: how long a file without its holes would have to be. */
  length: number;
  /** What is stored in the browser. */
  allocation: number;
  /** What is promised: the room that it takes once the guest has written to all of it. */
  commitment: number;
  /** Of the allocation: what was written since the disk was made, imported or committed, which `discard` gives up. */
  changes: number;
}

export interface NewDisk {
  name: string;
  /** Bytes, a multiple of 512; larger than the base or as large. */
  capacity: number;
  base?: DiskBase | null;
}

export interface OpenDiskOptions {
  readOnly?: boolean;
  /** The base, opened by the caller; the disk closes it. Absent: `openBase` opens it. */
  backing?: BlockNode;
}

export interface DisksOptions {
  /** Opens what a disk was made over, only to be read, and finds out its identity. */
  openBase?(base: DiskBase): Promise<BlockResult<{ node: BlockNode; identity: string }>>;
}

const LIST = 'snowglobe-disks';
const SECTOR = 512;
const databaseName = (id: string): string => `snowglobe-disk-${id}`;

/** All disks of this site. */
export class Disks {
  private readonly options: DisksOptions;
  private list: Promise<BlockResult<Database>> | null = null;

  constructor(options: DisksOptions = {}) {
    this.options = options;
  }

  private async registry(): Promise<BlockResult<Database>> {
    const list = await (this.list ??= openDatabase(LIST));
    if (!list.ok) this.list = null;
    return list;
  }

  /** Runs `action` on the list, alone among tabs. */
  private async listed<T>(action: (list: Database) => Promise<BlockResult<T>>): Promise<BlockResult<T>> {
    const list = await this.registry();
    if (!list.ok) return list;
    try {
      return await alone(LIST, () => action(list.value));
    } catch (error) {
      return storeFailure(error);
    }
  }

  private async infos(list: Database): Promise<DiskInfo[]> {
    const found = await entries<string, DiskInfo>(list.store('strict'));
    return found.map(([, info]) => info).sort((a, b) => b.used - a.used);
  }

  /** The disks, the one used last first. */
  async listDisks(): Promise<BlockResult<DiskInfo[]>> {
    const list = await this.registry();
    if (!list.ok) return list;
    try {
      return success(await this.infos(list.value));
    } catch (error) {
      return storeFailure(error);
    }
  }

  /** A disk by its id or name. */
  async findDisk(which: string): Promise<BlockResult<DiskInfo | null>> {
    const all = await this.listDisks();
    if (!all.ok) return all;
    const by = (key: 'id' | 'name') => all.value.find((info) => info[key] === which);
    return success(by('id') ?? by('name') ?? null);
  }

  /** Makes a disk that shows its base, or zeros. */
  async createDisk({ name, capacity, base = null }: NewDisk): Promise<BlockResult<DiskInfo>> {
    if (name.trim() === '') return failure('io', 'a disk needs a name');
    if (!Number.isSafeInteger(capacity) || capacity <= 0 || capacity % SECTOR !== 0)
      return failure('range', `a disk of ${capacity} bytes: its size is a multiple of ${SECTOR}`);
    if (base && capacity < base.size)
      return failure('range', `the disk would be smaller than ${base.name}, which it is made over`);
    return this.listed(async (list) => {
      const taken = (await this.infos(list)).some((info) => info.name === name);
      if (taken) return failure('io', `there is a disk called "${name}" already: choose another name`);
      const now = Date.now();
      const info: DiskInfo = { id: crypto.randomUUID(), name, capacity, base, created: now, used: now };
      const header: DiskHeader = { version: 1, size: capacity, base, shown: base?.size ?? 0 };
      const made = await openFile(info.id, header);
      if (!made.ok) return made;
      made.value.close();
      await set(info.id, info, list.store('strict'));
      return success(info);
    });
  }

  async renameDisk(id: string, name: string): Promise<BlockResult> {
    if (name.trim() === '') return failure('io', 'a disk needs a name');
    return this.listed(async (list) => {
      const taken = (await this.infos(list)).some((info) => info.name === name && info.id !== id);
      if (taken) return failure('io', `there is a disk called "${name}" already: choose another name`);
      return this.changeInfo(list, id, { name });
    });
  }

  private async changeInfo(list: Database, id: string, change: Partial<DiskInfo>): Promise<BlockResult> {
    let found = false;
    await update<DiskInfo>(
      id,
      (info) => {
        found = info !== undefined;
        return { ...info!, ...change };
      },
      list.store('strict'),
    );
    return found ? DONE : gone();
  }

  /** Removes a disk with all that it stores. */
  async removeDisk(id: string): Promise<BlockResult> {
    return this.locked(id, 'exclusive', async () => {
      const unlisted = await this.listed(async (list) => {
        await list.store('strict')('readwrite', (store) => {
          store.delete(id);
          return promisifyRequest(store.transaction);
        });
        return DONE;
      });
      return unlisted.ok ? deleteDatabase(databaseName(id)) : unlisted;
    });
  }

  /**
   * Opens a disk. Closing the node stores what it holds back, and gives the disk to others.
   * @returns a failure if another machine has it, in this tab or another one; if its base is not to be had, or is not the one that it was made over
   */
  async openDisk(id: string, options: OpenDiskOptions = {}): Promise<BlockResult<IndexedDbNode>> {
    const { readOnly = false } = options;
    const opened = await this.open(id, readOnly ? 'shared' : 'exclusive', options);
    if (!opened.ok || readOnly) return opened;
    await this.listed((list) => this.changeInfo(list, id, { used: Date.now() }));
    return opened;
  }

  private async open(
    id: string,
    mode: 'exclusive' | 'shared',
    { readOnly = false, backing, layer = UPPER }: OpenDiskOptions & { layer?: typeof LOWER | typeof UPPER },
  ): Promise<BlockResult<IndexedDbNode>> {
    const release = await this.lock(id, mode);
    if (!release.ok) {
      await backing?.close();
      return release;
    }
    const fail = async (result: BlockResult<never>, file?: DiskFile): Promise<BlockResult<never>> => {
      file?.close();
      await backing?.close();
      release.value();
      return result;
    };
    const file = await openFile(id);
    if (!file.ok) return fail(file);
    const { base } = file.value.header;
    if (base && !backing) {
      const opened = await this.base(base);
      if (!opened.ok) return fail(opened, file.value);
      backing = opened.value;
    }
    return success(
      new IndexedDbNode({
        file: file.value,
        backing: base ? (backing ?? null) : null,
        readOnly,
        layer,
        closed: release.value,
      }),
    );
  }

  private async base(base: DiskBase): Promise<BlockResult<BlockNode>> {
    const { openBase } = this.options;
    if (!openBase) return failure('io', `the disk was made over ${base.name}, which cannot be opened here`);
    const opened = await openBase(base);
    if (!opened.ok) return opened;
    const { node, identity } = opened.value;
    if (identity === base.identity) return success(node);
    await node.close();
    return otherBase(base);
  }

  private async lock(id: string, mode: 'exclusive' | 'shared'): Promise<BlockResult<Release>> {
    const found = await this.findDisk(id);
    if (!found.ok) return found;
    if (!found.value) return gone();
    const { name } = found.value;
    return tryLock(
      databaseName(id),
      mode,
      `the disk "${name}" is in use by another machine, perhaps in another tab or window: shut that one down, or duplicate the disk`,
    );
  }

  private async locked<T>(
    id: string,
    mode: 'exclusive' | 'shared',
    action: () => Promise<BlockResult<T>>,
  ): Promise<BlockResult<T>> {
    const release = await this.lock(id, mode);
    if (!release.ok) return release;
    try {
      return await action();
    } catch (error) {
      return storeFailure(error);
    } finally {
      release.value();
    }
  }

  /** Gives up what was written since the disk was made, imported or committed. */
  async discardDisk(id: string): Promise<BlockResult> {
    return this.locked(id, 'exclusive', async () => {
      const file = await openFile(id);
      if (!file.ok) return file;
      const upper = file.value.maps[UPPER];
      const changes = [...upper.entries()].map(([index]) => ({ layer: UPPER, index, state: NONE }) as const);
      const done = await file.value.commit(changes);
      file.value.close();
      return done;
    });
  }

  /** The sizes of a disk, whether it is in use or not. */
  async diskSizes(id: string): Promise<BlockResult<DiskSizes>> {
    const file = await openFile(id);
    if (!file.ok) return file;
    const { maps, header } = file.value;
    file.value.close();
    let length = 0;
    for (const map of maps)
      for (const [index, state] of map.entries())
        if (state === DATA) length = Math.max(length, (index + 1) * RECORD);
    const records = Math.ceil(header.size / RECORD);
    return success({
      capacity: header.size,
      length: Math.min(length, header.size),
      allocation: (maps[LOWER].count + maps[UPPER].count) * RECORD,
      commitment: records * RECORD + Math.ceil(records / (PAGE_BYTES * 4)) * PAGE_BYTES,
      changes: maps[UPPER].count * RECORD,
    });
  }
}

async function openFile(id: string, fresh?: DiskHeader): Promise<BlockResult<DiskFile>> {
  const database = await openDatabase(databaseName(id), { existing: !fresh });
  if (!database.ok) return database;
  const file = await DiskFile.open(database.value, fresh);
  if (!file.ok) database.value.close();
  return file;
}

const gone = (): BlockResult<never> => failure('io', 'there is no such disk any more');

const otherBase = (base: DiskBase): BlockResult<never> =>
  failure('io', `${base.name} is not what the disk was made over: it has changed since`);
