import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress } from '../address.ts';
import { commandLine } from '../command-line.ts';
import { hasStoredDisk, imageIn, keepableDrives, unkeptDrives, withDisks } from './kept-config.ts';
import { fileName } from './save-file.ts';
import { ago } from './shelf.ts';
import { parseSize } from './size.ts';

const KIB = 1024;
const MIB = KIB * KIB;
const GIB = KIB * MIB;

describe('a size that a person writes', () => {
  it.each([
    ['8G', 8 * GIB],
    ['8 GB', 8 * GIB],
    ['1.5 GiB', 1.5 * GIB],
    ['1,5g', 1.5 * GIB],
    ['512', 512 * MIB],
    ['700 M', 700 * MIB],
    ['1440k', 1440 * KIB],
    ['8T', 8192 * GIB],
    // Sectors of 512 bytes.
    ['0.3k', 512],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'lots', '0', '0G', '-1G', '1e3', '9T', '8 G 1', '99999999999999999999G', 'NaN', '8P'])(
    '“%s” is none',
    (text) => {
      expect(parseSize(text)).toBeNull();
    },
  );
});

describe('a kept machine', () => {
  const pc = { arch: 'x86_64', hda: 'http://host/images/d.json', cdrom: 'http://host/cd.iso' };
  const virt = {
    arch: 'riscv64',
    drives: [
      { file: 'http://host/cd.iso', media: 'cdrom' },
      { file: 'http://host/images/r.json', interface: 'virtio' },
    ],
  } as const;

  it('keeps disks, not discs: the one that it starts from first', () => {
    expect(keepableDrives(pc)).toEqual(['hda']);
    expect(keepableDrives(virt)).toEqual([1]);
    expect(imageIn(virt, 1)).toBe('http://host/images/r.json');
    const data = ['http://host/a', 'http://host/b', 'http://host/c', 'http://host/d'].map((file) => ({
      file,
    }));
    const more = { ...pc, hdc: 'http://host/c.img', drives: [data[0], { ...data[1], readOnly: true }] };
    expect(keepableDrives(more)).toEqual(['hda', 'hdc', 0, 1]);
    // Those whose writes would be lost.
    expect(unkeptDrives(more)).toEqual(['hda', 'hdc', 0]);
    const stored = [{ persist: 'mine' }, { ...data[2], snapshot: false }, { ...data[3], snapshot: true }];
    expect(unkeptDrives({ drives: stored })).toEqual([2]);
    expect(keepableDrives({ arch: 'i386', fda: 'f.img' })).toEqual([]);
  });

  it('offers no image the place of a stored disk', () => {
    const kept = withDisks(pc, [{ id: 'one', drive: 'hda' }]);
    const places = ['hda', 'hdb', 'cdrom', 'fda'];
    expect(places.filter((key) => hasStoredDisk(kept, key))).toEqual(['hda']);
    const onVirtio = withDisks({ ...virt, arch: 'x86_64' }, [{ id: 'two', drive: 1 }]);
    for (const config of [pc, onVirtio])
      expect(places.filter((key) => hasStoredDisk(config, key))).toEqual([]);
  });

  it('boots with stored disks in place of images, and everything else as it was', () => {
    expect(withDisks(pc, [{ id: 'one', drive: 'hda' }])).toEqual({
      arch: 'x86_64',
      cdrom: pc.cdrom,
      drives: [{ index: 0, persist: 'one' }],
    });
    expect(withDisks(virt, [{ id: 'two', drive: 1 }]).drives).toEqual([
      virt.drives[0],
      { interface: 'virtio', persist: 'two' },
    ]);
    expect(virt.drives[1].file).toBe('http://host/images/r.json');
  });

  it('has an address, with options that differ', () => {
    const address = { mine: '1a2b', options: { memory: 256 } };
    expect(formatAddress(address)).toBe('?mine=1a2b&m=256');
    expect(parseAddress('?mine=1a2b&m=256')).toEqual(address);
    // What it is made of is not in the address.
    expect(parseAddress('?mine=1a2b&machine=debian')).toEqual({ mine: '1a2b', options: {} });
  });

  it('is started on the command line with its disk exported', () => {
    const config = withDisks(pc, [{ id: 'one', drive: 'hda' }]);
    expect(commandLine(config, 'http://host/images/', 'Old-laptop')).toBe(
      'npx snowglobe x86_64 -cdrom http://host/cd.iso -drive file=Old-laptop.qcow2,index=0,snapshot=off',
    );
    const device = { driver: 'virtio-blk-device', properties: { drive: 'd' } };
    expect(
      commandLine(
        { arch: 'riscv64', drives: [{ file: 'a,b.img', interface: 'none', id: 'd' }], devices: [device] },
        'http://host/images/',
      ),
    ).toBe(
      'npx snowglobe riscv64 -drive file=http://host/a,,b.img,if=none,id=d -device virtio-blk-device,drive=d -nographic',
    );
  });

  it.each([
    ['Old laptop', 'Old-laptop'],
    ['Büro: Rechner/2', 'Bu-ro-Rechner-2'],
    ['../../etc', 'etc'],
    ['雪', 'disk'],
  ])('“%s” is exported as %s', (name, file) => {
    expect(fileName(name)).toBe(file);
  });

  it('says when it was used', () => {
    const now = 1_800_000_000_000;
    expect(ago(now - 20_000, now)).toBe('just now');
    expect(ago(now + 5_000, now)).toBe('just now');
    expect(ago(now - 3 * 3_600_000, now)).toBe('3 hours ago');
    expect(ago(now - 86_400_000, now)).toBe('yesterday');
  });
});
