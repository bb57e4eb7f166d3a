/**
 * A file behind an HTTP server that answers byte ranges (RFC 9110, section 14). The server of the command line takes writes too: PUT
 * with Content-Range, which few others do. A PUT of no bytes whose range is an asterisk gives the file a length, and is answered when the
 * disk has all that was written before.
 */
import type { DriveStream } from '../../core/vm-api.ts';
import { passingStatus, receiveBytes, unlessStalled } from '../network/receive.ts';
import { ServerWatch } from '../network/retry.ts';
import {
  type BlockNode,
  type BlockResult,
  type BlockStatus,
  DONE,
  type Eventually,
  failure,
  outside,
  refused,
  storedStatus,
  success,
  writeZerosAsBytes,
} from '../block-node.ts';

export interface HttpNodeOptions {
  url: string;
  size: number;
  /** Entity tag of the file whose size was taken; another one means another file. */
  etag: string | null;
  /** Its Last-Modified: tells versions apart where there is no tag. */
  modified?: string | null;
  writable: boolean;
  /** How long a read waits for a network that is down before it fails, ms. Default: for ever. A file that is written to does not wait. */
  giveUpMs?: number | undefined;
}

const CHANGED = 'the file on the server is another one now: start the machine again';

/** How often a read may get another number of bytes than it asked for: a server that is wrong so often stays so. */
const WRONG_LENGTHS = 3;

/** What a server says of a file. */
export type HttpProbe =
  | { size: number; etag: string | null; modified: string | null; ranges: boolean }
  | { problem: string /** Nobody answered, or the server is out of order. */; unreachable?: boolean };

/** Asks for a file's size by reading its first byte: HEAD does not say whether ranges work. */
export async function probeHttp(url: string, signal?: AbortSignal): Promise<HttpProbe> {
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { Range: 'bytes=0-0' },
      cache: 'no-store',
      ...(signal && { signal }),
    });
  } catch {
    const problem = `it could not be fetched from ${url}: check the address and the network`;
    return { problem, unreachable: true };
  }
  const etag = response.headers.get('etag');
  const modified = response.headers.get('last-modified');
  const done = (result: HttpProbe): HttpProbe => {
    response.body?.cancel().catch(() => {});
    return result;
  };
  const total = /^bytes (?:\d+-\d+|\*)\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  // An empty file has no first byte.
  if ((response.status === 206 || response.status === 416) && total !== undefined) {
    return done({ size: Number(total), etag, modified, ranges: true });
  }
  if (!response.ok) {
    const { status } = response;
    const unreachable = status >= 500;
    const problem = unreachable
      ? `the server answered ${status} for ${url}; try again in a moment`
      : `it is not at ${url}: the server answered ${status}`;
    return done({ problem, unreachable });
  }
  if (response.headers.get('content-type')?.startsWith('text/html')) {
    return done({ problem: `it is not at ${url}: the server answered with a web page` });
  }
  return done({ size: 0, etag, modified, ranges: false });
}

export class HttpNode implements BlockNode {
  readonly readOnly: boolean;
  private length: number;
  private readonly url: string;
  private readonly etag: string | null;
  private readonly modified: string | null;
  private readonly abort = new AbortController();
  /** Writes go one after the other, and reads after them: a server promises no order of its own. */
  private writes: Promise<unknown> = Promise.resolve();
  /** Something was written since the last flush. */
  private unflushed = false;
  /** Called when `state` has changed, which may be often. */
  onChange: (() => void) | null = null;
  private readonly server = new ServerWatch(this.abort.signal, () => this.onChange?.());
  private readonly giveUpMs: number | undefined;
  private fetched = 0;
  private waiting = 0;

  constructor(options: HttpNodeOptions) {
    this.length = options.size;
    this.readOnly = !options.writable;
    this.url = options.url;
    this.etag = options.etag;
    this.modified = options.modified ?? null;
    this.giveUpMs = options.giveUpMs;
  }

  get isClosed(): boolean {
    return this.abort.signal.aborted;
  }

  /** How the file comes. */
  get state(): DriveStream {
    const { fetched, waiting, length: total } = this;
    const { problem, retryAt } = this.server;
    return {
      total,
      fetched,
      cached: 0,
      loading: waiting,
      waiting,
      problem,
      retryAt,
      boot: { total: 0, done: 0 },
    };
  }

  get identity(): string | null {
    return this.etag ?? this.modified;
  }

  get size(): number {
    return this.length;
  }

  async read(offset: number, length: number): Promise<BlockResult<Uint8Array>> {
    const wrong = outside(this.size, offset, length);
    if (wrong) return wrong;
    if (length === 0) return success(new Uint8Array(0));
    await this.writes;
    this.waiting++;
    this.onChange?.();
    try {
      if (!this.readOnly) {
        const answer = await this.attempt(offset, length);
        return 'result' in answer ? answer.result : failure('io', answer.passing);
      }
      let wrongLengths = 0;
      const attempt = async (): ReturnType<HttpNode['attempt']> => {
        const answer = await this.attempt(offset, length);
        if (!('passing' in answer) || !answer.wrongLength || ++wrongLengths < WRONG_LENGTHS) return answer;
        return { result: failure('io', answer.passing) };
      };
      const tried = await this.server.insist(attempt, this.giveUpMs);
      return 'problem' in tried ? failure('io', tried.problem) : tried.result;
    } finally {
      this.waiting--;
      this.onChange?.();
    }
  }

