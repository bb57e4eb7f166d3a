/** One file from a server, of known length and SHA-256. */
import { sha256Hex } from './manifest.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface FileRequest {
  url: string;
  bytes: number;
  sha256: string;
  signal: AbortSignal;
  /** Nobody waits for it. */
  background: boolean;
  /** Past the browser's own cache, which gave a wrong file. */
  reload: boolean;
  /** Bytes that came, as they come. */
  received(count: number): void;
}

export type FileAnswer =
  | { bytes: Uint8Array<ArrayBuffer> }
  /** `passing`: it may be different at the next attempt. */
  | { problem: string; kind: 'passing' | 'wrong' | 'missing' };

/** A connection on which nothing comes for so long is given up, ms. */
const STALL_MS = 20_000;

/** Statuses that say "not now": RFC 9110, sections 15.5.9 and 15.6, RFC 6585, section 4. */
export const passingStatus = (status: number): boolean => status >= 500 || status === 408 || status === 429;

/**
 * Runs `action` with a signal that is aborted with `signal`, or when nothing was heard for STALL_MS.
 * @param action calls `alive` whenever something came
 */
export async function unlessStalled<T>(
  signal: AbortSignal,
  action: (signal: AbortSignal, alive: () => void) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), STALL_MS);
  };
  alive();
  try {
    return await action(AbortSignal.any([signal, stalled.signal]), alive);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Reads an answer's body that should be `length` bytes long. Never more than that is kept.
 * @param received called with the count of the bytes that came, as they come
 * @returns the bytes and how many of them came; null: there are more
 * @throws when the connection breaks off
 */
export async function receiveBody(
  response: Response,
  length: number,
  received: (count: number) => void,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; done: number } | null> {
  const bytes = new Uint8Array(length);
  let done = 0;
  // An empty answer may have no body at all.
  for (const reader = response.body?.getReader(); reader; ) {
    const part = await reader.read();
    if (part.done) break;
    received(part.value.length);
    if (part.value.length > length - done) {
      await reader.cancel();
      return null;
    }
    bytes.set(part.value, done);
    done += part.value.length;
  }
  return { bytes, done };
}

/** Fetches a file and compares it with what it should be. */
export function fetchFile(fetch: Fetch, request: FileRequest): Promise<FileAnswer> {
  return unlessStalled(request.signal, (signal, alive) => receive(fetch, request, signal, alive));
}

async function receive(
  fetch: Fetch,
  { url, bytes: length, sha256, background, reload, received }: FileRequest,
  signal: AbortSignal,
  alive: () => void,
): Promise<FileAnswer> {
  let response: Response;
  try {
    response = await fetch(url, {
      signal,
      priority: background ? 'low' : 'high',
      cache: reload ? 'reload' : 'default',
    });
  } catch {
    return { problem: `${url}: the server cannot be reached`, kind: 'passing' };
  }
  if (!response.ok) {
    await response.body?.cancel().catch(() => {});
    const kind = passingStatus(response.status) ? 'passing' : 'missing';
    return { problem: `${url}: the server answered ${response.status}`, kind };
  }
  let body: Awaited<ReturnType<typeof receiveBody>>;
  try {
    body = await receiveBody(response, length, (count) => {
      alive();
      received(count);
    });
  } catch {
    return { problem: `${url}: the connection broke off`, kind: 'passing' };
  }
  if (!body)
    return { problem: `${url}: it is longer than the ${length} bytes that the manifest says`, kind: 'wrong' };
  const { bytes, done } = body;
  if (done < length) return { problem: `${url}: ${done} of ${length} bytes came`, kind: 'passing' };
  if ((await sha256Hex(bytes)) !== sha256)
    return { problem: `${url}: it is not what the manifest says (its SHA-256 is another)`, kind: 'wrong' };
  return { bytes };
}
