import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RunnerFolderChange } from '../core/runner-api.ts';

/**
 * Makes a guest's changes of a shared folder in the folder itself. Never through a symbolic link: what the guest calls a folder may be one here, which it
 * was not shown, and would lead it out.
 */
export class FolderWriter {
  readonly #root: string;
  /** A file whose pieces are not wanted any more: one of them could not be written. */
  #given: string | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  /** @returns what could not be done, for people */
  apply(changes: readonly RunnerFolderChange[]): string[] {
    return changes.flatMap((change) => {
      const later = change.kind === 'file' && change.offset > 0;
      if (later && change.path === this.#given) return [];
      this.#given = null;
      try {
        this.#make(change);
        return [];
      } catch (error) {
        this.#given = change.path;
        return [`${change.path}: ${(error as Error).message}`];
      }
    });
  }

  #make(change: RunnerFolderChange): void {
    const path = this.#place(change.path);
    if (change.kind === 'removed') {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory()) rmdirSync(path);
      else if (found?.isFile()) unlinkSync(path);
      // The guest was never shown it: what it removed is a file of its own, which had no place here.
      else if (found) throw new Error('there is something else of this name');
    } else if (change.kind === 'folder') {
      if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(path);
    } else {
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found && !found.isFile()) throw new Error('there is something else of this name');
      const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
      const { offset } = change;
      const how = O_WRONLY | O_NOFOLLOW | (offset === 0 ? O_CREAT | O_TRUNC : 0);
      const file = openSync(path, how, change.executable ? 0o777 : 0o666);
      try {
        const bytes = Buffer.from(change.data, 'latin1');
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, undefined, offset + at);
      } finally {
        closeSync(file);
      }
      // What a file of the host's could do before, it can still do.
      if (change.executable && !found) chmodSync(path, lstatSync(path).mode | 0o100);
    }
  }

  /** Where a path of the guest's lies: below the folder, with nothing but folders on its way. */
  #place(path: string): string {
    const names = path.split('/').filter((name) => name !== '');
    let at = this.#root;
    names.forEach((name, index) => {
      if (name === '.' || name === '..' || /[\0\\]/.test(name))
        throw new Error('the host takes no such name');
      at = join(at, name);
      if (index === names.length - 1) return;
      const found = lstatSync(at, { throwIfNoEntry: false });
      if (!found?.isDirectory()) throw new Error('its folder is not there, or is a link');
    });
    if (names.length === 0) throw new Error('it has no name');
    return at;
  }
}
