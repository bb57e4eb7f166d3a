/** Puts what a guest writes into shared folders into the host's, as it goes on and at the end. */
import { setTimeout as wait } from 'node:timers/promises';
import type { RunnerFolderBatch } from '../core/runner-api.ts';
import { FolderWriter } from './folder-writer.ts';

/** How often what a guest wrote is looked for. */
const LOOK_MS = 500;
/** At the end a page that gives nothing for this long is given up. */
const SILENCE_MS = 5000;

export interface FolderSource {
  /** @param taken the number of the last batch whose changes are made */
  folderChanges(tag: string, taken: number): Promise<RunnerFolderBatch>;
}

interface Shared {
  tag: string;
  path: string;
  writer: FolderWriter;
  taken: number;
  failing: boolean;
}

export class FolderSync {
  readonly #source: FolderSource;
  readonly #shared: Shared[];
  readonly #say: (line: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #looking = Promise.resolve();
  #ended = false;
  #batches = 0;

  /** @param say tells a person */
  constructor(
    source: FolderSource,
    folders: readonly { tag: string; path: string }[],
    say: (line: string) => void,
  ) {
    this.#source = source;
    this.#say = say;
    this.#shared = folders.map(({ tag, path }) => ({
      ...{ tag, path, taken: 0, failing: false },
      writer: new FolderWriter(path),
    }));
  }

  start(): void {
    if (this.#ended || this.#shared.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().then(() => this.start());
    }, LOOK_MS);
  }

  /** Looks a last time. @param silence ms without an answer after which the rest is given up */
  async end(silence = SILENCE_MS): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    let done = this.#shared.length === 0;
    const last = this.#looking
      .then(() => this.#look())
      .then(() => {
        done = true;
      });
    for (let before = -1; !done && before !== this.#batches; ) {
      before = this.#batches;
      await Promise.race([last, wait(silence, undefined, { ref: false })]);
    }
    for (const { writer } of this.#shared) writer.close();
    if (done) return;
    const paths = this.#shared.map(({ path }) => path).join(', ');
    this.#say(`the folder ${paths}: the page does not answer: what the guest wrote last is missing there`);
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    for (const shared of this.#shared) {
      try {
        await this.#takeAll(shared);
        shared.failing = false;
      } catch (error) {
        // What fails every time is said once, and at the end.
        if (!shared.failing || this.#ended)
          this.#say(
            `the folder ${shared.path}: what the guest wrote could not be fetched: ${(error as Error).message.split('\n')[0]}`,
          );
        shared.failing = true;
      }
    }
  }

  async #takeAll(shared: Shared): Promise<void> {
    for (let more = true; more; ) {
      const batch = await this.#source.folderChanges(shared.tag, shared.taken);
      for (const problem of shared.writer.apply(batch.changes))
        this.#say(`the folder ${shared.path}: ${problem}`);
      shared.taken = batch.number;
      this.#batches++;
      ({ more } = batch);
    }
  }
}
