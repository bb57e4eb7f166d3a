/** Disks that the browser stores: what only IndexedDB and Web Locks can show, without a machine. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { openModulePage } from './support/bundle.ts';
import { exportDisk } from './support/export-disk.ts';
import { sha256, write } from './support/files.ts';
import { noise } from './support/noise.ts';
import { setFull, withQuota } from './support/quota.ts';
import { expect, test } from './support/site.ts';

declare const store: typeof import('./browser/store.ts');

const ENTRY = 'e2e/browser/store.ts';

test.beforeEach(async ({ page, site }) => openModulePage(page, site.url, ENTRY, 'store'));

const MIB = 1048576;

const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });

/** A disk with data at its beginning, in the middle, and in its last, incomplete cluster. */
function sparseDisk(): Buffer {
  const disk = Buffer.alloc(6 * MIB + 512 * 3);
  noise(300_000, 1).copy(disk);
  noise(MIB, 2).copy(disk, 3 * MIB + 512);
  noise(512, 3).copy(disk, disk.length - 512);
  return disk;
}

/** Imports a file as a disk. @returns its id */
async function importFile(page: Page, path: string, name: string): Promise<string> {
  const input = await page.evaluateHandle(() => {
    const element = document.createElement('input');
    element.type = 'file';
    return document.body.appendChild(element);
  });
  await input.setInputFiles(path);
  return input.evaluate(async (element, name) => {
    const { id } = await store.take(new store.Disks().importDisk(name, element.files![0]));
    element.remove();
    return id;
  }, name);
}

test('images are imported, and exported as raw and as a qcow2 image in which qemu-img finds nothing wrong', async ({
  page,
}, testInfo) => {
  const folder = testInfo.outputDir;
  const disk = sparseDisk();
  const raw = write(folder, 'disk.raw', disk);
  const packed = join(folder, 'disk.qcow2');
  qemuImg('convert', '-c', '-f', 'raw', '-O', 'qcow2', raw, packed);
  for (const source of [raw, packed]) {
    const id = await importFile(page, source, source);
    const sizes = await page.evaluate((id) => store.take(new store.Disks().diskSizes(id)), id);
    // Records of 64 KiB: five, seventeen and one hold data.
    expect(sizes).toMatchObject({
      capacity: disk.length,
      length: disk.length,
      allocation: 23 * 65536,
      changes: 0,
    });
    expect(sizes.commitment).toBeGreaterThanOrEqual(disk.length);
    const back = readFileSync(await exportDisk(page, id, 'raw', join(folder, 'back.raw')));
    expect(sha256(back)).toBe(sha256(disk));
    const exported = await exportDisk(page, id, 'qcow2', join(folder, 'back.qcow2'));
    expect(qemuImg('check', exported)).toContain('No errors were found');
    expect(qemuImg('compare', exported, raw)).toContain('Images are identical');
    // What is zeros takes no room: data, header, two tables, counts and their table.
    expect(readFileSync(exported).length).toBeLessThanOrEqual((23 + 6) * 65536);
  }
});

