/** Who has a stored disk: Web Locks, which the browser gives back when a tab ends, however it does. */
import { type BlockResult, failure, success } from '../block-node.ts';

/** Gives a lock back. Calling it twice does nothing. */
export type Release = () => void;

/**
 * Takes a lock, or says that somebody has it; never waits.
 * @param mode any number of `shared` locks go together
 * @param taken the message if it is not to be had
 */
export function tryLock(
  name: string,
  mode: 'exclusive' | 'shared',
  taken: string,
): Promise<BlockResult<Release>> {
  return new Promise((resolve) => {
    // Where there are no locks there is no shared memory either, so no machine (neither is given to pages that came unencrypted).
    if (!globalThis.navigator?.locks) return resolve(success(() => {}));
    navigator.locks
      .request(name, { mode, ifAvailable: true }, (lock) => {
        if (!lock) return resolve(failure('busy', taken));
        return new Promise<void>((release) => resolve(success(() => release())));
      })
      .catch((error: unknown) => resolve(failure('io', `the browser gives no lock: ${String(error)}`)));
  });
}

/** Runs `action` while nobody else runs one under this name. */
export function alone<T>(name: string, action: () => Promise<T>): Promise<T> {
  if (!globalThis.navigator?.locks) return action();
  return navigator.locks.request(name, action) as Promise<T>;
}
