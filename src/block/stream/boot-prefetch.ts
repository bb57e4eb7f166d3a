import type { BlockResult } from '../block-node.ts';
import { retryDelay } from '../network/retry.ts';

export interface BootPrefetchOptions {
  /** Chunks that may have been fetched without having been read. */
  window: number;
  /** Whether a chunk need not be fetched. */
  here(index: number): boolean;
  /** Bytes of a stored chunk. */
  bytes(index: number): number;
  load(index: number): Promise<BlockResult<unknown>>;
  changed(): void;
}

/** Chunks that are asked for at a time: the queue of the loader has to see what comes next. */
const AT_A_TIME = 8;

/** Fetches the chunks that a start reads, in their order, while there is room for them; a failure makes it wait and go on. */
export class BootPrefetch {
  private readonly list: readonly number[];
  private readonly options: BootPrefetchOptions;
  private next = 0;
  private loading = 0;
  private readonly total: number;
  private done = 0;
  private failures = 0;
  /** Chunks that were fetched and not read. */
  private readonly unread = new Set<number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;

  constructor(list: readonly number[], options: BootPrefetchOptions) {
    this.list = list;
    this.options = options;
    this.total = list.reduce((sum, index) => sum + options.bytes(index), 0);
  }

  /** Bytes. */
  get state(): { total: number; done: number } {
    return { total: this.total, done: this.done };
  }

  start(): void {
    this.running = true;
    this.pump();
  }

  stop(): void {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** A chunk was read, or is not in memory any more. */
  released(index: number): void {
    if (this.unread.delete(index)) this.pump();
  }

  private pump(): void {
    const { window, here, bytes } = this.options;
    while (
      this.running &&
      this.timer === undefined &&
      this.next < this.list.length &&
      this.loading < AT_A_TIME &&
      this.unread.size + this.loading < window
    ) {
      const index = this.list[this.next++];
      if (here(index)) {
        this.done += bytes(index);
        continue;
      }
      this.loading++;
      void this.fetch(index);
    }
  }

  private async fetch(index: number): Promise<void> {
    this.unread.add(index);
    const result = await this.options.load(index);
    this.loading--;
    this.done += this.options.bytes(index);
    if (result.ok) this.failures = 0;
    else {
      this.unread.delete(index);
      this.failures++;
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.pump();
      }, retryDelay(this.failures));
    }
    this.options.changed();
    this.pump();
  }
}