test('changes are discarded, duplicated and committed', async ({ page }, testInfo) => {
  const folder = testInfo.outputDir;
  const base = sparseDisk();
  const id = await page.evaluate(
    async ([text, size]) => {
      const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      Object.assign(window, { baseBytes: bytes });
      const disks = new store.Disks();
      const made = await store.take(
        disks.createDisk({
          name: 'Over a base',
          capacity: size,
          base: { url: null, name: 'base', size: bytes.length, identity: 'same' },
        }),
      );
      return made.id;
    },
    [base.toString('base64'), 8 * MIB] as const,
  );
  /** Writes zeros, then a line, to the disk. */
  const change = (id: string, text: string) =>
    page.evaluate(
      async ([id, text]) => {
        const { baseBytes } = window as unknown as { baseBytes: Uint8Array };
        const base = { node: new store.MemoryNode(baseBytes, { readOnly: true }), identity: 'same' };
        const node = await store.take(new store.Disks().openDisk(id, { base }));
        await store.take(node.writeZeroes(65536, 131072));
        await store.take(node.write(3_000_000, new TextEncoder().encode(text)));
        await store.take(node.write(7_000_000, new TextEncoder().encode(text)));
        await store.take(node.close());
      },
      [id, text] as const,
    );
  const expected = (text: string): Buffer => {
    const disk = Buffer.alloc(8 * MIB);
    base.copy(disk);
    if (text === '') return disk;
    disk.fill(0, 65536, 65536 + 131072);
    disk.write(text, 3_000_000);
    disk.write(text, 7_000_000);
    return disk;
  };
  /** What a disk shows, with or without its base. */
  const shows = (id: string) =>
    page.evaluate(async (id) => {
      const { baseBytes } = window as unknown as { baseBytes: Uint8Array };
      const openBase = async () => ({
        ok: true as const,
        value: { node: new store.MemoryNode(baseBytes, { readOnly: true }), identity: 'same' },
      });
      const disks = new store.Disks({ openBase });
      const blob = await store.take(disks.exportBlob(id, 'raw'));
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
      return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }, id);
  expect(await shows(id)).toBe(sha256(expected('')));
  await change(id, 'first');
  expect(await shows(id)).toBe(sha256(expected('first')));
  const copy = await page.evaluate(
    async (id) => (await store.take(new store.Disks().duplicateDisk(id, 'Copy'))).id,
    id,
  );
  expect(await shows(copy)).toBe(sha256(expected('first')));
  // A base that has become another one is refused, and so is one that is not to be had.
  const wrong = await page.evaluate(async (id) => {
    const node = new store.MemoryNode(new Uint8Array(512), { readOnly: true });
    const other = await new store.Disks().openDisk(id, { base: { node, identity: 'other' } });
    const none = await new store.Disks().openDisk(id);
    return [other, none].map((result) => (result.ok ? '' : result.error.message));
  }, id);
  expect(wrong).toEqual([
    expect.stringContaining('base is not what'),
    expect.stringContaining('made over base'),
  ]);
  // Discarded: as it was made. The copy keeps what it has.
  await page.evaluate((id) => new store.Disks().discardDisk(id), id);
  expect(await shows(id)).toBe(sha256(expected('')));
  expect(await shows(copy)).toBe(sha256(expected('first')));
  // Committed: the base is not needed any more, and is what discarding leads to.
  const progress = await page.evaluate(async (id) => {
    const { baseBytes } = window as unknown as { baseBytes: Uint8Array };
    const node = new store.MemoryNode(baseBytes, { readOnly: true });
    const disks = new store.Disks({
      openBase: async () => ({ ok: true as const, value: { node, identity: 'same' } }),
    });
    const steps: number[] = [];
    await store.take(disks.commitDisk(id, { progress: (done, total) => void steps.push(done / total) }));
    return steps;
  }, copy);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  expect(progress.at(-1)).toBe(1);
  await page.evaluate(() => Object.assign(window, { baseBytes: new Uint8Array(512) }));
  expect(await shows(copy)).toBe(sha256(expected('first')));
  await change(copy, 'again');
  expect(await shows(copy)).toBe(sha256(expected('again')));
  await page.evaluate((id) => new store.Disks().discardDisk(id), copy);
  expect(await shows(copy)).toBe(sha256(expected('first')));
  const exported = await exportDisk(page, copy, 'qcow2', join(folder, 'copy.qcow2'));
  expect(qemuImg('check', exported)).toContain('No errors were found');
  const list = await page.evaluate(async () => {
    const disks = new store.Disks();
    const all = await store.take(disks.listDisks());
    for (const { id } of all) await store.take(disks.removeDisk(id));
    return [
      all.map(({ name, base }) => [name, base?.name]),
      await store.take(disks.listDisks()),
      await indexedDB.databases(),
    ];
  });
  expect(list[0]).toEqual([
    ['Copy', undefined],
    ['Over a base', 'base'],
  ]);
  expect(list[1]).toEqual([]);
  expect(list[2]).toEqual([expect.objectContaining({ name: 'snowglobe-disks' })]);
});

