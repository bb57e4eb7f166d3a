import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { RunnerFolderChange } from '../core/runner-api.ts';
import { hostPath } from './host-path.ts';

type FilePiece = Extract<RunnerFolderChange, { kind: 'file' }>;

/**
 * Makes a guest's changes of a shared folder in the folder itself. Never through a symbolic link: what the guest calls a folder may be one here, which it
 * was not shown, and would lead it out. A file is never cut off before it has its bytes: one that the guest has written into is written in place, a new one
 * gets its name when it is whole.
 */
export class FolderWriter {
  readonly #root: string;
  /** Files of which something could not be written: what comes of them later has nothing to go into, until they are made anew. */
  readonly #given = new Set<string>();
  /** A new file that has not its name yet. */
  #temporary: string | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  /** @returns what could not be done, for people */
  apply(changes: readonly RunnerFolderChange[]): string[] {
    return changes.flatMap((change) => {
      const isFirst = change.kind !== 'file' || (change.isNew && change.begins);
      if (isFirst) this.#given.delete(change.path);
      else if (this.#given.has(change.path)) return [];
      try {
        this.#make(change);
        return [];
      } catch (error) {
        this.close();
        this.#given.add(change.path);
        return [`${change.path}: ${(error as Error).message}`];
      }
    });
  }

  /** Removes what has been begun and has not ended. */
  close(): void {
    if (this.#temporary !== null) rmSync(hostPath(this.#temporary), { force: true });
    this.#temporary = null;
  }

  #make(change: RunnerFolderChange): void {
    const path = this.#place(change.path);
    if (change.kind === 'removed') {
      const found = lstatSync(hostPath(path), { throwIfNoEntry: false });
      if (found?.isDirectory()) rmdirSync(hostPath(path));
      else if (found?.isFile()) unlinkSync(hostPath(path));
      // The guest was never shown it: what it removed is a file of its own, which had no place here.
      else if (found) throw new Error('there is something else of this name');
    } else if (change.kind === 'folder') {
      if (!lstatSync(hostPath(path), { throwIfNoEntry: false })?.isDirectory()) mkdirSync(hostPath(path));
    } else this.#write(change, path);
  }

  #write(change: FilePiece, path: string): void {
    const { begins, ends, isNew, offset, executable } = change;
    const found = lstatSync(hostPath(path), { throwIfNoEntry: false });
    if (found && !found.isFile()) throw new Error('there is something else of this name');
    if (begins) this.close();
    if (begins && isNew) this.#temporary = join(dirname(path), `.snowglobe-${randomUUID()}`);
    if (isNew && this.#temporary === null) throw new Error('its beginning is missing');
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const how = O_WRONLY | O_NOFOLLOW | (begins && isNew ? O_CREAT | O_EXCL : 0);
    const file = openSync(hostPath(this.#temporary ?? path), how, executable ? 0o777 : 0o666);
    try {
      const bytes = Buffer.from(change.data, 'latin1');
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, undefined, offset + at);
      if (ends) ftruncateSync(file, change.size);
      if (ends && isNew) setPermissions(file, found, executable);
    } finally {
      closeSync(file);
    }
    if (!ends || this.#temporary === null) return;
    renameSync(hostPath(this.#temporary), hostPath(path));
    this.#temporary = null;
  }

  /** Where a path of the guest's lies: below the folder, with nothing but folders on its way. */
  #place(path: string): string {
    const names = path.split('/').filter((name) => name !== '');
    let at = this.#root;
    names.forEach((name, index) => {
      if (name === '.' || name === '..' || name.includes('\0') || (sep !== '/' && name.includes(sep)))
        throw new Error('the host takes no such name');
      at = join(at, name);
      if (index === names.length - 1) return;
      const found = lstatSync(hostPath(at), { throwIfNoEntry: false });
      if (!found?.isDirectory()) throw new Error('its folder is not there, or is a link');
    });
    if (names.length === 0) throw new Error('it has no name');
    return at;
  }
}

/** @param before the file of the host's that it takes the place of: who could do something with that one still can */
function setPermissions(file: number, before: Stats | undefined, executable: boolean): void {
  const { mode, uid, gid } = fstatSync(file);
  if (before && (before.uid !== uid || before.gid !== gid)) {
    try {
      fchownSync(file, before.uid, before.gid);
    } catch {
      // Only root gives files away: it is this user's now, as if this user had replaced it.
    }
  }
  if (before) fchmodSync(file, before.mode & 0o7777);
  else if (executable) fchmodSync(file, (mode & 0o7777) | 0o100);
}
