/** What servers send, and what they say instead. */

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
 * Reads a stream that should be `length` bytes long; null stands for an empty one. Never more than that is kept.
 * @param received called with the count of the bytes that came, as they come
 * @returns the bytes and how many of them came; null: there are more
 * @throws when the stream breaks off
 */
export async function receiveBytes(
  stream: ReadableStream<Uint8Array> | null,
  length: number,
  received: (count: number) => void = () => {},
): Promise<{ bytes: Uint8Array<ArrayBuffer>; done: number } | null> {
  const bytes = new Uint8Array(length);
  let done = 0;
  for (const reader = stream?.getReader(); reader; ) {
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
