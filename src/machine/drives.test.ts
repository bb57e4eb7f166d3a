import { describe, expect, it, vi } from 'vitest';
import type { BlockNode } from '../block/block-node.ts';
import { createQcow2 } from '../block/format/qcow2/create.ts';
import { MemoryNode } from '../block/protocol/memory-node.ts';
import type { VmConfig } from '../core/vm-api.ts';
import { openBase, openImage } from './disk-image.ts';
import { openDrives, planDrives } from './drives.ts';

const image = new Uint8Array(512);
const plan = (config: Partial<VmConfig>) =>
  planDrives({ arch: 'i386', ...config }, ['ide', 'floppy'], 'pc-1.0').map(({ name }) => name);

describe('drives get the places that QEMU gives them', () => {
  it.each([
    ['nothing', {}, ['ide1-cd0', 'floppy0']],
    ['-hda -hdd', { hda: image, hdd: image }, ['ide0-hd0', 'ide1-hd1', 'ide1-cd0', 'floppy0']],
    ['-cdrom -fdb', { cdrom: image, fdb: image }, ['ide1-cd0', 'floppy1', 'floppy0']],
    ['-hdc, where the CD-ROM would be', { hdc: image }, ['ide1-hd0', 'floppy0']],
    [
      '-drive without index',
      { hda: image, drives: [{ file: image }] },
      ['ide0-hd0', 'ide0-hd1', 'ide1-cd0', 'floppy0'],
    ],
    ['if=none', { drives: [{ file: image, interface: 'none' as const }] }, ['ide1-cd0', 'floppy0']],
  ])('%s', (_name, config, names) => expect(plan(config)).toEqual(names));

  it.each([
    [{ hdc: image, cdrom: image }, /-cdrom: there is a drive at ide place 2 already/],
    [{ drives: [{ file: image, index: 4 }] }, /no place for ide drive 4/],
    [{ drives: [{ index: 0 }] }, /a disk needs an image/],
    [{ drives: [{ file: image, interface: 'floppy' as const, media: 'cdrom' as const }] }, /takes no CD-ROM/],
    [
      { drives: [{ file: image, persist: 'a', snapshot: false }] },
      /persist= keeps a disk's writes; leave out/,
    ],
    [{ drives: [{ persist: 'a', media: 'cdrom' as const }] }, /persist= keeps a disk's writes; leave out/],
    [
      { drives: [{ file: image, werror: 'panic' as 'stop' }] },
      /werror=panic: choose report, ignore, stop, enospc/,
    ],
    [{ drives: [{ file: image, rerror: 'enospc' as 'stop' }] }, /rerror=enospc: choose report, ignore, stop/],
  ])('refuses %j', (config, message) => expect(() => plan(config)).toThrow(message));

  it('are refused where a board has none', () => {
    expect(() => planDrives({ arch: 'riscv64', hda: image }, [], 'virt-1.0')).toThrow(
      '-hda: virt-1.0 has no ide drives',
    );
  });
});

describe('images', () => {
  const open = (bytes: Uint8Array, how: Partial<Parameters<typeof openImage>[1]> = {}) =>
    openImage(
      bytes,
      { interface: 'ide', media: 'disk', readOnly: false, snapshot: true, ...how },
      'ide0-hd0',
    );
  const text = (start: string): Uint8Array => Uint8Array.from(start.padEnd(64, '\0'), (c) => c.charCodeAt(0));

  it('of odd sizes end in zeros: disks at sectors, CD-ROMs at theirs, floppies at their format', async () => {
    expect((await open(new Uint8Array(1000))).size).toBe(1024);
    expect((await open(new Uint8Array(5000), { media: 'cdrom', readOnly: true })).size).toBe(6144);
    expect((await open(new Uint8Array(1_000_000), { interface: 'floppy' })).size).toBe(1200 * 1024);
  });

  it('that are preloaded take what the guest writes in their own format, and leave the bytes they came from alone', async () => {
    const file = new MemoryNode(new Uint8Array(0));
    const made = await createQcow2(file, { size: 1 << 20 });
    if (!made.ok) throw new Error(made.error.message);
    await made.value.flush();
    const bytes = file.bytes.slice();
    const before = bytes.slice();
    await expect(open(bytes, { snapshot: false })).rejects.toThrow('preload=on');
    const node = await open(bytes, { snapshot: false, preload: true });
    expect(await node.write(600_000, Uint8Array.of(1, 2, 3))).toMatchObject({ ok: true });
    expect(await node.read(600_000, 4)).toEqual({ ok: true, value: Uint8Array.of(1, 2, 3, 0) });
    expect(bytes).toEqual(before);
    const raw = new Uint8Array(1024);
    await (await open(raw, { snapshot: false, preload: true })).write(0, Uint8Array.of(7));
    expect(raw[0]).toBe(0);
    // Pieces that have something, that have nothing, and an end that is shorter.
    const mixed = new Uint8Array(200 << 10).map((_, i) => (i >> 16 === 1 ? 0 : i % 251));
    const copy = await open(mixed, { snapshot: false, preload: true });
    expect(await copy.read(0, mixed.length)).toEqual({ ok: true, value: mixed });
  });

  it('are closed again where another one cannot be opened', async () => {
    const closed = vi.spyOn(MemoryNode.prototype, 'close');
    const config = { arch: 'i386', hda: new Uint8Array(512), hdb: text('QFI\xfb') };
    await expect(openDrives(planDrives(config, ['ide'], 'pc-1.0'))).rejects.toThrow('ide0-hd1');
    expect(closed.mock.contexts.map((node) => (node as MemoryNode).readOnly)).toEqual([true, true]);
    closed.mockRestore();
  });

  it('are written themselves only with snapshot off', async () => {
    const bytes = new Uint8Array(1024);
    await (await open(bytes)).write(0, Uint8Array.of(7));
    expect(bytes[0]).toBe(0);
    await (await open(bytes, { snapshot: false })).write(0, Uint8Array.of(7));
    expect(bytes[0]).toBe(7);
  });

  it.each([
    ['an empty one', new Uint8Array(0), {}, /is empty/],
    ['a damaged qcow2 one', text('QFI\xfb'), {}, /cannot be used: .*no qcow2 image/],
    ['gzip', text('\x1f\x8b'), {}, /is a gzip file: unpack/],
    [
      'a large floppy',
      new Uint8Array(3_000_000),
      { interface: 'floppy' as const },
      /more than any floppy has/,
    ],
    ['one that cannot be written whole', new Uint8Array(1000), { snapshot: false }, /no multiple of 512/],
    [
      'a picked file that shall be written',
      new Blob(['x']) as unknown as Uint8Array,
      { snapshot: false },
      /takes no writes/,
    ],
  ])('%s is refused', async (_name, bytes, how, message) => {
    await expect(open(bytes, how)).rejects.toThrow(message);
  });
});

describe('images of a format', () => {
  const how = { interface: 'ide', media: 'disk', readOnly: false, snapshot: true } as const;

  async function qcow2(backingFile: string | null): Promise<Uint8Array> {
    const file = new MemoryNode(new Uint8Array(0));
    const made = await createQcow2(file, { size: 1 << 20, backingFile, backingFormat: 'raw' });
    if (!made.ok) throw new Error(made.error.message);
    await made.value.write(65_536, new Uint8Array(65_536).fill(3));
    await made.value.flush();
    return file.bytes.slice();
  }

  const first = async (node: BlockNode): Promise<number[]> => {
    const bytes = await node.read(0, 131_072);
    if (!bytes.ok) throw new Error(bytes.error.message);
    return [bytes.value[0], bytes.value[65_536]];
  };

  it('are opened over the backing files that are given, and written to in memory', async () => {
    const image = await qcow2('base.img');
    const node = await openImage(image, { ...how, backing: [new Uint8Array(1 << 20).fill(7)] }, 'd');
    expect(await first(node)).toEqual([7, 3]);
    const before = image.slice();
    await node.write(0, new Uint8Array(600).fill(9));
    expect(await first(node)).toEqual([9, 3]);
    expect(Buffer.compare(image, before)).toBe(0);
    await expect(openImage(image, { ...how, backing: [] }, 'd')).rejects.toThrow(/base\.img.*was not given/);
    await expect(openImage(image, how, 'd')).rejects.toThrow(/not to be had: put it beside the image/);
    await expect(
      openImage(image, { ...how, snapshot: false, backing: [new Uint8Array(512)] }, 'd'),
    ).rejects.toThrow(/may grow cannot be written/);
  });

  it.each([
    ['base.img', 'http://host/images/base.img'],
    ['sub/base.img', 'http://host/images/sub/base.img'],
    ['../base.img', null],
    ['/etc/passwd', null],
    ['http://elsewhere/base.img', null],
    ['file:///etc/passwd', null],
  ])('from the network are followed only to what lies beside them: %s', async (name, followed) => {
    const image = await qcow2(name);
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url);
      const file = url === 'http://host/images/disk.qcow2' ? image : new Uint8Array(1 << 20).fill(7);
      return new Response(file.slice() as Uint8Array<ArrayBuffer>, { status: 200 });
    });
    const opened = openImage('http://host/images/disk.qcow2', how, 'd');
    if (followed) expect(await first(await opened)).toEqual([7, 3]);
    else await expect(opened).rejects.toThrow(/put it beside the image/);
    expect(
      asked.filter((url) => url !== 'http://host/images/disk.qcow2').every((url) => url === followed),
    ).toBe(true);
    vi.unstubAllGlobals();
  });

  it('of a stored disk are told apart by all that they are made of', async () => {
    const identity = async (file: Uint8Array | Blob, backing?: Uint8Array[]): Promise<string> => {
      const base = await openBase(file, { ...how, ...(backing && { backing }) }, 'd');
      await base.node.close();
      return base.identity;
    };
    const large = new Uint8Array(24 << 20);
    const changed = large.slice();
    // A partitioned disk's first file system begins at the first MiB.
    changed.fill(1, 1 << 20, (1 << 20) + 512);
    expect(await identity(changed)).not.toBe(await identity(large));
    expect(await identity(large.slice())).toBe(await identity(large));
    const blob = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);
    expect(await identity(blob(changed))).not.toBe(await identity(blob(large)));
    const image = await qcow2('base.img');
    const backing = (fill: number) => [new Uint8Array(2 << 20).fill(fill, 1 << 20)];
    expect(await identity(image, backing(1))).not.toBe(await identity(image, backing(2)));
    expect(await identity(image, backing(1))).toBe(await identity(image, backing(1)));
  });

  it('that are loaded whole and written to leave what the cache keeps as it came', async () => {
    vi.stubGlobal('fetch', async () => new Response(new Uint8Array(4096).fill(7)));
    const kept: Uint8Array[] = [];
    const cache = { tag: () => undefined, put: (_: string, bytes: Uint8Array) => kept.push(bytes) };
    const plan = { ...how, preload: true, snapshot: false, readOnly: false };
    const node = await openImage('http://host/disk.img', plan, 'd', { cache: cache as never });
    await node.write(0, new Uint8Array(512).fill(9));
    expect(kept.map((bytes) => bytes[0])).toEqual([7]);
    vi.unstubAllGlobals();
  });

  it('pass through their filters', async () => {
    const filters = [{ driver: 'blkdebug', injectError: [{ iotype: 'read', sector: 1 }] }] as const;
    const node = await openImage(new Uint8Array(4096), { ...how, filters }, 'd');
    expect([(await node.read(0, 512)).ok, (await node.read(512, 512)).ok]).toEqual([true, false]);
    const bad = { ...how, filters: [{ driver: 'throttle', limits: { speed: 1 } }] } as const;
    await expect(openImage(new Uint8Array(4096), bad, 'd')).rejects.toThrow(/no limit speed=1/);
    const shared = [{ driver: 'throttle', group: 'g', limits: { 'iops-total': 10 } }] as const;
    const drives = [0, 1].map((index) => ({ file: new Uint8Array(512), index, filters: shared }));
    const [, second] = await openDrives(planDrives({ arch: 'i386', drives }, ['ide'], 'pc-1.0'));
    // Opening has read a sector of each: the third request is beyond a tenth of a second's worth, the second of one drive would not be.
    expect(second.node!.read(0, 1)).toBeInstanceOf(Promise);
  });
});
