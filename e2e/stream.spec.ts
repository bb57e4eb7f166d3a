/** Published images in a real browser: its cache, its network, and servers that misbehave. Without a machine. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { runProgram } from '../src/img/program.ts';
import { openModulePage } from './support/bundle.ts';
import { write } from './support/files.ts';
import { noise } from './support/noise.ts';
import { expect, test } from './support/site.ts';

type Stream = typeof import('./browser/stream.ts');
declare const stream: Stream;

const MIB = 1 << 20;
/** 14 MiB of noise with 4 MiB of zeros in it. */
const DISK = Buffer.concat([noise(6 * MIB, 1), Buffer.alloc(4 * MIB), noise(8 * MIB + 512, 2)]);
const HASH = createHash('sha256').update(DISK).digest('hex');
const CHUNK_FILES = 15;

/** Files of the published image, and its chunks. */
let folder: string;
const chunkFiles = (): string[] =>
  readdirSync(join(folder, 'chunks')).map((name) => join(folder, 'chunks', name));

test.beforeEach(async ({ page, site }, testInfo) => {
  folder = join(site.images, 'published');
  rmSync(folder, { recursive: true, force: true });
  const image = write(testInfo.outputDir, 'disk.img', DISK);
  expect(await runProgram(['publish', '-q', '--compression=none', image, join(folder, 'disk.json')])).toBe(0);
  await openModulePage(page, site.url, 'e2e/browser/stream.ts', 'stream');
});

const URL_PATH = 'images/published/disk.json';

test('an image is the same from the server and from the cache, without network too', async ({
  page,
  context,
}) => {
  const cold = await page.evaluate((url) => stream.hashAt(url, 1e9), URL_PATH);
  expect(cold.hash).toBe(HASH);
  expect(cold.state).toMatchObject({ fetched: 14 * MIB + 512, cached: 0, waiting: 0, problem: null });
  await context.setOffline(true);
  const warm = await page.evaluate((url) => stream.hashAt(url, 1e9), URL_PATH);
  expect(warm.hash).toBe(HASH);
  expect(warm.state).toMatchObject({ fetched: 0, cached: CHUNK_FILES, problem: null });
});

test('the cache stays below its limit: what was not used for the longest time goes', async ({ page }) => {
  const limit = 8 * MIB;
  for (const _ of [1, 2]) {
    const { hash, kept } = await page.evaluate(([url, bytes]) => stream.hashAt(url, bytes), [
      URL_PATH,
      limit,
    ] as const);
    expect(hash).toBe(HASH);
    expect(kept).toBeLessThanOrEqual(limit);
    expect(kept).toBeGreaterThan(limit / 2);
  }
  const kept = await page.evaluate(async () => {
    const cache = await stream.take(stream.BrowserCache.open(3 * 1000));
    for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) {
      cache.put(key, new Uint8Array(900).fill(i));
      await cache.settled();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const keys = ['a', 'b', 'c', 'd'].filter((key) => cache.has(key));
    const [value, tooLarge] = [await cache.get('d'), 'e'];
    cache.put(tooLarge, new Uint8Array(3000));
    await cache.settled();
    const result = { keys, value: value?.[899], tooLarge: cache.has(tooLarge), bytes: cache.bytes };
    await cache.close();
    return result;
  });
  expect(kept).toEqual({ keys: ['b', 'c', 'd'], value: 3, tooLarge: false, bytes: 2700 });
});

test('where the browser gives no more room, reads go on and the cache stays small', async ({
  page,
  context,
  site,
}) => {
  const session = await context.newCDPSession(page);
  const { origin } = new URL(site.url);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 6 * MIB });
  for (const _ of [1, 2]) {
    const { hash, kept } = await page.evaluate((url) => stream.hashAt(url, 1e9), URL_PATH);
    expect(hash).toBe(HASH);
    expect(kept).toBeLessThan(6 * MIB);
  }
  await session.send('Storage.overrideQuotaForOrigin', { origin });
});

