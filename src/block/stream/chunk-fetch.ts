/** One file from a server, of known length and SHA-256. */
import { passingStatus, receiveBytes, unlessStalled } from '../network/receive.ts';
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
  let body: Awaited<ReturnType<typeof receiveBytes>>;
  try {
    body = await receiveBytes(response.body, length, (count) => {
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
