/** Whether there is an IndexedDB that this page may use: some browsers throw at its very name where site data is blocked. */
export function hasIndexedDb(): boolean {
  try {
    return typeof indexedDB !== 'undefined' && indexedDB !== null;
  } catch {
    return false;
  }
}
