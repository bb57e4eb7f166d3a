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
import { retryDelay, ServerWatch, untilRetry } from '../network/retry.ts';

export type Chunk = Uint8Array<ArrayBuffer>;

/** Where expanded chunks are kept between starts, by the SHA-256 of what they are stored as. It loses what it likes. */
export interface ChunkStore {
  /** It has not yet written what it was given. */
  readonly busy?: boolean;
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

export class ChunkLoader {
  private readonly counts = { fetched: 0, cached: 0, loading: 0 };
  private readonly options: LoaderOptions;
  private readonly abort = new AbortController();
  private readonly queue = new FetchQueue();
  private readonly loads = new Map<number, Load>();
  private readonly changed: () => void;
  private readonly server: ServerWatch;

  /** @param changed is called when `state` has changed */
  constructor(options: LoaderOptions, changed: () => void) {
    this.options = options;
    this.changed = changed;
    this.server = new ServerWatch(this.abort.signal, changed, options.random);
  }

  get state(): LoaderState {
    const { problem, retryAt } = this.server;
    return { ...this.counts, problem, retryAt };
  }

  /** The server answers, as far as is known. */
  get online(): boolean {
    return this.server.problem === null;
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
    this.counts.loading++;
    load.result = this.run(index, load).finally(() => {
      this.loads.delete(index);
      this.counts.loading--;
      this.changed();
    });
    this.changed();
    return load.result;
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
        this.counts.cached++;
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
    const { signal } = this.abort;
    const counts = { wrong: 0, missing: 0 };
    const tried = await this.server.insist<BlockResult<Uint8Array<ArrayBuffer>>>(async () => {
      for (;;) {
        const answer = await this.attempt(url, file, load, counts.wrong > 0);
        if (signal.aborted) return { result: CLOSED };
        if ('bytes' in answer) {
          this.server.reached();
          return { result: success(answer.bytes) };
        }
        const { kind, problem } = answer;
        if (kind === 'passing' && load.urgency === 'demand') return { passing: problem };
        if (kind === 'passing') {
          this.server.missed(problem);
          return { result: failure('io', problem) };
        }
        counts[kind]++;
        // A cache on the way may have kept a damaged file: once it is asked for past all of them.
        const last = kind === 'wrong' ? counts.wrong > 1 : counts.missing >= MISSING_ATTEMPTS;
        if (last || (kind === 'missing' && load.urgency !== 'demand'))
          return { result: failure('io', problem) };
        if (kind === 'missing') await untilRetry(retryDelay(counts.missing, this.options.random?.()), signal);
      }
    }, this.options.giveUpMs);
    if (signal.aborted) return CLOSED;
    return 'problem' in tried ? failure('io', tried.problem) : tried.result;
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
            this.counts.fetched += count;
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
}

const globalFetch: Fetch = (url, init) => fetch(url, init);
const CLOSED = failure('io', 'the image is closed');