for (const first of ['commit', 'request'] as const)
  test(`a full quota at a ${first} fails the flush, and loses nothing of what is in memory`, async ({
    page,
    site,
  }) => {
    await withQuota(page, first);
    await openModulePage(page, site.url, ENTRY, 'store');
    const id = await page.evaluate(async () => {
      const { id } = await store.take(new store.Disks().createDisk({ name: 'Full', capacity: 4 << 20 }));
      const node = await store.take(new store.Disks().openDisk(id));
      Object.assign(window, { node });
      await store.take(node.write(0, new Uint8Array(65536).fill(1)));
      await store.take(node.flush());
      await store.take(node.write(65500, new Uint8Array(1 << 20).fill(2)));
      await store.take(node.discard(2 << 20, 65536));
      return id;
    });
    await setFull(page, true);
    const flush = () =>
      page.evaluate(async () => {
        const { node } = window as unknown as { node: import('../src/block/block-node.ts').BlockNode };
        const result = await node.flush();
        const bytes = await store.take(node.read(65499, 3));
        return [result.ok ? 'stored' : `${result.error.kind}: ${result.error.message}`, ...bytes];
      });
    expect(await flush()).toEqual([
      expect.stringMatching(/^space: the browser gives this site no more room/),
      1,
      2,
      2,
    ]);
    expect(await flush()).toEqual([expect.stringMatching(/^space/), 1, 2, 2]);
    // A second page sees what was stored before; when there is room, all of it is.
    const sizes = () => page.evaluate((id) => store.take(new store.Disks().diskSizes(id)), id);
    expect(await sizes()).toMatchObject({ allocation: 65536 });
    await setFull(page, false);
    expect(await flush()).toEqual(['stored', 1, 2, 2]);
    expect(await sizes()).toMatchObject({ allocation: 17 * 65536 });
  });

test('an import that is cancelled, or that is no image, leaves nothing behind', async ({ page }) => {
  const left = await page.evaluate(async () => {
    const disks = new store.Disks();
    const cancel = new AbortController();
    const progress = (done: number): void => {
      if (done > 0) cancel.abort();
    };
    const image = new Blob([new Uint8Array(8 << 20).fill(7)]);
    const cancelled = await disks.importDisk('Cancelled', image, { progress, signal: cancel.signal });
    const bad = await disks.importDisk('Bad', new Blob([Uint8Array.of(0x51, 0x46, 0x49, 0xfb)]));
    const empty = await disks.importDisk('Empty', new Blob([]));
    const messages = [cancelled, bad, empty].map((result) => (result.ok ? 'made' : result.error.message));
    const databases = (await indexedDB.databases()).map(({ name }) => name);
    return { messages, list: await store.take(disks.listDisks()), databases };
  });
  expect(left.messages[0]).toBe('it was cancelled');
  expect(left.messages[1]).not.toBe('made');
  expect(left.messages[2]).toContain('empty');
  expect(left.list).toEqual([]);
  expect(left.databases).toEqual(['snowglobe-disks']);
});

test('an import that a closed tab cut off is removed, and so is a database that no list has', async ({
  page,
  context,
  site,
}) => {
  const second = await context.newPage();
  await openModulePage(second, site.url, ENTRY, 'store');
  await page.evaluate(async () => {
    await store.take(new store.Disks().listDisks());
    const request = indexedDB.open('snowglobe-disk-lost');
    await new Promise((resolve) => (request.onsuccess = resolve));
    request.result.close();
    const part = new Uint8Array(1 << 20).fill(7);
    const image = new Blob(Array.from({ length: 160 }, () => part));
    await new Promise<void>((resolve, reject) => {
      const progress = (done: number): void => {
        if (done > 0) resolve();
      };
      void new store.Disks()
        .importDisk('Half', image, { progress })
        .then((done) => reject(new Error(JSON.stringify(done))));
    });
  });
  const left = () =>
    second.evaluate(async () => ({
      disks: (await store.take(new store.Disks().listDisks())).map(({ name }) => name),
      databases: (await indexedDB.databases()).length,
    }));
  // While it goes on nobody takes it away, or uses it.
  expect(await left()).toEqual({ disks: ['Half'], databases: 2 });
  expect(
    await second.evaluate(async () => {
      const disks = new store.Disks();
      return disks.openDisk((await store.take(disks.findDisk('Half')))!.id);
    }),
  ).toMatchObject({ ok: false, error: { kind: 'busy' } });
  await page.close();
  await expect.poll(left).toEqual({ disks: [], databases: 1 });
});

