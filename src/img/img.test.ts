/** snowglobe-img beside qemu-img: the same command on copies of the same image, then what each says, and what it did. */
import { copyFileSync, existsSync, linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { qemuCheck, qemuImg, qemuIo, qemuRead, workFolder } from '../../tests/support/qemu-img.ts';
import { makeImages, theirs } from '../../tests/support/img-images.ts';
import { snowglobeImg as ours } from '../../tests/support/snowglobe-img.ts';

const path = workFolder();
const MIB = 1 << 20;

const { base, top, snapped, old, raw } = makeImages(path);
const IMAGES = [base, top, snapped, old, raw];

/** A copy in a folder of its own, so that the names in messages agree. */
function copyOf(image: string, who: string): string {
  const copy = join(dirname(image), `${who}.img`);
  copyFileSync(image, copy);
  return copy;
}

describe('what is said of an image', () => {
  it.each(IMAGES)('%s: info', async (image) => {
    const mine = JSON.parse((await ours('info', '--output=json', image)).out);
    expect(mine).toEqual(JSON.parse(theirs('info', '--output=json', image).out));
    expect((await ours('info', image)).out).toBe(theirs('info', image).out);
  });

  it('info of a chain', async () => {
    const args = ['info', '--backing-chain', '--output=json', top];
    expect(JSON.parse((await ours(...args)).out)).toEqual(JSON.parse(theirs(...args).out));
    expect((await ours('info', '--backing-chain', top)).out).toBe(theirs('info', '--backing-chain', top).out);
  });

  it.each(IMAGES)('%s: check', async (image) => {
    const [mine, qemu] = [
      await ours('check', '--output=json', image),
      theirs('check', '--output=json', image),
    ];
    expect(mine.status).toBe(qemu.status);
    if (qemu.out !== '') expect(JSON.parse(mine.out)).toEqual(JSON.parse(qemu.out));
    expect((await ours('check', image)).out).toBe(theirs('check', image).out);
  });

  it.each([base, top, snapped, old])('%s: map', async (image) => {
    const args = ['map', '--output=json', image];
    expect(JSON.parse((await ours(...args)).out)).toEqual(JSON.parse(theirs(...args).out));
    const [mine, qemu] = [await ours('map', image), theirs('map', image)];
    expect({ ...mine, err: mine.err.replace('snowglobe-img', 'qemu-img') }).toEqual(qemu);
  });

  it.each([
    ['-O', 'qcow2', '--size', '100G'],
    ['-O', 'qcow2', '--size', '1000000', '-o', 'cluster_size=512,refcount_bits=64'],
    ['-O', 'qcow2', '--size', '3T', '-o', 'cluster_size=2M,extended_l2=on'],
    ['-O', 'qcow2', '--size', '3G', '-o', 'preallocation=full'],
    ['-O', 'raw', '--size', '12345'],
    ['-O', 'qcow2', base],
    ['-O', 'qcow2', top],
    ['-O', 'qcow2', '-o', 'backing_file=x,backing_fmt=raw', top],
    ['-O', 'qcow2', '-l', 'first', snapped],
    ['-O', 'raw', snapped],
  ])('measure %j %j %j %j %j', async (...args) => {
    const given = args.filter((arg) => arg !== undefined);
    const json = ['measure', '--output=json', ...given];
    expect(JSON.parse((await ours(...json)).out)).toEqual(JSON.parse(theirs(...json).out));
    expect((await ours('measure', ...given)).out).toBe(theirs('measure', ...given).out);
  });

  it('the list of snapshots', async () => {
    expect((await ours('snapshot', '-l', snapped)).out).toBe(theirs('snapshot', '-l', snapped).out);
    expect((await ours('snapshot', '-l', base)).out).toBe('');
  });

  it('compare', async () => {
    const longer = path('longer.raw');
    writeFileSync(longer, Buffer.concat([readFileSync(raw), Buffer.alloc(MIB)]));
    const changed = path('changed.raw');
    const bytes = readFileSync(longer);
    bytes[MIB + 5000] = 1;
    writeFileSync(changed, bytes);
    for (const args of [
      [base, old],
      [base, top],
      [raw, longer],
      ['-s', raw, longer],
      [raw, changed],
      [longer, changed],
      ['-q', longer, changed],
    ]) {
      const [mine, qemu] = [await ours('compare', ...args), theirs('compare', ...args)];
      expect([args, mine.status, mine.out]).toEqual([args, qemu.status, qemu.out]);
    }
  });
});

describe('what is done to an image', () => {
  it.each([
    [[], '10M'],
    [['-o', 'compat=0.10,cluster_size=4k'], '123456789'],
    [['-o', 'extended_l2=on,refcount_bits=64'], '1T'],
    [['-o', 'compression_type=zstd,lazy_refcounts=on'], '1.5G'],
    [['-o', 'preallocation=metadata'], '20M'],
    [['-o', 'preallocation=full,cluster_size=512'], '1M'],
    [['-b', 'base.qcow2', '-F', 'qcow2'], '9M'],
    [['-b', 'base.qcow2', '-F', 'qcow2'], ''],
  ])('create %j %s', async (options, size) => {
    const file = path('created.qcow2');
    const args = ['create', '-f', 'qcow2', ...options, file, ...(size === '' ? [] : [size])];
    const qemu = theirs(...args);
    const expected = JSON.parse(theirs('info', '--output=json', file).out);
    const mine = await ours(...args);
    expect(mine).toEqual(qemu);
    const { 'actual-size': _, ...rest } = JSON.parse(theirs('info', '--output=json', file).out);
    expect({ ...rest, 'actual-size': expected['actual-size'] }).toEqual(expected);
    expect(qemuCheck(file).status).toBe(0);
    // It takes writes.
    qemuIo(file, 'write -P 7 100k 300k', 'read -P 7 100k 300k');
    expect(qemuCheck(file).status).toBe(0);
  });

  it.each([
    ['raw', []],
    ['qcow2', []],
    ['qcow2', ['-c']],
    ['qcow2', ['-c', '-o', 'cluster_size=4k']],
    ['qcow2', ['-c', '-o', 'compression_type=zstd']],
    ['qcow2', ['-o', 'extended_l2=on']],
    ['qcow2', ['-B', 'base.qcow2', '-F', 'qcow2']],
    ['qcow2', ['-S', '0']],
  ])('convert to %s %j', async (format, options) => {
    const [mine, qemu] = [path('mine.img'), path('qemu.img')];
    expect(await ours('convert', ...options, '-O', format, top, mine)).toMatchObject({ status: 0, err: '' });
    theirs('convert', ...options, '-O', format, top, qemu);
    expect(theirs('compare', mine, qemu)).toMatchObject({ status: 0 });
    if (format !== 'qcow2') return;
    expect(qemuCheck(mine).status).toBe(0);
    const clusters = (file: string): number =>
      JSON.parse(theirs('check', '--output=json', file).out)['allocated-clusters'];
    expect(clusters(mine)).toBe(clusters(qemu));
  });

  it.each([[[]], [['-c']]])(
    'convert with a backing file that the source does not have writes its zeros (%j)',
    async (options) => {
      const flat = path('flat.raw');
      writeFileSync(flat, new Uint8Array(8 * MIB).fill(9, 3 * MIB, 4 * MIB));
      const [mine, qemu] = [path('backed.qcow2'), path('backed-qemu.qcow2')];
      const args = [...options, '-B', 'base.qcow2', '-F', 'qcow2', '-f', 'raw', '-O', 'qcow2', flat];
      expect(await ours('convert', ...args, mine)).toMatchObject({ status: 0, err: '' });
      theirs('convert', ...args, qemu);
      expect(theirs('compare', qemu, flat)).toMatchObject({ status: 0 });
      expect(theirs('compare', mine, flat)).toMatchObject({ status: 0 });
      expect(qemuCheck(mine).status).toBe(0);
    },
  );

  it('commit through a layer that is shorter than the base writes the zeros that it shows', async () => {
    const [low, middle, high] = ['low', 'middle', 'high'].map((name) => path(`${name}.qcow2`));
    const bases: Buffer[] = [];
    for (const commit of [
      (...args: string[]) => ours(...args),
      async (...args: string[]) => theirs(...args),
    ]) {
      qemuImg('create', '-q', '-f', 'qcow2', low, '8M');
      qemuIo(low, 'write -P 1 0 8M');
      qemuImg('create', '-q', '-f', 'qcow2', '-b', low, '-F', 'qcow2', middle, '4M');
      qemuImg('create', '-q', '-f', 'qcow2', '-b', middle, '-F', 'qcow2', high, '8M');
      qemuIo(high, 'write -P 2 1M 1M');
      expect(await commit('commit', '-b', low, high)).toMatchObject({ status: 0 });
      bases.push(Buffer.from(qemuRead(low)));
    }
    expect([bases[0][6 * MIB], bases[0][MIB], bases[0][0]]).toEqual([0, 2, 1]);
    expect(bases[0].equals(bases[1])).toBe(true);
  });

  it('convert of a snapshot, and into an image that is there', async () => {
    const [mine, qemu] = [path('snap.raw'), path('snap-qemu.raw')];
    await ours('convert', '-l', 'first', '-O', 'raw', snapped, mine);
    theirs('convert', '-l', 'first', '-O', 'raw', snapped, qemu);
    expect(readFileSync(mine).equals(readFileSync(qemu))).toBe(true);
    writeFileSync(mine, Buffer.alloc(4 * MIB, 0xff));
    expect(await ours('convert', '-n', '-O', 'raw', snapped, mine)).toMatchObject({ status: 0, err: '' });
    expect(readFileSync(mine).equals(Buffer.from(qemuRead(snapped)))).toBe(true);
  });

  it.each([
    [base, '+2M', []],
    [base, '16M', []],
    [base, '1500k', ['--shrink']],
    [snapped, '6M', []],
    [old, '100M', []],
    [raw, '2M', []],
    [top, '20M', []],
  ])('resize %s %s', async (image, size, options) => {
    const [mine, qemu] = [copyOf(image, 'mine'), copyOf(image, 'qemu')];
    const format = image === raw ? ['-f', 'raw'] : [];
    const [a, b] = [
      await ours('resize', ...format, ...options, mine, size),
      theirs('resize', ...format, ...options, qemu, size),
    ];
    expect([a.status, a.out]).toEqual([b.status, b.out]);
    expect(theirs('compare', mine, qemu)).toMatchObject({ status: 0 });
    if (image !== raw) expect(qemuCheck(mine)).toMatchObject({ status: 0 });
  });

  it('snapshots are made, gone back to and removed', async () => {
    const mine = copyOf(snapped, 'mine');
    const now = qemuRead(mine);
    expect(await ours('snapshot', '-c', 'third', mine)).toMatchObject({ status: 0, err: '' });
    expect(qemuCheck(mine)).toMatchObject({ status: 0 });
    qemuIo(mine, 'write -P 9 256k 2M');
    expect(await ours('snapshot', '-a', 'first', mine)).toMatchObject({ status: 0, err: '' });
    expect(qemuCheck(mine)).toMatchObject({ status: 0 });
    expect(Buffer.from(qemuRead(mine)).equals(Buffer.from(qemuRead(snapped, ['-l', 'first'])))).toBe(true);
    qemuIo(mine, 'write -P 10 0 64k');
    expect(Buffer.from(qemuRead(mine, ['-l', 'third'])).equals(Buffer.from(now))).toBe(true);
    for (const name of ['first', 'second', 'third']) {
      expect(await ours('snapshot', '-d', name, mine)).toMatchObject({ status: 0, err: '' });
      expect(qemuCheck(mine)).toMatchObject({ status: 0 });
    }
    qemuIo(mine, 'read -P 10 0 64k', 'read -P 5 64k 900k');
    expect((await ours('snapshot', '-d', 'first', mine)).err).toContain('no snapshot "first"');
  });

  it('rebase keeps what the disk shows, and -u only changes the name', async () => {
    const before = qemuRead(top);
    const other = path('other.qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', other, '7M');
    qemuIo(other, 'write -P 1 0 2M', 'write -P 8 5M 1M');
    const mine = join(dirname(top), 'rebased.qcow2');
    for (const to of [
      ['-b', 'other.qcow2', '-F', 'qcow2'],
      ['-b', ''],
    ]) {
      copyFileSync(top, mine);
      expect(await ours('rebase', ...to, mine)).toMatchObject({ status: 0, err: '' });
      expect(qemuCheck(mine)).toMatchObject({ status: 0 });
      expect(Buffer.from(qemuRead(mine)).equals(Buffer.from(before))).toBe(true);
      expect(JSON.parse(theirs('info', '--output=json', mine).out)['backing-filename']).toBe(
        to[1] || undefined,
      );
    }
    copyFileSync(top, mine);
    expect(await ours('rebase', '-u', '-b', 'nowhere.img', '-F', 'raw', mine)).toMatchObject({ status: 0 });
    expect(JSON.parse(theirs('info', '--output=json', mine).out)).toMatchObject({
      'backing-filename': 'nowhere.img',
      'backing-filename-format': 'raw',
    });
  });

  it('commit writes into the backing file and empties the image', async () => {
    const before = qemuRead(top);
    const lower = path('lower.qcow2');
    copyFileSync(base, lower);
    const upper = path('upper.qcow2');
    copyFileSync(top, upper);
    qemuImg('rebase', '-u', '-b', 'lower.qcow2', '-F', 'qcow2', upper);
    expect(await ours('commit', upper)).toEqual({ status: 0, out: 'Image committed.\n', err: '' });
    for (const file of [lower, upper]) {
      expect(qemuCheck(file)).toMatchObject({ status: 0 });
      expect(Buffer.from(qemuRead(file)).equals(Buffer.from(before))).toBe(true);
    }
    expect(theirs('map', upper).out).not.toContain('upper.qcow2');
    expect((await ours('commit', base)).err).toContain('does not have a backing file');
  });

  it('check repairs what qemu-img then finds good', async () => {
    const mine = copyOf(snapped, 'mine');
    const bytes = readFileSync(mine);
    const before = qemuRead(mine);
    // The first block of counts: some too high, some too low.
    const block = Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(48))));
    bytes[block + 20] = 7;
    bytes[block + 30] = 0;
    bytes[block + 2000] = 1;
    writeFileSync(mine, bytes);
    expect(qemuCheck(mine).status).toBe(2);
    expect((await ours('check', mine)).status).toBe(2);
    expect(await ours('check', '-r', 'all', mine)).toMatchObject({ status: 0, err: '' });
    expect(qemuCheck(mine)).toMatchObject({ status: 0 });
    expect(Buffer.from(qemuRead(mine)).equals(Buffer.from(before))).toBe(true);
    // Without any counts they are made anew.
    writeFileSync(mine, bytes.fill(0, block, block + 4096));
    bytes.writeBigUInt64BE(0n, Number(bytes.readBigUInt64BE(48)));
    writeFileSync(mine, bytes);
    expect(await ours('check', '-r', 'all', mine)).toMatchObject({ status: 0, err: '' });
    expect(qemuCheck(mine)).toMatchObject({ status: 0 });
    expect(Buffer.from(qemuRead(mine)).equals(Buffer.from(before))).toBe(true);
  });
});

