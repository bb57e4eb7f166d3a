/**
 * A database of our own in IndexedDB, with one object store that idb-keyval's functions use. Strict durability is asked for where a
 * commit has to survive a power cut, which idb-keyval's own store cannot do.
 */
import { promisifyRequest, type UseStore } from 'idb-keyval';
import { type BlockResult, failure, success } from '../block-node.ts';

/** `strict`: a commit is on the disk when it ends. `relaxed`: the operating system has it. */
export type Durability = 'strict' | 'relaxed';

export interface Database {
  readonly name: string;
  /** The way to its object store for idb-keyval. Transactions begin in the order of the calls, and before a call returns. */
  store(durability: Durability): UseStore;
  /** Ends the connection when its transactions are over. */
  close(): void;
}

const STORE = 'values';

/**
 * Opens a database, or makes it. Fails where the browser keeps none, as in some private windows.
 * @param options existing: it is not made
 */
export async function openDatabase(name: string, { existing = false } = {}): Promise<BlockResult<Database>> {
  if (typeof indexedDB === 'undefined')
    return failure('unsupported', 'there is no IndexedDB here to keep disks in');
  let database: IDBDatabase;
  try {
    const request = indexedDB.open(name);
    request.onupgradeneeded = () => {
      if (existing) request.transaction!.abort();
      else request.result.createObjectStore(STORE);
    };
    database = await promisifyRequest(request);
  } catch (error) {
    return storeFailure(error);
  }
  // Whoever deletes the database must not wait for this page.
  database.onversionchange = () => database.close();
  return success({
    name,
    store: (durability) => async (mode, use) =>
      use(database.transaction(STORE, mode, { durability }).objectStore(STORE)),
    close: () => database.close(),
  });
}

/** Deletes a database, if there is one. Waits until nobody has it open. */
export async function deleteDatabase(name: string): Promise<BlockResult> {
  try {
    await promisifyRequest(indexedDB.deleteDatabase(name));
    return success(null);
  } catch (error) {
    return storeFailure(error);
  }
}

/** Waits for the end of a transaction. If it fails where it says no error itself, what is thrown is that of the request that failed. */
export function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    let failed: DOMException | null = null;
    transaction.oncomplete = () => resolve();
    // A request's error comes before the transaction's own is set (IndexedDB 3.0, 5.5 and 5.9).
    transaction.onerror = ({ target }) => (failed ??= (target as IDBRequest).error);
    transaction.onabort = () => reject(transaction.error ?? failed);
  });
}

/** What a failed request or transaction means: a full quota is `space`. */
export function storeFailure(error: unknown): BlockResult<never> {
  const { name, message } =
    error instanceof Error ? error : { name: '', message: error === null ? '' : String(error) };
  if (name === 'QuotaExceededError') {
    return failure(
      'space',
      'the browser gives this site no more room: remove disks or make room on the computer',
    );
  }
  if (name === 'AbortError') return failure('io', 'it is not in the browser any more');
  if (name === 'InvalidStateError')
    return failure('io', "the browser has closed the disk's store: the site's data was cleared, perhaps");
  return failure('io', `the browser's store failed${message ? `: ${message}` : ''}`);
}