test('a cache as earlier versions kept it is emptied, and fills again', async ({ page, context }) => {
  const left = await page.evaluate(async () => {
    const request = indexedDB.open('snowglobe-cache');
    request.onupgradeneeded = () => request.result.createObjectStore('values');
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const values = (mode: IDBTransactionMode) => database.transaction('values', mode).objectStore('values');
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    await done(values('readwrite').put({ bytes: 900, used: Date.now() }, 'entry/old'));
    await done(values('readwrite').put(new Uint8Array(900), 'value/old'));
    const cache = await stream.take(stream.BrowserCache.open(1e9));
    const found = [cache.has('old'), await cache.get('old'), cache.bytes];
    await cache.close();
    const keys = await done(values('readonly').getAllKeys());
    database.close();
    return [...found, keys];
  });
  expect(left).toEqual([false, null, 0, []]);
  await page.evaluate((url) => stream.hashAt(url, 1e9), URL_PATH);
  await context.setOffline(true);
  expect((await page.evaluate((url) => stream.hashAt(url, 1e9), URL_PATH)).hash).toBe(HASH);
});

test('a file takes the place of the version before, and chunks that came together are read one by one', async ({
  page,
}) => {
  const result = await page.evaluate(async () => {
    const cache = await stream.take(stream.BrowserCache.open(1e6));
    const chunk = (value: number) => new Uint8Array(1000 + value).fill(value);
    for (let i = 0; i < 20; i++) cache.put(`chunk${i}`, chunk(i));
    for (const version of ['"1"', '"2"', '"2"']) cache.put('file/a', new Uint8Array(5000), version);
    await cache.close();
    const again = await stream.take(stream.BrowserCache.open(1e6));
    const order = [19, 3, 4, 5, 0, 12];
    const read = await Promise.all(order.map((i) => again.get(`chunk${i}`)));
    const right = read.map(
      (bytes, i) => bytes?.length === 1000 + order[i] && bytes.every((byte) => byte === order[i]),
    );
    const found = { right, tag: again.tag('file/a'), bytes: again.bytes };
    await again.close();
    return found;
  });
  expect(result).toEqual({ right: Array(6).fill(true), tag: '"2"', bytes: 20 * 1000 + 190 + 5000 });
});

test('two pages share the cache', async ({ page, context, site }) => {
  const second = await context.newPage();
  await openModulePage(second, site.url, 'e2e/browser/stream.ts', 'stream');
  await page.evaluate((url) => stream.hashAt(url, 1e9), URL_PATH);
  const warm = await second.evaluate((url) => stream.hashAt(url, 1e9), URL_PATH);
  expect(warm.state).toMatchObject({ fetched: 0, cached: CHUNK_FILES });
  const both = await Promise.all(
    [page, second].map((one) => one.evaluate((url) => stream.hashAt(url, 10 * 1024 * 1024), URL_PATH)),
  );
  expect(both.map(({ hash }) => hash)).toEqual([HASH, HASH]);
  // What the other one threw away is fetched.
  const again = await page.evaluate((url) => stream.hashAt(url, 10 * 1024 * 1024), URL_PATH);
  expect(again.hash).toBe(HASH);
});

test('what a power cut has left of a pack is fetched again, and takes no place any more', async ({
  page,
}) => {
  const look = () => page.evaluate((url) => stream.hashAt(url, 1e9), URL_PATH);
  await look();
  // As long as it was, or not.
  const damaged = await page.evaluate(() => {
    let packs = 0;
    return stream.changePacks(async (pack) =>
      packs++ === 0 ? new Blob([pack.slice(0, -4096), new Uint8Array(4096)]) : pack.slice(0, -1),
    );
  });
  expect(damaged).toBeGreaterThan(1);
  const again = await look();
  expect(again.hash).toBe(HASH);
  // One of the packs is the manifest.
  expect(again.state.cached).toBeLessThanOrEqual(CHUNK_FILES - (damaged - 1));
  // What had been read of them by then went with them.
  await look();
  const last = await look();
  expect([last.hash, last.state.fetched]).toEqual([HASH, 0]);
  expect(last.kept).toBeLessThan(DISK.length);
});

