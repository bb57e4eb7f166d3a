/**
 * Requests that take several steps, written down one after the other. A request is a generator that yields only what it has to wait
 * for: while everything it needs is in memory it ends before the call returns, so that a guest under -icount sees the same on every run.
 */
import { type BlockErrorKind, type BlockResult, type Eventually, failure, success } from './block-node.ts';

/** The steps of a request; the value at the end is its result. */
export type Steps<T> = Generator<Promise<unknown>, T, unknown>;

/** Ends a request's steps with a failure. */
class Failed {
  readonly result: BlockResult<never>;
  constructor(result: BlockResult<never>) {
    this.result = result;
  }
}

/** Waits for a value, if it is not there. */
export function* wait<T>(value: Eventually<T>): Steps<T> {
  return value instanceof Promise ? ((yield value) as T) : value;
}

/** The value of another node's answer; its failure is this request's too. */
export function* take<T>(result: Eventually<BlockResult<T>>): Steps<T> {
  const settled = result instanceof Promise ? ((yield result) as BlockResult<T>) : result;
  if (!settled.ok) throw new Failed(settled);
  return settled.value;
}

/** Ends the request. */
export function fail(kind: BlockErrorKind, message: string): never {
  throw new Failed(failure(kind, message));
}

/** Carries out a request: at once as far as nothing has to be waited for. */
export function request<T>(steps: Steps<T>): Eventually<BlockResult<T>> {
  return advance(steps, () => steps.next());
}

function advance<T>(
  steps: Steps<T>,
  step: () => IteratorResult<Promise<unknown>, T>,
): Eventually<BlockResult<T>> {
  try {
    const { done, value } = step();
    if (done) return success(value);
    return value.then(
      (result) => advance(steps, () => steps.next(result)),
      (error: unknown) => advance(steps, () => steps.throw(error)),
    );
  } catch (error) {
    if (error instanceof Failed) return error.result;
    throw error;
  }
}

/** Lets requests in one after the other, in the order in which they came. */
export class Turnstile {
  private held = false;
  private readonly queue: (() => void)[] = [];

  /** Whether nobody is in, or waits. */
  get free(): boolean {
    return !this.held;
  }

  /** Runs `steps` alone. */
  *alone<T>(steps: () => Steps<T>): Steps<T> {
    if (this.held) yield new Promise<void>((resolve) => void this.queue.push(resolve));
    this.held = true;
    try {
      return yield* steps();
    } finally {
      const next = this.queue.shift();
      // The turn is handed on: who comes meanwhile waits behind.
      if (next) next();
      else this.held = false;
    }
  }
}
