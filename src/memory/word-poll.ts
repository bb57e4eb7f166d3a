/**
 * Looking at a shared word for a moment before sleeping on it. Waking a thread takes tens of microseconds, as long as a guest's request to a disk in
 * memory: page and vCPU would spend more time waking each other than working.
 *
 * How long is found from how long the last waits took, as KVM's `halt_poll_ns` does it: where they end soon the window grows, and after a long one it
 * is gone. So whoever waits for something that takes its time does not keep a core busy.
 */

/** Window after the first short wait, and the longest, ms. */
const FIRST_MS = 0.01;
const LONGEST_MS = 0.1;
/** Looks between two readings of the clock. */
const LOOKS = 50;

export class WordPoll {
  private readonly words: Int32Array;
  private readonly index: number;
  private readonly now: () => number;
  private readonly longest: number;
  private window = 0;
  private began = 0;

  /**
   * @param index of the word among `words`
   * @param cores of the host: with one only, whoever would change the word waits for the core
   */
  constructor(words: Int32Array, index: number, cores: number, now: () => number = () => performance.now()) {
    this.words = words;
    this.index = index;
    this.now = now;
    this.longest = cores > 1 ? LONGEST_MS : 0;
  }

  /** Begins a wait: looks at the word for as long as seems worth it. @returns whether it is another than `seen`: then the wait is over */
  look(seen: number, limitMs = LONGEST_MS): boolean {
    const { words, index } = this;
    this.began = this.now();
    if (this.window === 0) return false;
    const end = this.began + Math.min(this.window, limitMs);
    do {
      for (let i = 0; i < LOOKS; i++) if (Atomics.load(words, index) !== seen) return true;
    } while (this.now() < end);
    return false;
  }

  /** The wait is over, after a sleep: chooses the next one's window. */
  slept(): void {
    if (this.now() - this.began > LONGEST_MS) this.window = 0;
    else this.window = Math.min(Math.max(2 * this.window, FIRST_MS), this.longest);
  }
}