test('changes that were committed half-way are not discarded', async ({ page }) => {
  const seen = await page.evaluate(async () => {
    const disks = new store.Disks();
    const image = new Blob([new Uint8Array(12 << 20).fill(1)]);
    const { id } = await store.take(disks.importDisk('Halved', image));
    const write = async (value: number): Promise<void> => {
      const node = await store.take(disks.openDisk(id));
      await store.take(node.write(0, new Uint8Array(12 << 20).fill(value)));
      await store.take(node.close());
    };
    /** What values the disk has. */
    const shows = async (): Promise<number[]> => {
      const blob = await store.take(disks.exportBlob(id, 'raw'));
      return [...new Set(new Uint8Array(await blob.arrayBuffer()))];
    };
    await write(2);
    const cancel = new AbortController();
    const progress = (done: number): void => {
      if (done > 0) cancel.abort();
    };
    const cancelled = await disks.commitDisk(id, { progress, signal: cancel.signal });
    const refused = await disks.discardDisk(id);
    const half = await shows();
    await store.take(disks.commitDisk(id));
    await write(3);
    await store.take(disks.discardDisk(id));
    const messages = [cancelled, refused].map((result) => (result.ok ? 'done' : result.error.message));
    return { messages, half, discarded: await shows() };
  });
  expect(seen).toEqual({
    messages: ['it was cancelled', expect.stringContaining('half-way')],
    half: [2],
    discarded: [2],
  });
});

test('what is written together is stored together, over a disk that an earlier version has stored too', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const size = 19 * 2 ** 20 + 512;
    const model = new Uint8Array(size);
    const disks = new store.Disks();
    const { id } = await store.take(disks.createDisk({ name: 'Joined', capacity: size }));
    const database = await store.take(store.openDatabase(`snowglobe-disk-${id}`));
    const values = database.store('strict');
    // As version 1 stored it: records 0, 3 and 70 of the upper layer, in halves, and what says so of 4,096 records.
    await values('readwrite', (put) => {
      const map = new Uint8Array(1024);
      for (const index of [0, 3, 70]) {
        map[index >> 2] |= 2 << ((index & 3) * 2);
        for (const half of [0, 1]) {
          put.put(new Uint8Array(32768).fill(index + half + 1).buffer, 2 ** 52 + index * 2 + half);
          model.fill(index + half + 1, (index * 2 + half) * 32768, (index * 2 + half + 1) * 32768);
        }
      }
      put.put(map.buffer, ['map', 1, 0]);
      return store.ended(put.transaction);
    });
    const inside = async () => {
      const [keys, header] = await values('readonly', (all) =>
        Promise.all([store.promisifyRequest(all.getAllKeys()), store.promisifyRequest(all.get('header'))]),
      );
      const joins = keys.filter((key) => Array.isArray(key) && key[0] === 'join');
      return {
        version: header.version,
        joins: joins.map((key) => key as unknown[]).map(([, , number]) => number),
      };
    };
    const looks: unknown[] = [];
    const look = async (id: string, options = {}) => {
      const node = await store.take(disks.openDisk(id, options));
      looks.push(await store.same(node, model));
      return node;
    };
    let node = await look(id);
    const write = (at: number, bytes: Uint8Array) => {
      model.set(bytes, at);
      return store.take(node.write(at, bytes));
    };
    const random = store.randomNumbers(5);
    looks.push(await inside());
    // More than is kept back for a flush, from the middle of a record on.
    for (let at = 1000; at < 18 * 2 ** 20; at += 2 ** 20) await write(at, store.noise(random, 2 ** 20));
    await store.take(node.close());
    const joined = await inside();
    looks.push([joined.version, joined.joins.length > 0]);
    node = await look(id);
    await write(2 ** 21 + 5, store.noise(random, 3000));
    await store.take(node.flush());
    await write(2 ** 22 - 100, store.noise(random, 70_000));
    model.fill(0, 6 * 2 ** 20, 11 * 2 ** 20);
    await store.take(node.writeZeroes(6 * 2 ** 20, 5 * 2 ** 20));
    await store.take(node.close());
    const whole = (await inside()).joins.filter((number) => number === 3 || number === 4);
    looks.push([whole, await store.take(disks.checkDisk(id))]);
    await store.take((await look(id)).close());
    const copy = (await store.take(disks.duplicateDisk(id, 'Copy'))).id;
    await store.take(disks.commitDisk(id));
    for (const one of [copy, id]) {
      looks.push(await store.take(disks.checkDisk(one)));
      node = await look(one);
      await store.take(node.discard(0, size));
      await store.take(node.close());
    }
    // The zeros go into the lower layer.
    await store.take(disks.commitDisk(id));
    looks.push([(await inside()).joins, (await store.take(disks.diskSizes(id))).allocation]);
    database.close();
    return looks;
  });
  expect(seen).toEqual([
    'same',
    { version: 1, joins: [] },
    [2, true],
    'same',
    [[], []],
    'same',
    [],
    'same',
    [],
    'same',
    [[], 0],
  ]);
});