describe('what would destroy an image', () => {
  const [low, middle, high] = ['chain-low', 'chain-middle', 'chain-high'].map((name) =>
    path(`${name}.qcow2`),
  );
  const [symbolic, hard] = [path('chain-symbolic.qcow2'), path('chain-hard.qcow2')];
  const source = path('in-place.raw');
  qemuImg('create', '-q', '-f', 'qcow2', low, '1M');
  qemuIo(low, 'write -P 1 0 64k');
  qemuImg('create', '-q', '-f', 'qcow2', '-b', low, '-F', 'qcow2', middle);
  qemuImg('create', '-q', '-f', 'qcow2', '-b', middle, '-F', 'qcow2', high);
  symlinkSync(middle, symbolic);
  linkSync(low, hard);
  writeFileSync(source, Buffer.alloc(MIB, 'in place'));
  const files = [low, middle, high, source];

  it.each([
    ['convert', '-O', 'raw', high, high],
    ['convert', '-O', 'qcow2', high, high],
    ['convert', '-O', 'raw', high, middle],
    ['convert', '-O', 'qcow2', high, symbolic],
    ['convert', '-O', 'raw', high, hard],
    ['convert', '-n', '-O', 'qcow2', high, low],
    ['convert', '-f', 'raw', '-O', 'raw', source, source],
    ['convert', '-f', 'raw', '-O', 'qcow2', '-B', high, '-F', 'qcow2', source, middle],
    ['convert', '-f', 'raw', '-O', 'qcow2', '-B', path('nowhere'), '-F', 'qcow2', source, middle],
    ['rebase', '-b', join(dirname(middle), '.', 'chain-middle.qcow2'), '-F', 'qcow2', middle],
    ['rebase', '-b', symbolic, '-F', 'qcow2', middle],
    ['rebase', '-b', high, '-F', 'qcow2', hard],
    ['create', '-q', '-f', 'qcow2', '-b', middle, '-F', 'qcow2', middle],
    ['create', '-q', '-f', 'qcow2', '-b', high, '-F', 'qcow2', hard],
    ['create', '-q', '-f', 'qcow2', low, '3P'],
    ['publish', '-f', 'raw', source, source],
  ])('%s %s %s %s %s %s %s leaves all files as they are', async (...args) => {
    const before = files.map((file) => readFileSync(file));
    expect(await ours(...args.filter((arg) => arg !== undefined))).toMatchObject({ status: 1, out: '' });
    expect(files.map((file, i) => readFileSync(file).equals(before[i]))).toEqual(files.map(() => true));
  });

  it('an image that cannot be made leaves no file', async () => {
    const file = path('too-large.qcow2');
    expect((await ours('create', '-q', '-f', 'qcow2', file, '3P')).err).toContain('too large');
    expect(existsSync(file)).toBe(false);
  });

  it('snapshots with names like ids are told apart as by qemu-img', async () => {
    const named = path('named.qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=4k', named, '64k');
    for (const [pattern, name] of [
      [1, 'one'],
      [2, '1'],
    ]) {
      qemuIo(named, `write -P ${pattern} 0 4k`);
      qemuImg('snapshot', '-c', String(name), named);
    }
    for (const which of [
      '1',
      'one',
      '2',
      'snapshot.name=1',
      'snapshot.id=1',
      'snapshot.id=2,snapshot.name=1',
      'snapshot.id=1,snapshot.name=1',
      'snapshot.name=2',
      'snapshot.other=1',
    ]) {
      const [mine, qemu] = [path('which.raw'), path('which-qemu.raw')];
      for (const file of [mine, qemu]) writeFileSync(file, '');
      const args = ['convert', '-O', 'raw', '-l', which, named];
      const { status } = theirs(...args, qemu);
      expect([which, (await ours(...args, mine)).status]).toEqual([which, status]);
      expect([which, readFileSync(mine).equals(readFileSync(qemu))]).toEqual([which, true]);
    }
    for (const which of ['2', '1', '1']) {
      const copies = [copyOf(named, 'mine'), copyOf(named, 'qemu')];
      const qemu = theirs('snapshot', '-d', which, copies[1]);
      expect((await ours('snapshot', '-d', which, copies[0])).status).toBe(qemu.status);
      const [left, expected] = copies.map((copy) => theirs('snapshot', '-l', copy).out);
      expect(left).toBe(expected);
      copyFileSync(copies[1], named);
    }
  });
});