test('pages that were opened together stay below the limit together, and lose sight of nothing meanwhile', async ({
  page,
  context,
  site,
}) => {
  const second = await context.newPage();
  await openModulePage(second, site.url, 'e2e/browser/stream.ts', 'stream');
  const pages = [page, second];
  for (const one of pages)
    await one.evaluate(async () => {
      Object.assign(window, { cache: await stream.take(stream.BrowserCache.open(8000)) });
    });
  const put = (one: typeof page, name: string) =>
    one.evaluate(async (name) => {
      const { cache } = window as unknown as {
        cache: import('../src/block/stream/browser-cache.ts').BrowserCache;
      };
      // What is there while the page looks what others have written.
      const seen: boolean[] = [];
      const { getAll } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.getAll = function (...query) {
        seen.push(cache.has(`${name}0`));
        return getAll.apply(this, query);
      };
      for (let i = 0; i < 6; i++) {
        cache.put(`${name}${i}`, new Uint8Array(1000).fill(i));
        await cache.settled();
      }
      IDBObjectStore.prototype.getAll = getAll;
      return { seen, found: cache.has('first5'), bytes: (await cache.get('first5'))?.[999] };
    }, name);
  expect(await put(page, 'first')).toEqual({ seen: [], found: true, bytes: 5 });
  const { seen, ...found } = await put(second, 'second');
  expect(found).toEqual({ found: true, bytes: 5 });
  expect(seen.length).toBeGreaterThan(0);
  expect(seen).not.toContain(false);
  // What the other page has put since is not stored twice.
  const same = await page.evaluate(async () => {
    const { cache } = window as unknown as {
      cache: import('../src/block/stream/browser-cache.ts').BrowserCache;
    };
    const before = cache.has('second5');
    cache.put('second5', new Uint8Array(1000).fill(77));
    await cache.settled();
    return [before, (await cache.get('second5'))?.[999]];
  });
  expect(same).toEqual([false, 5]);
  const kept = await page.evaluate(async () => {
    const cache = await stream.take(stream.BrowserCache.open(8000));
    return cache.bytes;
  });
  expect(kept).toBeGreaterThan(4000);
  expect(kept).toBeLessThanOrEqual(8000);
});

for (const first of ['commit', 'request'] as const)
  test(`a cache that finds no room at a ${first} stays smaller, and goes on when there is room`, async ({
    page,
  }) => {
    const seen = await page.evaluate(async (first) => {
      const cache = await stream.take(stream.BrowserCache.open(1e5));
      const put = async (name: string, count = 10) => {
        for (let i = 0; i < count; i++) {
          cache.put(`${name}${i}`, new Uint8Array(1000).fill(i));
          await cache.settled();
        }
        return cache.bytes;
      };
      const before = await put('first');
      const { put: store } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (value, key) {
        const request = store.call(this, value, key);
        if (!String(key).startsWith('pack/')) return request;
        const { transaction } = this;
        const error = new DOMException('', 'QuotaExceededError');
        Object.defineProperty(transaction, 'error', { value: first === 'commit' ? error : null });
        // As in Firefox, where the transaction then says no error of its own.
        if (first === 'request') Object.defineProperty(this.add(0, key), 'error', { value: error });
        else queueMicrotask(() => transaction.abort());
        return request;
      };
      const full = await put('second', 2);
      IDBObjectStore.prototype.put = store;
      const after = await put('third');
      const last = [cache.has('third9'), (await cache.get('third9'))?.[999]];
      await cache.close();
      return { before, full, after, last };
    }, first);
    expect(seen.before).toBe(10_000);
    expect(seen.full).toBeLessThan(10_000);
    expect(seen.full).toBeGreaterThan(0);
    expect(seen.after).toBeGreaterThan(0);
    expect(seen.after).toBeLessThan(10_000);
    expect(seen.last).toEqual([true, 9]);
  });

