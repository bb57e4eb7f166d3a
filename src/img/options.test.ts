/** Options of snowglobe-img, and holes of files, beside qemu-img. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeImages, theirs } from '../../tests/support/img-images.ts';
import { qemuCheck, qemuImg, qemuIo, workFolder } from '../../tests/support/qemu-img.ts';
import { snowglobeImg as ours } from '../../tests/support/snowglobe-img.ts';

const path = workFolder();
const MIB = 1 << 20;
const { base, top, raw } = makeImages(path);

describe('options are obeyed, or refused as by qemu-img', () => {
  const blocks = (file: string): number => statSync(file).blocks;

  it.each([
    ['create', '-f', 'raw', '-o', 'preallocation=falloc'],
    ['create', '-f', 'raw', '-o', 'preallocation=full'],
    ['create', '-f', 'raw', '-o', 'preallocation=off'],
    ['create', '-f', 'raw', '-o', 'preallocation=bogus'],
    ['create', '-f', 'raw', '-o', 'preallocation=metadata'],
    ['create', '-f', 'raw', '-o', 'bogus=1'],
    ['create', '-f', 'raw', '-o', 'size=1M'],
    ['create', '-f', 'qcow2', '-o', 'size=1M'],
    ['create', '-f', 'qcow2', '-o', 'preallocation=falloc'],
    ['create', '-f', 'qcow2', '-u', '-b', 'x'],
  ])('%s %s %s %s %s', async (...options) => {
    const file = path('made.img');
    rmSync(file, { force: true });
    const args = [...options.filter((option) => option !== undefined), file, '4M'];
    const qemu = theirs(...args);
    const expected = existsSync(file) && qemu.status === 0 ? blocks(file) : 0;
    rmSync(file, { force: true });
    const mine = await ours(...args);
    expect(mine.status).toBe(qemu.status);
    expect(existsSync(file)).toBe(qemu.status === 0);
    if (qemu.status !== 0) return expect(mine.err).not.toBe('');
    expect(mine.out).toBe(qemu.out);
    if (expected > 4096) expect(blocks(file)).toBeGreaterThanOrEqual(4 * (MIB / 512));
    else expect(blocks(file)).toBeLessThan(1024);
  });

  it.each([
    ['-O', 'raw', '-o', 'preallocation=full'],
    ['-O', 'raw', '-o', 'bogus=1'],
    ['-t', 'bogus'],
    ['-t', 'none', '-T', 'writeback', '-m', '4', '-W'],
    ['-T', 'bogus'],
    ['-r', 'bogus'],
    ['-r', '1G'],
    ['-m', '99'],
    ['-m', '0'],
    ['-C'],
    ['-C', '-S', '0'],
    ['-C', '-c', '-O', 'qcow2'],
    ['--target-is-zero'],
  ])('convert %s %s %s %s', async (...options) => {
    const [mine, qemu] = [path('options.img'), path('options-qemu.img')];
    for (const file of [mine, qemu]) rmSync(file, { force: true });
    const args = ['convert', ...options.filter((option) => option !== undefined), base];
    const { status } = theirs(...args, qemu);
    expect((await ours(...args, mine)).status).toBe(status);
    expect(existsSync(mine)).toBe(status === 0);
    if (status === 0 && options.includes('preallocation=full'))
      expect(blocks(mine)).toBeGreaterThanOrEqual(8 * (MIB / 512));
  });

  it('convert -r takes its time', async () => {
    const [file, copy] = [path('slow.raw'), path('slow-copy.raw')];
    writeFileSync(file, Buffer.alloc(4 * MIB, 1));
    const before = performance.now();
    expect((await ours('convert', '-r', '4M', '-f', 'raw', '-O', 'raw', file, copy)).status).toBe(0);
    // A second, less the last piece and what may come ahead of its time.
    expect(performance.now() - before).toBeGreaterThan(500);
    expect(readFileSync(copy).equals(readFileSync(file))).toBe(true);
  });

  it('convert of several images puts one behind the other', async () => {
    const odd = path('odd.raw');
    writeFileSync(odd, Buffer.alloc(70_001, 'odd'));
    const [mine, qemu] = [path('joined.raw'), path('joined-qemu.raw')];
    theirs('convert', '-O', 'raw', odd, top, raw, qemu);
    expect(await ours('convert', '-O', 'raw', odd, top, raw, mine)).toMatchObject({ status: 0, err: '' });
    expect(readFileSync(mine).equals(readFileSync(qemu))).toBe(true);
    const packed = path('joined.qcow2');
    expect(await ours('convert', '-c', '-O', 'qcow2', odd, top, raw, packed)).toMatchObject({ status: 0 });
    expect(theirs('compare', '-f', 'raw', '-F', 'qcow2', qemu, packed)).toMatchObject({ status: 0 });
    expect((await ours('convert', '-O', 'raw', odd, raw, raw)).err).toContain('cannot be written over');
  });

  it.each([
    ['commit', '-r', 'bogus'],
    ['commit', '-t', 'bogus'],
    ['check', '-T', 'bogus'],
    ['compare', '-T', 'bogus', raw],
    ['rebase', '-t', 'bogus', '-b', ''],
    ['check', '--repair=bogus'],
    ['resize', '--preallocation=bogus', '--shrink'],
  ])('%s %s %s %s', async (...args) => {
    const given = [...args.filter((arg) => arg !== undefined), top];
    if (args[0] === 'resize') given.push('1M');
    expect((await ours(...given)).status).toBe(theirs(...given).status);
  });

  it('compare -s tells apart what is stored', async () => {
    const images = [path('strict-empty'), path('strict-zeros'), path('strict-full')];
    for (const image of images) qemuImg('create', '-q', '-f', 'qcow2', image, '1M');
    qemuIo(images[1], 'write -z 0 64k');
    qemuIo(images[2], 'write -P 0 0 1M');
    for (const a of images)
      for (const b of images) {
        const [mine, qemu] = [await ours('compare', '-s', a, b), theirs('compare', '-s', a, b)];
        expect([mine.status, mine.out]).toEqual([qemu.status, qemu.out]);
      }
  });

  it('resize --preallocation gives what is new its place', async () => {
    const file = path('grown.img');
    for (const [format, mode, least] of [
      ['raw', 'full', 4],
      ['raw', 'falloc', 4],
      ['qcow2', 'full', 4],
      ['qcow2', 'metadata', 0],
    ] as const) {
      qemuImg('create', '-q', '-f', format, file, '1M');
      const args = ['resize', '-f', format, `--preallocation=${mode}`, file, '5M'];
      expect(await ours(...args)).toMatchObject({ status: 0, out: 'Image resized.\n' });
      expect(blocks(file)).toBeGreaterThanOrEqual(least * (MIB / 512));
      if (format === 'raw') continue;
      expect(qemuCheck(file).status).toBe(0);
      const map = JSON.parse(theirs('map', '--output=json', file).out);
      expect(map.at(-1)).toMatchObject({ start: MIB, length: 4 * MIB, present: true });
    }
    expect((await ours('resize', '-f', 'raw', '--preallocation=full', '--shrink', file, '1M')).status).toBe(
      1,
    );
  });

  it('rebase -u without -b drops the backing file', async () => {
    const file = path('alone.qcow2');
    copyFileSync(top, file);
    expect((await ours('rebase', file)).status).toBe(1);
    expect(await ours('rebase', '-u', file)).toMatchObject({ status: 0, err: '' });
    expect(JSON.parse(theirs('info', '--output=json', file).out)).not.toHaveProperty('backing-filename');
  });

  it.each(['vdi', 'vmdk', 'vpc'])('check of %s', async (format) => {
    const file = path(`check.${format}`);
    qemuImg('convert', '-f', 'raw', '-O', format, raw, file);
    for (const options of [[], ['--output=json'], ['-r', 'all'], ['--repair=leaks']]) {
      const [mine, qemu] = [await ours('check', ...options, file), theirs('check', ...options, file)];
      expect([mine.status, mine.out.replace(/\s/g, '')]).toEqual([qemu.status, qemu.out.replace(/\s/g, '')]);
    }
  });

  it('check of a VDI image with a block that lies nowhere', async () => {
    const file = path('nowhere.vdi');
    qemuImg('convert', '-f', 'raw', '-O', 'vdi', raw, file);
    const bytes = readFileSync(file);
    bytes.writeUInt32LE(1000, bytes.readUInt32LE(0x154));
    writeFileSync(file, bytes);
    expect((await ours('check', file)).status).toBe(theirs('check', file).status);
  });

  it('what can be asked about the program', async () => {
    for (const option of ['-V', '--version'])
      expect((await ours(option)).out).toMatch(/^snowglobe-img version \d+\.\d+\.\d+\n$/);
    const help = (await ours('create', '-f', 'qcow2', '-o', 'help')).out;
    const lines = theirs('create', '-f', 'qcow2', '-o', 'help').out.split('\n');
    expect(help).toContain('  cluster_size=<size>    - qcow2 cluster size');
    for (const line of help.trimEnd().split('\n')) expect(lines).toContain(line);
    expect((await ours('convert', '-O', 'raw', '-o', '?')).out).toContain('preallocation=');
    for (const command of ['amend', 'dd'])
      expect(await ours(command, base)).toMatchObject({
        status: 1,
        err: expect.stringContaining(`${command} is not supported`),
      });
  });
});

describe('holes of files', () => {
  const GIB = 2 ** 30;
  /** A file of zeros with pages of data. */
  function sparse(name: string, size: number, ...places: number[]): string {
    const file = path(name);
    const fd = openSync(file, 'w');
    ftruncateSync(fd, size);
    for (const place of places)
      writeSync(fd, Buffer.alloc(Math.min(5000, size - place), 7), 0, undefined, place);
    closeSync(fd);
    return file;
  }

  it.each([
    ['none.raw', 3 * MIB, []],
    ['small.raw', 9 * MIB + 512, [0, 3 * MIB - 100, 8 * MIB]],
    ['pieces.raw', 40 * MIB, [4 * MIB - 5000, 4 * MIB, 12 * MIB, 16 * MIB, 40 * MIB - 5000]],
    ['begin.raw', 40 * MIB, [0]],
    ['middle.raw', 300 * MIB, [150 * MIB]],
    ['ends.raw', 64 * GIB, [512, 64 * GIB - 4096]],
  ] as const)('of %s are as qemu-img sees them', async (name, size, places) => {
    const file = sparse(name, size, ...places);
    const args = ['map', '-f', 'raw', '--output=json'];
    for (const more of [[], ['-s', '1M'], ['-s', '1M', '-l', '1000k']])
      expect(JSON.parse((await ours(...args, ...more, file)).out)).toEqual(
        JSON.parse(theirs(...args, ...more, file).out),
      );
    const packed = path('holes.qcow2');
    expect(await ours('convert', '-f', 'raw', '-O', 'qcow2', file, packed)).toMatchObject({ status: 0 });
    expect(theirs('compare', '-f', 'raw', '-F', 'qcow2', file, packed)).toMatchObject({ status: 0 });
    const measure = ['measure', '-f', 'raw', '-O', 'qcow2', '--output=json', file];
    expect(JSON.parse((await ours(...measure)).out)).toEqual(JSON.parse(theirs(...measure).out));
  });

  it.each([
    ['vdi', 'static=on'],
    ['vdi', 'static=off'],
    ['vpc', 'subformat=fixed,force_size=on'],
    ['vpc', 'subformat=dynamic,force_size=on'],
    ['vmdk', 'subformat=monolithicSparse'],
  ])('measure, map and info of %s, %s', async (format, option) => {
    const file = path('mapped.img');
    qemuImg('create', '-q', '-f', format, '-o', option, file, '16M');
    // The first page too: the host stores it, as zeros, which only qemu-img can tell from a hole.
    const writes = ['-c', 'write -P 1 0 4k', '-c', 'write -P 1 4M 64k'];
    const spawned = spawnSync('qemu-io', ['-f', format, ...writes, file]);
    expect(spawned.status).toBe(0);
    for (const command of ['measure', 'map', 'info']) {
      const args = [
        command,
        '-f',
        format,
        ...(command === 'measure' ? ['-O', 'qcow2'] : []),
        '--output=json',
        file,
      ];
      const wanted = JSON.parse(theirs(...args).out);
      const told = JSON.parse((await ours(...args)).out);
      // Where a format keeps its own tables is the host's affair.
      if (command === 'map') expect(told.map(covers)).toEqual(wanted.map(covers));
      else expect(told).toEqual(wanted);
    }
    expect((await ours('info', '-f', format, file)).out).toBe(theirs('info', '-f', format, file).out);
  });

  const covers = ({ present, zero, data, start, length }: Record<string, unknown>) => ({
    ...{ present, zero, data, start, length },
  });
});

