/**
 * The disks that this browser stores for this site: a small database lists them, each has one of its own. A disk is in use by one machine
 * at a time, in whichever tab; its lock goes with the tab. docs/block.md, "Stored disks".
 */
import { entries, get, set, update } from 'idb-keyval';
import { type BlockNode, type BlockResult, DONE, failure, success } from '../block-node.ts';
import { openImageFile } from '../open.ts';
import { BlobNode } from '../protocol/blob-node.ts';
import { IndexedDbNode } from '../protocol/indexeddb-node.ts';
import { cancelled, copyDisk } from '../tools/copy.ts';
import { BlobSink, type ExportOptions, type ExportSink, exportQcow2, exportRaw } from '../tools/export.ts';
import { type Database, deleteDatabase, ended, openDatabase, storeFailure } from './database.ts';
import { type DiskBase, DiskFile, type DiskHeader, LOWER, RECORD, UPPER } from './disk-file.ts';
import { DATA, NONE, PAGE_BYTES } from './record-map.ts';
import { copyLayers, foldLayers } from './records.ts';
import { alone, type Release, tryLock } from './locks.ts';

export type { ExportOptions, ExportSink } from '../tools/export.ts';
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
  /** It is being imported or copied; if nobody has its lock any more, that will never end. */
  incomplete?: true;
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

/** A base that was opened, and what tells it from others. */
export interface OpenedBase {
  node: BlockNode;
  identity: string;
}

/** A disk that is being made: it goes with the tab until it is kept, and is in use from the beginning. */
export interface DiskInMaking {
  info: DiskInfo;
  node: IndexedDbNode;
  /** It is a disk like others from now on. */
  keep(): Promise<BlockResult>;
  /** Closes and removes it. */
  drop(): Promise<void>;
}

export interface OpenDiskOptions {
  readOnly?: boolean;
  /** The base, opened by the caller; from here on it is the disk's to close. Absent: `openBase` opens it. */
  base?: OpenedBase;
  /** Ends reads of a base that `openBase` opened, however long they would wait. */
  signal?: AbortSignal | undefined;
}

export interface DisksOptions {
  /** Opens what a disk was made over, only to be read, and finds out its identity. When `signal` is aborted its reads fail. */
  openBase?(base: DiskBase, signal?: AbortSignal): Promise<BlockResult<OpenedBase>>;
}

const LIST = 'snowglobe-disks';
const SECTOR = 512;
const databaseName = (id: string): string => `snowglobe-disk-${id}`;

/** All disks of this site. */
export class Disks {
  private readonly options: DisksOptions;
  private list: Promise<BlockResult<Database>> | null = null;
  /** What was left behind unlisted has been looked for. */
  private swept = false;

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

  /** The disks, the one used last first. Those whose import or copy was cut off, by a tab that was closed, are removed. */
  async listDisks(): Promise<BlockResult<DiskInfo[]>> {
    const list = await this.registry();
    if (!list.ok) return list;
    try {
      const all = await this.infos(list.value);
      if (this.swept && !all.some(({ incomplete }) => incomplete)) return success(all);
      return await this.listed(async (list) => {
        await this.sweep(list);
        this.swept = true;
        return success(await this.infos(list));
      });
    } catch (error) {
      return storeFailure(error);
    }
  }

