/** What a guest changed in a shared folder, on its way to the driver: it stays here until the driver says that it has it. */
import type { FolderPiece } from '../core/runner-api.ts';
import type { FolderChange } from '../core/vm-api.ts';

/** Bytes of files, and changes, that go at once: a browser gives a driver only so much in one answer. */
const BATCH_BYTES = 4 << 20;
const BATCH_CHANGES = 1000;

export type OutboxChange = FolderPiece<{ bytes: Uint8Array }>;

export interface OutboxBatch {
  /** To be given back once its changes are made. */
  number: number;
  changes: OutboxChange[];
  /** There is more of what was found in the same look. */
  more: boolean;
}

const START = { index: 0, part: 0, offset: 0 };
const NOTHING = { offset: 0, bytes: new Uint8Array(0) };

export class FolderOutbox {
  readonly #look: () => FolderChange[];
  #waiting: FolderChange[] = [];
  /** The place of what goes next: in `waiting`, in the parts of a file, and in the bytes of one. */
  #at = START;
  #sent: OutboxBatch = { number: 0, changes: [], more: false };
  #after = START;

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
      this.#at = START;
      this.#after = START;
      this.#waiting = this.#look();
    }
    let { index, part, offset } = this.#at;
    const changes: OutboxChange[] = [];
    let left = BATCH_BYTES;
    while (index < this.#waiting.length && changes.length < BATCH_CHANGES && left > 0) {
      const change = this.#waiting[index];
      if (change.kind !== 'file') {
        changes.push(change);
        index++;
        continue;
      }
      const { parts, ...file } = change;
      // A file that was only cut off, or is empty, has no parts.
      const whole = parts[part] ?? NOTHING;
      const bytes = whole.bytes.subarray(offset, offset + left);
      const begins = part === 0 && offset === 0;
      left -= bytes.length;
      const at = whole.offset + offset;
      offset += bytes.length;
      if (offset === whole.bytes.length) {
        part++;
        offset = 0;
      }
      const ends = part >= parts.length;
      changes.push({ ...file, bytes, offset: at, begins, ends });
      if (!ends) continue;
      index++;
      part = 0;
    }
    this.#after = { index, part, offset };
    this.#sent = { number: taken + 1, changes, more: index < this.#waiting.length };
    return this.#sent;
  }
}