describe('what qemu-img does too', () => {
  const marked = path('marked.qcow2');
  const lazy = path('lazy-narrow.qcow2');
  qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=4k', marked, '10M');
  qemuImg('bitmap', '--add', marked, 'first');
  qemuIo(marked, 'write -P 7 48k 200k');
  qemuImg('bitmap', '--add', '-g', '128k', '--disable', marked, 'second');
  qemuImg('create', '-q', '-f', 'qcow2', '-o', 'lazy_refcounts=on,refcount_bits=1', lazy, '7M');
  qemuIo(lazy, 'write -P 9 64k 128k');

  it.each([
    ['info'],
    ['info', '--output=json'],
    ['check'],
    ['measure', '-O', 'qcow2'],
    ['measure', '-O', 'qcow2', '--output=json', '-o', 'cluster_size=512'],
  ])('bitmaps: %s %s %s %s', async (...args) => {
    const given = [...args.filter((arg) => arg !== undefined), marked];
    const [mine, qemu] = [(await ours(...given)).out, theirs(...given).out];
    if (given.includes('--output=json')) expect(JSON.parse(mine)).toEqual(JSON.parse(qemu));
    else expect(mine).toBe(qemu);
  });

  it.each([
    ['snapshot', '-c', 'kept'],
    ['rebase', '-u', '-b', ''],
  ])('bitmaps are given up by who writes, and what they took becomes free: %s', async (...args) => {
    const copy = path('marked-copy.qcow2');
    copyFileSync(marked, copy);
    expect(await ours(...args, copy)).toMatchObject({ status: 0 });
    expect(qemuCheck(copy)).toMatchObject({ status: 0 });
    expect(theirs('info', copy).out).not.toContain('bitmaps');
    expect(theirs('compare', marked, copy).status).toBe(0);
  });

  it.each(['the L1 table', 'data', 'the header', 'nowhere'])(
    'a bitmap that claims to lie over %s frees nothing of that',
    async (what) => {
      const copy = path('marked-wrong.qcow2');
      const bytes = readFileSync(marked);
      const number = (at: number): number => Number(bytes.readBigUInt64BE(at) & 0x00ff_ffff_ffff_fe00n);
      const l1 = number(40);
      // The third field of the extension says where the directory is, whose first field is where a bitmap's table is.
      const directory = number(bytes.indexOf(Buffer.of(0x23, 0x85, 0x28, 0x75)) + 24);
      const places = {
        'the L1 table': l1,
        data: number(number(l1) + 8 * 12),
        'the header': 0,
        nowhere: 2 ** 50,
      };
      bytes.writeBigUInt64BE(BigInt(places[what as keyof typeof places]), directory);
      writeFileSync(copy, bytes);
      expect(await ours('snapshot', '-c', 'kept', copy)).toMatchObject({ status: 0 });
      // The rest of that bitmap is lost room, and nothing worse.
      expect([0, 3]).toContain(qemuCheck(copy).status);
      expect(theirs('compare', marked, copy).status).toBe(0);
    },
  );

  it('a snapshot that counts have no room for leaves the image closed', async () => {
    expect((await ours('snapshot', '-c', 'one', lazy)).status).toBe(1);
    expect(JSON.parse(theirs('info', '--output=json', lazy).out)['dirty-flag']).toBe(false);
    expect(qemuCheck(lazy)).toMatchObject({ status: 0 });
    expect(theirs('snapshot', '-c', 'one', lazy).status).toBe(1);
  });

  it('fields of the header that are not known here stay', async () => {
    const file = path('fields.qcow2');
    qemuImg('create', '-q', '-f', 'qcow2', file, '1M');
    const bytes = readFileSync(file);
    // Two more fields, before the extensions.
    bytes.copy(bytes, 120, 112, 2048);
    bytes.writeUInt32BE(120, 100);
    bytes.writeBigUInt64BE(0x0102030405060708n, 112);
    writeFileSync(file, bytes);
    expect(await ours('rebase', '-u', '-b', 'x', '-F', 'raw', file)).toMatchObject({ status: 0 });
    const after = readFileSync(file);
    expect(after.readUInt32BE(100)).toBe(120);
    expect(after.readBigUInt64BE(112)).toBe(0x0102030405060708n);
    expect(theirs('info', file).out).toContain('backing file: x');
  });

  it.each([
    ['resize', '-f', 'qcow2', '--shrink', top, '4190000'],
    ['resize', '-f', 'qcow2', top, '+1'],
    ['convert', '-O', 'raw', '-B', base, '-F', 'qcow2', top, path('never.raw')],
  ])('%s %s %s %s %s is refused', async (...args) => {
    const files = args.filter((arg) => arg !== undefined);
    const before = readFileSync(top);
    const [mine, qemu] = [await ours(...files), theirs(...files)];
    expect({ ...mine, err: mine.err.replace('snowglobe-img', 'qemu-img') }).toEqual(qemu);
    expect(before.equals(readFileSync(top))).toBe(true);
  });

  it.each(['1', '511', '1.3k'])('create of %s bytes says what was asked for', async (size) => {
    const file = path('said.raw');
    const { out } = theirs('create', '-f', 'raw', file, size);
    const length = statSync(file).size;
    rmSync(file);
    expect((await ours('create', '-f', 'raw', file, size)).out).toBe(out);
    expect(statSync(file).size).toBe(length);
  });

  it('sizes are rounded, and the last sector and nothing at all shown', async () => {
    const file = path('sizes.raw');
    for (const bytes of [328192, 983552, 10598, 1023, 1000001, 0]) {
      writeFileSync(file, Buffer.alloc(bytes, 1));
      for (const args of [
        ['info', '-f', 'raw', file],
        ['map', '-f', 'raw', '--output=json', file],
      ])
        expect((await ours(...args)).out).toBe(theirs(...args).out);
    }
  });

  it('-q says nothing of progress either, and -p ends with all of it', async () => {
    const [file, copy] = [path('progress.qcow2'), path('progress-copy.raw')];
    copyFileSync(top, file);
    expect((await ours('convert', '-q', '-p', raw, copy)).out).toBe('');
    expect((await ours('rebase', '-p', '-b', '', file)).out).toMatch(/\(100\.00\/100%\)\r\n$/);
    expect((await ours('compare', '-p', base, base)).out).toContain('(100.00/100%)\r\nImages are identical.');
  });
});