  /** Removes what was begun and never ended: disks that were not filled, and databases of disks that are not in the list. */
  private async sweep(list: Database): Promise<void> {
    // Without locks nobody can tell what is going on still.
    if (!globalThis.navigator?.locks) return;
    const names = (await indexedDB.databases?.()) ?? [];
    const ids = names.flatMap(({ name }) => (name?.startsWith(databaseName('')) ? [name] : []));
    const unfilled = (await this.infos(list)).filter(({ incomplete }) => incomplete);
    for (const name of new Set([...ids, ...unfilled.map(({ id }) => databaseName(id))])) {
      const id = name.slice(databaseName('').length);
      const listed = await get<DiskInfo>(id, list.store('strict'));
      if (listed && !listed.incomplete) continue;
      const release = await tryLock(name, 'exclusive', 'it is in use');
      if (!release.ok) continue;
      // It may have been filled just now.
      const now = await get<DiskInfo>(id, list.store('strict'));
      if (!now || now.incomplete) {
        await unlist(list, id);
        await deleteDatabase(name);
      }
      release.value();
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
  async createDisk(disk: NewDisk): Promise<BlockResult<DiskInfo>> {
    return this.make(disk, { id: crypto.randomUUID() });
  }

  private async make(
    { name, capacity, base = null }: NewDisk,
    how: Pick<DiskInfo, 'id' | 'incomplete'>,
  ): Promise<BlockResult<DiskInfo>> {
    if (name.trim() === '') return failure('io', 'a disk needs a name');
    if (!Number.isSafeInteger(capacity) || capacity <= 0 || capacity % SECTOR !== 0)
      return failure('range', `a disk of ${capacity} bytes: its size is a multiple of ${SECTOR}`);
    if (base && capacity < base.size)
      return failure('range', `the disk would be smaller than ${base.name}, which it is made over`);
    return this.listed(async (list) => {
      const taken = (await this.infos(list)).some((info) => info.name === name);
      if (taken) return failure('io', `there is a disk called "${name}" already: choose another name`);
      const now = Date.now();
      const info: DiskInfo = { ...how, name, capacity, base, created: now, used: now };
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
        await unlist(list, id);
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
    { readOnly = false, base: given, signal }: OpenDiskOptions,
  ): Promise<BlockResult<IndexedDbNode>> {
    const release = await this.lock(id, mode);
    const file = release.ok ? await openFile(id) : release;
    const backing = file.ok ? await this.base(file.value.header.base, { given, signal }) : file;
    if (release.ok && file.ok && backing.ok) {
      return success(
        new IndexedDbNode({
          ...{ file: file.value, backing: backing.value, readOnly, closed: release.value },
          resized: (capacity) => this.listed((list) => this.changeInfo(list, id, { capacity })),
        }),
      );
    }
    if (!file.ok) await given?.node.close();
    else file.value.close();
    if (release.ok) release.value();
    return backing as BlockResult<never>;
  }

  /** The node of a disk's base; null: it has none. A base that is given and not used is closed. */
  private async base(
    base: DiskBase | null,
    { given, signal }: { given?: OpenedBase | undefined; signal?: AbortSignal | undefined },
  ): Promise<BlockResult<BlockNode | null>> {
    if (!base) {
      await given?.node.close();
      return success(null);
    }
    const { openBase } = this.options;
    if (!given && !openBase)
      return failure('io', `the disk was made over ${base.name}, which cannot be opened here`);
    const opened = given ? success(given) : await openBase!(base, signal);
    if (!opened.ok) return opened;
    const { node, identity } = opened.value;
    if (identity === base.identity) return success(node);
    await node.close();
    return failure(
      'io',
      `${base.name} is not what the disk was made over: it has changed since, or is another file of that name`,
    );
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

  /** Looks for damage in what is stored of a disk. @returns what is wrong, for people; nothing: it is sound */
  async checkDisk(id: string): Promise<BlockResult<string[]>> {
    return this.locked(id, 'shared', async () => {
      const file = await openFile(id);
      if (!file.ok) return file;
      const checked = await file.value.check();
      file.value.close();
      return checked;
    });
  }

  /** Gives up what was written since the disk was made, imported or committed. Refused while a commit has ended half-way. */
  async discardDisk(id: string): Promise<BlockResult> {
    return this.locked(id, 'exclusive', async () => {
      const file = await openFile(id);
      if (!file.ok) return file;
      const upper = file.value.maps[UPPER];
      const changes = [...upper.entries()].map(([index]) => ({ layer: UPPER, index, state: NONE }) as const);
      const done = file.value.header.folding
        ? failure('io', 'a commit of its changes was ended half-way: commit them again, to the end')
        : await file.value.commit(changes);
      file.value.close();
      return done;
    });
  }

  /**
   * Makes one of what the disk was made of and what was written since; with a base the whole of that is copied too, and it is not needed any more.
   * Ended half-way, the disk shows what it showed.
   */
  async commitDisk(id: string, options: ExportOptions = {}): Promise<BlockResult> {
    return this.locked(id, 'exclusive', async () => {
      const file = await openFile(id);
      if (!file.ok) return file;
      const base = await this.base(file.value.header.base, options);
      const done = base.ok ? await foldLayers(file.value, base.value, options) : base;
      file.value.close();
      if (base.ok) await base.value?.close();
      if (!done.ok) return options.signal?.aborted ? cancelled() : done;
      return this.listed((list) => this.changeInfo(list, id, { base: null }));
    });
  }

  /** Makes a disk like this one, over the same base. */
  async duplicateDisk(id: string, name: string, options: ExportOptions = {}): Promise<BlockResult<DiskInfo>> {
    return this.locked(id, 'shared', async () => {
      const from = await openFile(id);
      if (!from.ok) return from;
      const { size: capacity, base } = from.value.header;
      const copied = await this.filled({ name, capacity, base }, from.value.header, (to) =>
        copyLayers(from.value, to, options),
      );
      from.value.close();
      return copied;
    });
  }

  /** Makes a disk of an image in any format that can be read, without a backing file. */
  async importDisk(name: string, image: Blob, options: ExportOptions = {}): Promise<BlockResult<DiskInfo>> {
    const node = new BlobNode(image);
    const opened = await openImageFile({ node, id: 'image', name: 'the image' }, { readOnly: true });
    if (!opened.ok) return opened;
    const source = opened.value.node;
    const capacity = Math.ceil(source.size / SECTOR) * SECTOR;
    const made =
      capacity === 0
        ? failure('io', 'the image is empty')
        : await this.filled({ name, capacity }, null, (file) => copyIn(source, file, options));
    await source.close();
    return made;
  }

  /**
   * Begins a disk for what a running machine has written and goes on to write.
   * @param below what the disk shows at first: its base, which is the new disk's to close, or where it has none a disk that is copied whole
   */
  async beginDisk(
    disk: NewDisk,
    below: BlockNode,
    options: ExportOptions = {},
  ): Promise<BlockResult<DiskInMaking>> {
    const id = crypto.randomUUID();
    const release = await tryLock(databaseName(id), 'exclusive', 'the new disk is in use');
    if (!release.ok) return release;
    const remove = async (): Promise<void> => {
      await this.listed((list) => this.removeListed(list, id));
      release.value();
    };
    const made = await this.make(disk, { id, incomplete: true });
    const copied =
      made.ok && !disk.base
        ? await this.fill(id, null, (file) => copyIn(below, file, options))
        : (made as BlockResult<unknown>);
    const file = copied.ok ? await openFile(id) : (copied as BlockResult<never>);
    if (!made.ok || !file.ok) {
      await remove();
      return made.ok ? (file as BlockResult<never>) : made;
    }
    const { incomplete: _, ...info } = made.value;
    const node = new IndexedDbNode({
      file: file.value,
      backing: disk.base ? below : null,
      resized: (capacity) => this.listed((list) => this.changeInfo(list, id, { capacity })),
      closed: release.value,
    });
    return success({
      info,
      node,
      keep: () => this.listed((list) => this.changeInfo(list, id, { incomplete: undefined })),
      drop: async () => {
        await node.abandon();
        await remove();
      },
    });
  }

  private async removeListed(list: Database, id: string): Promise<BlockResult> {
    await unlist(list, id);
    return deleteDatabase(databaseName(id));
  }

  /** Makes a disk that `fill` puts something into; if that fails it is removed again. */
  private async filled(
    disk: NewDisk,
    header: DiskHeader | null,
    fill: (file: DiskFile) => Promise<BlockResult>,
  ): Promise<BlockResult<DiskInfo>> {
    const id = crypto.randomUUID();
    const release = await tryLock(databaseName(id), 'exclusive', 'the new disk is in use');
    if (!release.ok) return release;
    try {
      // Whoever finds it incomplete and has its lock may remove it.
      const made = await this.make(disk, { id, incomplete: true });
      if (!made.ok) return made;
      const { incomplete, ...info } = made.value;
      const filled = await this.fill(id, header, fill);
      const done = filled.ok
        ? await this.listed((list) => this.changeInfo(list, id, { incomplete: undefined }))
        : filled;
      if (done.ok) return success(info);
      await this.listed((list) => this.removeListed(list, id));
      return done;
    } finally {
      release.value();
    }
  }

  private async fill(
    id: string,
    header: DiskHeader | null,
    fill: (file: DiskFile) => Promise<BlockResult>,
  ): Promise<BlockResult> {
    const file = await openFile(id);
    if (!file.ok) return file;
    try {
      const same = header ? await file.value.commit([], { header }) : DONE;
      return same.ok ? await fill(file.value) : same;
    } catch (error) {
      return storeFailure(error);
    } finally {
      file.value.close();
    }
  }

  /** Makes a disk larger; what is new reads as zeros. */
  async resizeDisk(id: string, capacity: number): Promise<BlockResult> {
    if (!Number.isSafeInteger(capacity) || capacity % SECTOR !== 0)
      return failure('range', `a disk of ${capacity} bytes: its size is a multiple of ${SECTOR}`);
    return this.locked(id, 'exclusive', async () => {
      const file = await openFile(id);
      if (!file.ok) return file;
      const { header } = file.value;
      const resized =
        capacity < header.size
          ? failure('range', 'a smaller disk would lose what is at its end')
          : await file.value.commit([], { header: { ...header, size: capacity } });
      file.value.close();
      return resized.ok ? this.listed((list) => this.changeInfo(list, id, { capacity })) : resized;
    });
  }

  /** Writes a disk into `sink` as an image that needs no other file. */
  async exportDisk(
    id: string,
    format: 'raw' | 'qcow2',
    sink: ExportSink,
    options: ExportOptions = {},
  ): Promise<BlockResult> {
    const opened = await this.openDisk(id, { readOnly: true, signal: options.signal });
    if (!opened.ok) return options.signal?.aborted ? cancelled() : opened;
    try {
      const done = await (format === 'raw' ? exportRaw : exportQcow2)(opened.value, sink, options);
      return !done.ok && options.signal?.aborted ? cancelled() : done;
    } catch (error) {
      return failure(
        'io',
        `the image could not be written: ${error instanceof Error ? error.message : error}`,
      );
    } finally {
      await opened.value.close();
    }
  }

  /** A disk as a file to download. */
  async exportBlob(
    id: string,
    format: 'raw' | 'qcow2',
    options: ExportOptions = {},
  ): Promise<BlockResult<Blob>> {
    const sink = new BlobSink();
    const done = await this.exportDisk(id, format, sink, options);
    return done.ok ? success(sink.blob()) : done;
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

/** Copies a disk to where a new one has what it was made of, and closes the file. */
async function copyIn(source: BlockNode, file: DiskFile, options: ExportOptions): Promise<BlockResult> {
  const target = new IndexedDbNode({ file, layer: LOWER });
  const copied = await copyDisk(source, target, { ...options, zeroTarget: true, sparse: RECORD });
  const closed = await target.close();
  return copied.ok ? closed : copied;
}

function unlist(list: Database, id: string): Promise<void> {
  return list.store('strict')('readwrite', (store) => {
    store.delete(id);
    return ended(store.transaction);
  });
}

async function openFile(id: string, fresh?: DiskHeader): Promise<BlockResult<DiskFile>> {
  const database = await openDatabase(databaseName(id), { existing: !fresh });
  if (!database.ok) return database;
  const file = await DiskFile.open(database.value, fresh);
  if (!file.ok) database.value.close();
  return file;
}

const gone = (): BlockResult<never> => failure('io', 'there is no such disk any more');