test('a disk of 64 GB costs what is written to it', async ({ page }, testInfo) => {
  const { id, sizes } = await page.evaluate(async () => {
    const disks = new store.Disks();
    const { id } = await store.take(disks.createDisk({ name: 'Large', capacity: 64 * 2 ** 30 }));
    const node = await store.take(disks.openDisk(id));
    for (let i = 0; i < 64; i++)
      await store.take(node.write(i * 2 ** 30 + 12345, new Uint8Array(100).fill(i + 1)));
    await store.take(node.discard(2 ** 30, 20 * 2 ** 30));
    await store.take(node.close());
    return { id, sizes: await store.take(disks.diskSizes(id)) };
  });
  expect(sizes).toMatchObject({ capacity: 64 * 2 ** 30, allocation: 44 * 65536, changes: 44 * 65536 });
  const path = await exportDisk(page, id, 'qcow2', join(testInfo.outputDir, 'large.qcow2'));
  expect(qemuImg('check', path)).toContain('No errors were found');
  expect(readFileSync(path).length).toBeLessThan(10 * MIB);
  const map: { start: number; length: number; data: boolean }[] = JSON.parse(
    qemuImg('map', '--output=json', path),
  );
  const data = map.filter((run) => run.data).map(({ start }) => start / 2 ** 30);
  expect(data).toEqual(Array.from({ length: 64 }, (_, i) => i).filter((i) => i < 1 || i > 20));
});

test('discarding 32 TiB that have next to nothing takes no time, and what they have', async ({ page }) => {
  // Record by record it would take hours.
  const seen = await page.evaluate(async () => {
    const disks = new store.Disks();
    const { id } = await store.take(disks.createDisk({ name: 'Huge', capacity: 2 ** 45 }));
    const node = await store.take(disks.openDisk(id));
    const places = [2 ** 40 + 65536, 2 ** 41];
    for (const at of places) {
      await store.take(node.write(at, new Uint8Array(65536).fill(1)));
      if (at === places[0]) await store.take(node.flush());
    }
    await store.take(node.discard(0, 2 ** 45));
    const bytes = await Promise.all(places.map(async (at) => (await store.take(node.read(at, 1)))[0]));
    await store.take(node.close());
    return { bytes, sizes: await store.take(disks.diskSizes(id)) };
  });
  expect(seen).toMatchObject({ bytes: [0, 0], sizes: { allocation: 0 } });
});

for (const [what, base] of [
  ['of its own', 0],
  ['over a base', 1_234_567],
] as const) {
  test(`a stored disk ${what} answers random requests as an array would`, async ({ page }) => {
    const run = (seed: number) => ({ seed, requests: 250, size: 3_000_320, base });
    for (const seed of [1, 2, 3])
      expect(
        await page.evaluate((options) => store.compareRandomly(options), run(seed)),
        `seed ${seed}`,
      ).toBe('same');
  });
}

