/** What a guest changed in a shared folder, on its way to the driver: it stays here until the driver says that it has it. */
import type { FolderChange } from '../core/vm-api.ts';

/** Bytes of files, and changes, that go at once: a browser gives a driver only so much in one answer. */
const BATCH_BYTES = 4 << 20;
const BATCH_CHANGES = 1000;

/** A change, or a piece of a file: from `offset` on. */
export type OutboxChange =
  | Exclude<FolderChange, { kind: 'file' }>
  | (Extract<FolderChange, { kind: 'file' }> & { offset: number });

export interface OutboxBatch {
  /** To be given back once its changes are made. */
  number: number;
  changes: OutboxChange[];
  /** There is more of what was found in the same look. */
  more: boolean;
}

export class FolderOutbox {
  readonly #look: () => FolderChange[];
  #waiting: FolderChange[] = [];
  /** The place of what goes next: in `waiting`, and in its bytes. */
  #at = { index: 0, offset: 0 };
  #sent: OutboxBatch = { number: 0, changes: [], more: false };
  #after = { index: 0, offset: 0 };

  /** @param look gives what has changed since it was called last */
  constructor(look: () => FolderChange[]) {
    this.#look = look;
  }

  /** @param taken the number of the last batch whose changes are made, 0 at first; another batch than that is given again */
  next(taken: number): OutboxBatch {
    if (taken !== this.#sent.number) return this.#sent;
    this.#at = this.#after;
    if (this.#at.index === this.#waiting.length) {
      this.#waiting = [];
      this.#at = { index: 0, offset: 0 };
      this.#after = this.#at;
      this.#waiting = this.#look();
    }
    let { index, offset } = this.#at;
    const changes: OutboxChange[] = [];
    let left = BATCH_BYTES;
    while (index < this.#waiting.length && changes.length < BATCH_CHANGES && left > 0) {
      const change = this.#waiting[index];
      if (change.kind !== 'file') {
        changes.push(change);
        index++;
        continue;
      }
      const bytes = change.bytes.subarray(offset, offset + left);
      changes.push({ ...change, bytes, offset });
      left -= bytes.length;
      offset += bytes.length;
      if (offset < change.bytes.length) continue;
      index++;
      offset = 0;
    }
    this.#after = { index, offset };
    this.#sent = { number: taken + 1, changes, more: index < this.#waiting.length };
    return this.#sent;
  }
}