describe('mistakes', () => {
  it.each([
    [['info']],
    [['info', path('nothing')]],
    [['blah']],
    [[]],
    [['create', '-f', 'qcow2', path('z'), '10Q']],
    [['create', '-f', 'qcow2', '-o', 'bar=1', path('z'), '1M']],
    [['create', '-f', 'qcow2', '-o', 'cluster_size=3k', path('z'), '1M']],
    [['create', '-f', 'qcow2', '-o', 'compat=0.10,lazy_refcounts=on', path('z'), '1M']],
    [['create', '-f', 'qcow2', '-b', 'nope', '-F', 'raw', path('z')]],
    [['resize', base, '1M']],
    [['resize', base, '-20M']],
    [['convert', '-O', 'qcow3', base, path('z')]],
    [['check', '-f', 'raw', base]],
    [['compare', base]],
    [['compare', base, path('nothing')]],
    [['snapshot', '-a', 'nothing', snapped]],
    [['map', '--output=xml', base]],
    [['measure', '-O', 'qcow2', '--size', '3T', '-o', 'cluster_size=512']],
  ])('%j leave with the status of qemu-img', async (args) => {
    const [mine, qemu] = [await ours(...args), theirs(...args)];
    expect(mine.status).toBe(qemu.status);
    expect(mine.err).not.toBe('');
    expect(existsSync(path('z'))).toBe(false);
  });

  it('a chain that leads to itself, or nowhere', async () => {
    const [a, b] = [path('loop-a.qcow2'), path('loop-b.qcow2')];
    qemuImg('create', '-q', '-f', 'qcow2', a, '1M');
    qemuImg('create', '-q', '-f', 'qcow2', '-b', 'loop-a.qcow2', '-F', 'qcow2', b);
    qemuImg('rebase', '-u', '-b', 'loop-b.qcow2', '-F', 'qcow2', a);
    expect((await ours('map', a)).err).toMatch(/chain leads back/);
    qemuImg('rebase', '-u', '-b', 'gone.qcow2', '-F', 'qcow2', a);
    expect((await ours('map', a)).err).toMatch(/gone\.qcow2.*No such file/);
    expect((await ours('info', a)).status).toBe(0);
  });
});
