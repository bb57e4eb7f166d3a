import { describe, expect, it } from 'vitest';
import type { VmConfig } from '../core/vm-api.ts';
import { openImage } from './disk-image.ts';
import { planDrives } from './drives.ts';

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
