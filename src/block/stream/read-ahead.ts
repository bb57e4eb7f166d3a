/**
 * What a guest will read next, from what it has read: it reads files from their beginning to their end, several at a time, with metadata in
 * between. A stream is where such reads go on; the longer it is, the further ahead of it is fetched. How far is learnt: what was
 * fetched ahead and never read halves it, what was read lets it grow again.
 */

/** Streams that are followed at a time. */
const STREAMS = 16;
/** A read that begins so near behind the end of a stream goes on with it: file systems leave gaps, and drivers reorder requests. */
const GAP = 128 << 10;
/** So much was read in a row before anything is fetched ahead. */
const RUN_MIN = 192 << 10;
const DEPTH_MAX = 16 << 20;
const DEPTH_MIN = 1 << 20;
/** While so much lies ahead, it goes on by as much at once: what is asked for together is read together. */
const STEP = 4 << 20;

interface Stream {
  /** Where the next read is expected. */
  next: number;
  /** Bytes read in a row. */
  run: number;
  /** End of what was asked for ahead. */
  ahead: number;
}

/** A range of bytes. */
export interface Range {
  start: number;
  end: number;
}

export class ReadAhead {
  /** The one that went on last at the end. */
  private streams: Stream[] = [];
  /** Bytes that are fetched ahead of a long stream. */
  private depth = DEPTH_MAX / 2;

  /** Takes note of a read. @returns bytes to fetch ahead; null: none, or no more than before */
  note(offset: number, length: number): Range | null {
    const end = offset + length;
    const found = this.streams.findIndex(({ next }) => Math.abs(offset - next) <= GAP);
    if (found < 0) {
      if (this.streams.length === STREAMS) this.streams.shift();
      this.streams.push({ next: end, run: length, ahead: end });
      return null;
    }
    const [stream] = this.streams.splice(found, 1);
    this.streams.push(stream);
    stream.run += Math.max(0, end - stream.next);
    stream.next = Math.max(stream.next, end);
    if (stream.run < RUN_MIN) return null;
    // As far as it has come, so that short files cost little.
    const wanted = stream.next + Math.min(2 * stream.run, this.depth);
    const start = Math.max(stream.ahead, stream.next);
    if (wanted <= start || (wanted - start < STEP && start - stream.next >= STEP)) return null;
    stream.ahead = wanted;
    return { start, end: wanted };
  }

  /** Of what `note` gave last, only what lies before `end` was fetched. */
  stoppedAt(end: number): void {
    const stream = this.streams.at(-1);
    if (stream) stream.ahead = Math.max(end, stream.next);
  }

  /** Something that was fetched ahead was read, or was given up before. */
  learn(used: boolean): void {
    this.depth = used ? Math.min(this.depth + DEPTH_MIN / 4, DEPTH_MAX) : Math.max(this.depth / 2, DEPTH_MIN);
  }
}
