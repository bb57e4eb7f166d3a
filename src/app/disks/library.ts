/** The disks that the browser stores, as the page uses them: loaded when they are first needed; failures are errors with a message for people. */
import type { BlockResult } from '../../block/block-node.ts';
import type { DiskInfo, DiskSizes, Disks } from '../../block/store/disks.ts';
import { hasIndexedDb } from '../../core/indexed-db.ts';
import type { Task } from '../task.ts';

export type { DiskInfo, DiskSizes } from '../../block/store/disks.ts';
export type ExportFormat = 'raw' | 'qcow2';

/** What the browser says of the room for this site, bytes. */
export interface Room {
  used: number;
  quota: number;
  /** The browser will not clear it without being asked. */
  persisted: boolean;
}

const load = () => import('../../machine/stored-disk.ts');

/** What to say where the browser keeps nothing. */
export function storeProblem(error: Error): string {
  // Without IndexedDB the code that wants it fails, in words for programmers.
  const reason = hasIndexedDb() ? error.message : 'it has no IndexedDB.';
  return `This browser keeps no disks for this page: ${reason} In a private window, or with cookies and site data blocked, machines run all the same, but nothing of them is kept.`;
}

function value<T>(result: BlockResult<T>): T {
  if (result.ok) return result.value;
  const { message } = result.error;
  throw new Error(`${message[0].toUpperCase()}${message.slice(1)}.`);
}

async function disks(): Promise<Disks> {
  return (await load()).storedDisks();
}

export async function listDisks(): Promise<DiskInfo[]> {
  return value(await (await disks()).listDisks());
}

export async function diskSizes(id: string): Promise<DiskSizes> {
  return value(await (await disks()).diskSizes(id));
}

/**
 * Makes an empty disk, or one that shows an image until the guest writes to it.
 * @param capacity bytes; 0: as large as the image
 * @param image its address; null: none
 */
export async function createDisk(name: string, capacity: number, image: string | null): Promise<DiskInfo> {
  const { storedDisks, createOver } = await load();
  const all = storedDisks();
  const free = await freeName(name);
  return value(
    await (image === null ? all.createDisk({ name: free, capacity }) : createOver(free, image, capacity)),
  );
}

/** Copies an image of any format that can be read into a new disk. */
export async function importDisk(file: Blob, name: string, task: Task): Promise<DiskInfo> {
  const all = await disks();
  return value(await all.importDisk(await freeName(name), file, task));
}

export async function exportDisk(id: string, format: ExportFormat, task: Task): Promise<Blob> {
  return value(await (await disks()).exportBlob(id, format, task));
}

export async function duplicateDisk(id: string, name: string, task: Task): Promise<DiskInfo> {
  const all = await disks();
  return value(await all.duplicateDisk(id, await freeName(name), task));
}

/** Copies what the disk still takes from its base, so that it does not need it any more. */
export async function commitDisk(id: string, task: Task): Promise<void> {
  value(await (await disks()).commitDisk(id, task));
}

export async function discardDisk(id: string): Promise<void> {
  value(await (await disks()).discardDisk(id));
}

export async function resizeDisk(id: string, capacity: number): Promise<void> {
  value(await (await disks()).resizeDisk(id, capacity));
}

export async function renameDisk(id: string, name: string): Promise<void> {
  value(await (await disks()).renameDisk(id, name));
}

export async function removeDisk(id: string): Promise<void> {
  value(await (await disks()).removeDisk(id));
}

/** A name for a disk that no other has. */
export async function freeName(wanted: string): Promise<string> {
  const all = await disks();
  const taken = new Set(value(await all.listDisks()).map(({ name }) => name));
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted} ${number}`;
  return name;
}

/** Null where the browser does not say. */
export async function room(): Promise<Room | null> {
  const { storage } = navigator;
  if (!storage?.estimate) return null;
  const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([
    storage.estimate(),
    storage.persisted?.() ?? false,
  ]);
  return { used: usage, quota, persisted };
}

/** Asks the browser not to clear this site's data by itself. @returns whether it agreed */
export async function keepData(): Promise<boolean> {
  return (await navigator.storage?.persist?.()) ?? false;
}
