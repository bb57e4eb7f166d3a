import { afterEach, expect, it, vi } from 'vitest';
import { hasIndexedDb } from './indexed-db.ts';

afterEach(() => vi.unstubAllGlobals());

it('finds an IndexedDB, or none, and takes one that may not be named for none', () => {
  expect(hasIndexedDb()).toBe(false);
  vi.stubGlobal('indexedDB', null);
  expect(hasIndexedDb()).toBe(false);
  vi.stubGlobal('indexedDB', {});
  expect(hasIndexedDb()).toBe(true);
  Object.defineProperty(globalThis, 'indexedDB', {
    configurable: true,
    get() {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    },
  });
  expect(hasIndexedDb()).toBe(false);
});
