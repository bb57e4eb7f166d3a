/** Which parts of a sparse file are zeros. Node has no SEEK_HOLE: they are read, past the host's cache, until all that is stored has been seen. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const PAGE = 4096;
const PIECE = 4 << 20;
/** Files with less than half of it in holes are read once all the same, unless they are small. */
const SMALL = 64 << 20;
const ZEROS = Buffer.alloc(PIECE);

/** What is stored of a file that is only read, as far as it has been looked at. */
export class HoleMap {
  private readonly fd: number;
  private readonly path: string;
  private direct: number | null = null;
  private readonly buffer = Buffer.alloc(PIECE);
  private readonly size: number;
  /** Pages that the host says are stored, and that have not been found yet. */
  private missing: number;
  /** Pages with data: first and end of each run, in bytes. The last piece of the file is looked at first. */
  private readonly runs: number[] = [];
  private readonly tail: number[] = [];
  private readonly tailAt: number;
  /** All before has been looked at. */
  private seen = 0;

  private constructor(path: string, fd: number, size: number, stored: number) {
    this.path = path;
    this.fd = fd;
    this.size = size;
    this.missing = Math.ceil(stored / PAGE);
    this.tailAt = Math.max(0, Math.ceil(size / PIECE) - 1) * PIECE;
    try {
      this.direct = openSync(path, constants.O_RDONLY | (constants.O_DIRECT ?? 0));
    } catch {
      // Not all file systems have it.
    }
    if (this.missing > 0) this.look(this.tailAt, this.tail);
  }

  /** @returns null: it has no holes to speak of */
  static of(path: string, fd: number): HoleMap | null {
    const { size, blocks } = fstatSync(fd);
    const stored = blocks * 512;
    if (stored + PAGE > size || (stored > size / 2 && size > SMALL)) return null;
    return new HoleMap(path, fd, size, stored);
  }

  close(): void {
    if (this.direct !== null) closeSync(this.direct);
    this.direct = null;
  }

  /** Bytes from `offset` on, at most `length`, that are all zeros or all stored. @throws NodeJS.ErrnoException */
  at(offset: number, length: number): { length: number; zero: boolean } {
    const limit = Math.min(offset + length, this.size);
    for (;;) {
      const known = this.missing > 0 ? this.seen : this.tailAt;
      const found = runAt(offset < known ? this.runs : this.tail, offset);
      // A run, or a hole, is known to end only before what has not been looked at.
      if (offset >= this.tailAt || found.end < known)
        return { length: Math.min(found.end, limit) - offset, zero: found.zero };
      if (known >= this.tailAt) {
        const end = Math.max(offset, this.tailAt);
        const behind = runAt(this.tail, end);
        const joined = behind.zero === found.zero ? behind.end : end;
        return { length: Math.min(joined, limit) - offset, zero: found.zero };
      }
      if (offset < known && (known >= limit || !found.zero))
        return { length: Math.min(known, limit) - offset, zero: found.zero };
      this.look(this.seen, this.runs);
      this.seen += PIECE;
    }
  }

  /** Looks at a piece. */
  private look(from: number, runs: number[]): void {
    const { buffer } = this;
    const length = this.read(from);
    if (buffer.compare(ZEROS, 0, length, 0, length) === 0) return;
    for (let at = 0; at < length; at += PAGE) {
      const end = Math.min(at + PAGE, length);
      if (buffer.compare(ZEROS, at, end, at, end) === 0) continue;
      this.missing--;
      if (runs.at(-1) === from + at) runs.pop();
      else runs.push(from + at);
      runs.push(from + end);
    }
  }

  private read(from: number): number {
    const wanted = Math.min(PIECE, this.size - from);
    let done = 0;
    while (done < wanted) {
      let count = 0;
      try {
        // Holes are read so wherever the buffer lies; for data a device may want it elsewhere.
        if (this.direct !== null && done % PAGE === 0)
          count = readSync(this.direct, this.buffer, done, PIECE - done, from + done);
      } catch {
        // As others read it, then.
      }
      if (count === 0) count = readSync(this.fd, this.buffer, done, wanted - done, from + done);
      if (count === 0) throw new Error(`${this.path} was cut off meanwhile`);
      done += count;
    }
    return wanted;
  }
}

/** The run, or the hole between runs, that a byte is in, and its end. */
function runAt(runs: readonly number[], offset: number): { end: number; zero: boolean } {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle] <= offset) low = middle + 1;
    else high = middle;
  }
  return { end: runs[low] ?? Number.POSITIVE_INFINITY, zero: low % 2 === 0 };
}