test('a network that comes back ends the wait', async ({ page, context }) => {
  await page.evaluate(async (url) => {
    Object.assign(window, { opened: await stream.open(url) });
  }, URL_PATH);
  await context.setOffline(true);
  await page.evaluate(() => {
    const { opened } = window as unknown as { opened: import('./browser/stream.ts').Opened };
    Object.assign(window, { hash: stream.hashDisk(opened.node) });
  });
  const state = () =>
    page.evaluate(
      () => (window as unknown as { opened: import('./browser/stream.ts').Opened }).opened.node.state,
    );
  await expect
    .poll(state)
    .toMatchObject({ waiting: 1, problem: expect.stringContaining('cannot be reached') });
  expect((await state()).retryAt).toBeGreaterThan(Date.now() - 1000);
  await context.setOffline(false);
  expect(await page.evaluate(() => (window as unknown as { hash: Promise<string> }).hash)).toBe(HASH);
  expect(await state()).toMatchObject({ waiting: 0, problem: null, retryAt: null });
});

test('a network that stays away fails reads after the time that was agreed', async ({ page, context }) => {
  const hash = page.evaluate(async (url) => {
    const opened = await stream.open(url, 0, 700);
    window.dispatchEvent(new Event('opened'));
    await new Promise((resolve) => window.addEventListener('offline', resolve));
    return stream.hashDisk(opened.node);
  }, URL_PATH);
  await page.evaluate(() => new Promise((resolve) => window.addEventListener('opened', resolve)));
  await context.setOffline(true);
  expect(await hash).toMatch(/cannot be reached; it was given up after 1 s/);
});

test('chunks that are wrong or cut short on the server fail reads, by name', async ({ page }) => {
  const [first] = chunkFiles();
  const bytes = readFileSync(first);
  bytes[1000] ^= 1;
  writeFileSync(first, bytes);
  const wrong = await page.evaluate((url) => stream.hashAt(url), URL_PATH);
  expect(wrong.hash).toMatch(/chunks\/[\da-f]{64}: it is not what the manifest says/);
  writeFileSync(first, bytes.subarray(0, 5000));
  const short = await page.evaluate((url) => stream.hashAt(url, 0, 300), URL_PATH);
  expect(short.hash).toMatch(/chunks\/[\da-f]{64}: 5000 of \d+ bytes came; it was given up/);
  rmSync(first);
  const missing = await page.evaluate((url) => stream.hashAt(url), URL_PATH);
  expect(missing.hash).toMatch(/the server answered 404/);
});

test('a server that fails now and then, and cuts connections, gives the image in the end', async ({
  page,
}) => {
  let requests = 0;
  await page.route('**/chunks/*', async (route) => {
    requests++;
    if (requests % 5 === 1) return route.abort('connectionreset');
    if (requests % 5 === 3) return route.fulfill({ status: 503, body: 'busy' });
    return route.continue();
  });
  const { hash } = await page.evaluate((url) => stream.hashAt(url), URL_PATH);
  expect(hash).toBe(HASH);
  expect(requests).toBeGreaterThan(CHUNK_FILES);
});

test('on a slow line what is read comes before what is fetched ahead', async ({ page, context }) => {
  const manifest = join(folder, 'disk.json');
  const list = JSON.parse(readFileSync(manifest, 'utf8'));
  const stored = list.chunks.flatMap((chunk: object | null, index: number) => (chunk ? [index] : []));
  writeFileSync(manifest, JSON.stringify({ ...list, boot: stored }));
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 20,
    downloadThroughput: 8 * MIB,
    uploadThroughput: MIB,
  });
  const order = await page.evaluate(async (url) => {
    const { node } = await stream.open(url);
    node.prefetchBoot();
    await new Promise((resolve) => setTimeout(resolve, 200));
    // The last of all: behind 14 MiB on this line.
    await stream.take(node.read(node.size - 512, 512));
    return node.state;
  }, URL_PATH);
  expect(order.fetched).toBeLessThan(9 * MIB);
});