  private async attempt(
    offset: number,
    length: number,
  ): Promise<{ passing: string; wrongLength?: boolean } | { result: BlockResult<Uint8Array> }> {
    try {
      return await unlessStalled(this.abort.signal, (signal, alive) =>
        this.part(offset, length, signal, alive),
      );
    } catch {
      if (this.abort.signal.aborted) return { result: failure('io', `${this.url}: the image is closed`) };
      return { passing: `${this.url}: the server cannot be reached` };
    }
  }

  /** @throws when the connection breaks off */
  private async part(
    offset: number,
    length: number,
    signal: AbortSignal,
    alive: () => void,
  ): ReturnType<HttpNode['attempt']> {
    const { url } = this;
    const response = await fetch(url, {
      headers: { Range: `bytes=${offset}-${offset + length - 1}` },
      cache: 'no-store',
      signal,
    });
    const { status, headers } = response;
    const wrong =
      status === 206
        ? this.differs(headers, offset)
        : status === 416
          ? CHANGED
          : `the server answered ${status} to a read`;
    if (wrong) {
      await response.body?.cancel();
      if (passingStatus(status)) return { passing: `${url}: ${wrong}` };
      const whole = 'the server sends all of the file, and not the part that was asked for';
      return { result: failure('io', `${url}: ${status === 200 ? whole : wrong}`) };
    }
    const body = await receiveBytes(response.body, length, (count) => {
      alive();
      this.fetched += count;
    });
    if (!body) return { passing: `${url}: more than ${length} bytes came`, wrongLength: true };
    if (body.done < length)
      return { passing: `${url}: ${body.done} of ${length} bytes came`, wrongLength: true };
    this.server.reached();
    return { result: success(body.bytes) };
  }

  /** What tells that a part is one of another file; null: nothing does. */
  private differs(headers: Headers, offset: number): string | null {
    // A file that is being written has another tag after each write.
    if (this.readOnly && this.identity !== null) {
      const tag = headers.get(this.etag !== null ? 'etag' : 'last-modified');
      if (tag !== this.identity) return CHANGED;
    }
    // Servers of other sites may hide it.
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
    if (!range) return null;
    if (Number(range[1]) !== offset) return `the server sent what begins at ${range[1]}, not at ${offset}`;
    return this.readOnly && range[2] !== '*' && Number(range[2]) !== this.length ? CHANGED : null;
  }

  write(offset: number, bytes: Uint8Array): Promise<BlockResult> | BlockResult {
    const wrong = refused(this, offset, bytes.length);
    if (wrong) return wrong;
    if (bytes.length === 0) return DONE;
    const range = `bytes ${offset}-${offset + bytes.length - 1}/${this.size}`;
    const body = bytes.slice() as Uint8Array<ArrayBuffer>;
    this.unflushed = true;
    const written = this.writes.then(() => this.put(range, body));
    this.writes = written;
    return written;
  }

  private async put(range: string, body: Uint8Array<ArrayBuffer>): Promise<BlockResult> {
    try {
      const response = await fetch(this.url, {
        method: 'PUT',
        headers: { 'Content-Range': range },
        body,
        signal: this.abort.signal,
      });
      await response.body?.cancel();
      if (response.ok) return DONE;
      if (response.status === 507) return failure('space', 'there is no room for what the guest writes');
      return failure('io', `${this.url}: the server answered ${response.status} to a write`);
    } catch {
      return failure('io', `${this.url}: the server cannot be reached`);
    }
  }

  /** The server answers a write when the system has it, the same length again when the disk has it. */
  async flush(): Promise<BlockResult> {
    if (!this.unflushed) {
      await this.writes;
      return DONE;
    }
    this.unflushed = false;
    const flushed = this.writes.then(() => this.put(`bytes */${this.length}`, new Uint8Array(0)));
    this.writes = flushed;
    const result = await flushed;
    if (!result.ok) this.unflushed = true;
    return result;
  }

  discard(): BlockResult {
    return this.readOnly ? failure('read-only', 'the image takes no writes') : DONE;
  }

  writeZeroes(offset: number, length: number): Eventually<BlockResult> {
    return refused(this, offset, length) ?? writeZerosAsBytes(this, offset, length);
  }

  blockStatus(offset: number, length: number): BlockResult<BlockStatus> {
    return storedStatus(this, offset, length);
  }

  resize(size: number): Eventually<BlockResult> {
    if (this.readOnly) return failure('read-only', 'the image takes no writes');
    const resized = this.writes.then(async () => {
      const result = await this.put(`bytes */${size}`, new Uint8Array(0));
      if (result.ok) this.length = size;
      return result;
    });
    this.writes = resized;
    return resized;
  }

  async close(): Promise<BlockResult> {
    await this.writes;
    this.abort.abort();
    return DONE;
  }
}