test('a guest that reads on sees what it has written meanwhile, of disks larger than what is kept in memory', async ({
  page,
}) => {
  expect(await page.evaluate(() => store.readOnWhileWriting(1, 40 * 2 ** 20 + 512))).toBe('same');
});

test('a disk in use is refused to a second tab, with a reason, and given to it when the first one ends', async ({
  page,
  context,
  site,
}) => {
  const id = await page.evaluate(async () => {
    const disks = new store.Disks();
    const { id } = await store.take(disks.createDisk({ name: 'Mine', capacity: 1 << 20 }));
    await store.take(disks.openDisk(id));
    return id;
  });
  const second = await context.newPage();
  await openModulePage(second, site.url, ENTRY, 'store');
  const open = () =>
    second.evaluate(async (id) => {
      const disk = await new store.Disks().openDisk(id);
      if (!disk.ok) return disk.error.message;
      await disk.value.close();
      return 'opened';
    }, id);
  expect(await open()).toMatch(/"Mine" is in use by another machine.*tab.*shut that one down/);
  expect(await second.evaluate((id) => new store.Disks().removeDisk(id), id)).toMatchObject({ ok: false });
  await page.close();
  await expect.poll(open).toBe('opened');
});

test('a disk that is resized under load commits one thing at a time, and all of it strictly', async ({
  page,
}) => {
  const seen = await page.evaluate(async () => {
    const begin = IDBDatabase.prototype.transaction;
    const seen = { open: 0, most: 0, relaxed: 0, commits: 0, atFlush: [] as number[] };
    IDBDatabase.prototype.transaction = function (names, mode, options) {
      const transaction = begin.call(this, names, mode, options);
      if (mode !== 'readwrite' || this.name === 'snowglobe-disks') return transaction;
      seen.commits++;
      seen.most = Math.max(seen.most, ++seen.open);
      if (transaction.durability !== 'strict') seen.relaxed++;
      transaction.addEventListener('complete', () => seen.open--);
      return transaction;
    };
    const RECORD = 65536;
    const disks = new store.Disks();
    const { id } = await store.take(disks.createDisk({ name: 'Grows', capacity: 1024 * RECORD }));
    const node = await store.take(disks.openDisk(id));
    let writes = true;
    const load = (async () => {
      const record = new Uint8Array(RECORD).fill(5);
      for (let at = 0; writes; at = (at + 1) % 1024) {
        await store.take(node.write(at * RECORD, record));
        if (at % 64 === 0) await new Promise((next) => setTimeout(next));
      }
    })();
    for (let i = 1; i <= 4; i++) await store.take(node.resize((1024 + i) * RECORD));
    writes = false;
    await load;
    await store.take(node.flush());
    seen.atFlush.push(seen.open, node.unsaved);
    await store.take(node.close());
    const listed = (await store.take(disks.findDisk(id)))!.capacity / RECORD;
    const { capacity, allocation } = await store.take(disks.diskSizes(id));
    await store.take(disks.removeDisk(id));
    IDBDatabase.prototype.transaction = begin;
    return { ...seen, listed, capacity: capacity / RECORD, allocation: allocation / RECORD };
  });
  expect(seen).toMatchObject({ open: 0, most: 1, relaxed: 0, atFlush: [0, 0], capacity: 1028, listed: 1028 });
  expect(seen.commits).toBeGreaterThan(4);
});

test('a resize that finds no room changes nothing', async ({ page, site }) => {
  await withQuota(page);
  await openModulePage(page, site.url, ENTRY, 'store');
  await page.evaluate(async () => {
    const { id } = await store.take(new store.Disks().createDisk({ name: 'Stuck', capacity: 1 << 20 }));
    Object.assign(window, { node: await store.take(new store.Disks().openDisk(id)) });
  });
  const resize = () =>
    page.evaluate(async () => {
      const { node } = window as unknown as { node: import('../src/block/block-node.ts').BlockNode };
      const result = await node.resize!(2 << 20);
      return [result.ok ? 'resized' : result.error.kind, node.size];
    });
  await setFull(page, true);
  expect(await resize()).toEqual(['space', 1 << 20]);
  await setFull(page, false);
  expect(await resize()).toEqual(['resized', 2 << 20]);
});
