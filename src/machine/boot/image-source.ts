import type { BrowserCache } from '../../block/stream/browser-cache.ts';
import { VmError } from '../../core/errors.ts';
import type { ImageSource, VmProgress } from '../../core/vm-api.ts';
import { cacheKey } from '../image-context.ts';
import { isGzip } from './kernel-formats.ts';

export interface LoadOptions {
  /** Name in messages: `kernel`, `initrd`, `firmware`. */
  what: string;
  onProgress: (progress: VmProgress) => void;
  /** Aborted when the machine is destroyed while it loads. */
  signal?: AbortSignal;
  /** Where it is kept for a start without network. */
  cache?: BrowserCache | null | undefined;
}

/** Largest image taken, bytes: what the largest machine could hold. Also bounds what a small gzip file may grow to. */
const IMAGE_MAX = 2048 * 1024 * 1024;
/** Room for a file of unknown length to begin with, bytes; it doubles as needed. */
const FIRST_BYTES = 1024 * 1024;

/**
 * Fetches an image, with progress.
 * @throws VmError not-found if it cannot be had, bad-image if it is cut short
 */
export async function loadImage(source: ImageSource, options: LoadOptions): Promise<Uint8Array> {
  if (typeof source === 'string') return fetchImage(source, options);
  if (source instanceof Uint8Array) return source;
  try {
    return await readAll(source.stream(), {
      ...options,
      step: `Reading ${options.what}`,
      total: source.size,
    });
  } catch (cause) {
    if (cause instanceof VmError) throw cause;
    throw new VmError('not-found', `The ${options.what} could not be read: choose the file again.`, {
      cause,
    });
  }
}

async function fetchImage(url: string, options: LoadOptions): Promise<Uint8Array> {
  const { what } = options;
  let response: Response;
  try {
    response = await fetch(url, { signal: options.signal });
  } catch (cause) {
    const kept = await keptFile(url, options);
    if (kept) return kept;
    throw new VmError(
      'not-found',
      `The ${what} could not be fetched from ${url}: check the address and the network.`,
      {
        cause,
      },
    );
  }
  if (!response.ok) {
    const kept = response.status >= 500 ? await keptFile(url, options) : null;
    if (kept) return kept;
    throw new VmError(
      'not-found',
      response.status >= 500
        ? `The server answered ${response.status} for the ${what}, ${url}: try again in a moment.`
        : `The ${what} is not at ${url}: the server answered ${response.status}.`,
    );
  }
  if (response.headers.get('content-type')?.startsWith('text/html')) {
    throw new VmError('not-found', `The ${what} is not at ${url}: the server answered with a web page.`);
  }
  // With a content coding the length is that of the coded bytes, which the stream does not show.
  const header = response.headers.get('content-encoding') ? null : response.headers.get('content-length');
  const total = header === null ? undefined : Number(header);
  if (!response.body) return new Uint8Array(0);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await readAll(response.body, { ...options, step: `Downloading ${what}`, total });
  } catch (cause) {
    if (cause instanceof VmError) throw cause;
    throw new VmError('not-found', `The download of the ${what} from ${url} broke off: try again.`, {
      cause,
    });
  }
  if (total !== undefined && bytes.length < total) {
    throw new VmError(
      'bad-image',
      `The ${what} is truncated: ${bytes.length} of ${total} bytes arrived. Try again.`,
    );
  }
  keepFile(url, bytes, response.headers.get('etag') ?? response.headers.get('last-modified'), options);
  return bytes;
}

/** The file as it came when the server could be reached last. */
async function keptFile(url: string, { cache, signal }: LoadOptions): Promise<Uint8Array | null> {
  const key = cacheKey(url);
  return key === null || signal?.aborted ? null : ((await cache?.get(key)) ?? null);
}

function keepFile(
  url: string,
  bytes: Uint8Array<ArrayBuffer>,
  tag: string | null,
  { cache }: LoadOptions,
): void {
  const key = cacheKey(url);
  // The same version is there already.
  if (!cache || key === null || (tag !== null && cache.tag(key) === tag)) return;
  cache.put(key, bytes, tag);
}

interface ReadOptions extends LoadOptions {
  step: string;
  total?: number;
}

function allocate(length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const mib = Math.ceil(length / 1048576);
    throw new VmError(
      'out-of-memory',
      `The browser gave no ${mib} MiB to load the ${what}: choose a smaller one, or close other tabs.`,
      { cause },
    );
  }
}

function tooLarge(what: string): VmError {
  return new VmError(
    'too-large',
    `The ${what} is larger than ${IMAGE_MAX / 1048576} MiB: no machine can load it.`,
  );
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  options: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { what, step, total } = options;
  if (total !== undefined && total > IMAGE_MAX) {
    await stream.cancel();
    throw tooLarge(what);
  }
  // The length is a promise that may be broken both ways; while it holds, every chunk is garbage as soon as it is copied.
  let bytes = allocate(total ?? FIRST_BYTES, what);
  let loaded = 0;
  const report = (): void => options.onProgress({ step, loaded, ...(total === undefined ? {} : { total }) });
  report();
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const end = loaded + value.length;
    if (end > IMAGE_MAX) {
      await reader.cancel();
      throw tooLarge(what);
    }
    if (end > bytes.length) {
      const larger = allocate(Math.min(Math.max(end, 2 * bytes.length), IMAGE_MAX), what);
      larger.set(bytes.subarray(0, loaded));
      bytes = larger;
    }
    bytes.set(value, loaded);
    loaded = end;
    report();
  }
  return loaded === bytes.length ? bytes : bytes.slice(0, loaded);
}

/**
 * Unpacks a gzip file; other bytes are returned as they are. QEMU unpacks gzip kernels for aarch64 only; here it is done
 * for riscv64 too, since Debian and others ship `Image.gz`.
 * @throws VmError bad-image if the compressed data is damaged or incomplete
 */
export async function gunzip(bytes: Uint8Array, options: LoadOptions): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  try {
    const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    const stream = packed.pipeThrough(new DecompressionStream('gzip'));
    return await readAll(stream, { ...options, step: `Unpacking ${options.what}` });
  } catch (cause) {
    if (cause instanceof VmError) throw cause;
    throw new VmError(
      'bad-image',
      `The ${options.what} is a damaged or truncated gzip file: download it again.`,
      { cause },
    );
  }
}
