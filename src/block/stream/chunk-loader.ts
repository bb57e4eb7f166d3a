/**
 * Gets an image's chunks: from the cache, else from the server, as often as it takes. Whoever the guest waits for is retried until `giveUpMs`
 * are over; what is fetched ahead is let go at the first failure, and nothing is fetched ahead while the network is down.
 */
import type { DriveStream } from '../../core/vm-api.ts';
import { type BlockResult, failure, success } from '../block-node.ts';
import { type Fetch, type FileAnswer, fetchFile } from './chunk-fetch.ts';
import { decodeChunk } from './decode.ts';
import { FetchQueue, type Urgency } from './fetch-queue.ts';
import { type ChunkFile, chunkLength, chunkPath, type ImageManifest } from './manifest.ts';
import { retryDelay, untilRetry } from './retry.ts';

export type Chunk = Uint8Array<ArrayBuffer>;

/** Where expanded chunks are kept between starts, by the SHA-256 of what they are stored as. It loses what it likes. */
export interface ChunkStore {
  has(sha256: string): boolean;
  /** null: it is not there any more. */
  get(sha256: string): Promise<Chunk | null>;
  put(sha256: string, chunk: Chunk): void;
}

export interface LoaderOptions {
  manifest: ImageManifest;
  /** Absolute address of the manifest. */
  url: string;
  /** Default: the one of page or worker. */
  fetch?: Fetch | undefined;
  store?: ChunkStore | null | undefined;
  /** How long a read of the guest waits for a network that is down before it fails, ms. Default: for ever. */
  giveUpMs?: number | undefined;
  /** Default: Math.random. */
  random?: (() => number) | undefined;
}

type LoaderState = Pick<DriveStream, 'fetched' | 'cached' | 'loading' | 'problem' | 'retryAt'>;

/** A file that is missing is asked for again: servers that are being updated lack some for a moment. */
const MISSING_ATTEMPTS = 3;

interface Load {
  urgency: Urgency;
  /** Tells the queue that it waits in of a higher urgency. */
  urge: ((urgency: Urgency) => void) | null;
  result: Promise<BlockResult<Chunk>>;
}

/** A time without the server. All who were refused wait together. */
interface Outage {
  failures: number;
  over: Promise<void>;
}

export class ChunkLoader {
  readonly state: LoaderState = { fetched: 0, cached: 0, loading: 0, problem: null, retryAt: null };
  private readonly options: LoaderOptions;
  private readonly abort = new AbortController();
  private readonly queue = new FetchQueue();
  private readonly loads = new Map<number, Load>();
  private readonly changed: () => void;
  private outage: Outage | null = null;

  /** @param changed is called when `state` has changed */
  constructor(options: LoaderOptions, changed: () => void) {
    this.options = options;
    this.changed = changed;
  }

  /** The server answers, as far as is known. */
  get online(): boolean {
    return this.state.problem === null;
  }

  /** A chunk that is stored and not zeros. One that is on its way already comes as urgently as it is wanted most. */
  load(index: number, urgency: Urgency): Promise<BlockResult<Chunk>> {
    let load = this.loads.get(index);
    if (load) {
      if (urgency === 'demand') load.urgency = urgency;
      load.urge?.(urgency);
      return load.result;
    }
    load = { urgency, urge: null, result: Promise.resolve(CLOSED) };
    this.loads.set(index, load);
    this.state.loading++;
    load.result = this.run(index, load).finally(() => {
      this.loads.delete(index);
      this.state.loading--;
      this.changed();
    });
    this.changed();
    return load.result;
  }

  /** Whether a chunk is on its way. */
  isLoading(index: number): boolean {
    return this.loads.has(index);
  }

  close(): void {
    this.abort.abort();
  }

  private async run(index: number, load: Load): Promise<BlockResult<Chunk>> {
    const { manifest, store } = this.options;
    const file = manifest.chunks[index]!;
    const length = chunkLength(manifest, index);
    if (store?.has(file.sha256)) {
      const chunk = await store.get(file.sha256);
      if (chunk?.length === length) {
        this.state.cached++;
        return success(chunk);
      }
    }
    const url = new URL(chunkPath(manifest.url, file.sha256), this.options.url).href;
    const stored = await this.download(url, file, load);
    if (!stored.ok) return stored;
    const chunk = await decodeChunk(stored.value, manifest.compression, length);
    if (!chunk) return failure('io', `${url}: it does not unpack to ${length} bytes`);
    store?.put(file.sha256, chunk);
    return success(chunk);
  }

  private async download(
    url: string,
    file: ChunkFile,
    load: Load,
  ): Promise<BlockResult<Uint8Array<ArrayBuffer>>> {
    const { giveUpMs = Number.POSITIVE_INFINITY } = this.options;
    const { signal } = this.abort;
    const counts = { passing: 0, wrong: 0, missing: 0 };
    let since: number | null = null;
    for (;;) {
      const { outage } = this;
      const answer = await this.attempt(url, file, load, counts.wrong > 0);
      if (signal.aborted) return CLOSED;
      if ('bytes' in answer) {
        this.outage = null;
        this.show(null, null);
        return success(answer.bytes);
      }
      const { kind, problem } = answer;
      counts[kind]++;
      // A cache on the way may have kept a damaged file: once it is asked for past all of them.
      if (kind === 'wrong' && counts.wrong === 1) continue;
      if (kind === 'wrong' || counts.missing >= MISSING_ATTEMPTS) return failure('io', problem);
      if (load.urgency !== 'demand') {
        if (kind === 'passing') this.show(problem, this.state.retryAt);
        return failure('io', problem);
      }
      since ??= Date.now();
      const left = since + giveUpMs - Date.now();
      if (left <= 0)
        return failure('io', `${problem}; it was given up after ${Math.round(giveUpMs / 1000)} s`);
      if (kind === 'missing') await untilRetry(retryDelay(counts.missing, this.options.random?.()), signal);
      else {
        // Whoever is the first to fail says when all try again.
        if (this.outage === outage) this.refused(problem, left);
        await this.outage!.over;
      }
      if (signal.aborted) return CLOSED;
    }
  }

  private attempt(url: string, file: ChunkFile, load: Load, reload: boolean): Promise<FileAnswer> {
    const ticket = this.queue.run(
      () =>
        fetchFile(this.options.fetch ?? globalFetch, {
          ...file,
          url,
          signal: this.abort.signal,
          background: load.urgency !== 'demand',
          reload,
          received: (count) => {
            this.state.fetched += count;
            this.changed();
          },
        }),
      load.urgency,
    );
    load.urge = ticket.urge;
    return ticket.result.finally(() => {
      load.urge = null;
    });
  }

  private refused(problem: string, left: number): void {
    const failures = (this.outage?.failures ?? 0) + 1;
    const delay = Math.min(retryDelay(failures, this.options.random?.()), left);
    this.outage = { failures, over: untilRetry(delay, this.abort.signal) };
    this.show(problem, Date.now() + delay);
  }

  /** Sets what is known of the server. */
  private show(problem: string | null, retryAt: number | null): void {
    const { state } = this;
    if (state.problem === problem && state.retryAt === retryAt) return;
    state.problem = problem;
    state.retryAt = retryAt;
    this.changed();
  }
}

const globalFetch: Fetch = (url, init) => fetch(url, init);
const CLOSED = failure('io', 'the image is closed');
