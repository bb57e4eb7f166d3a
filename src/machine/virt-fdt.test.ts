import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readBlob, readSource, type TreeData } from '../../tests/support/device-tree.ts';
import { encodeFdt, FdtNode } from './fdt.ts';
import { RISCV_ISA, virtDeviceTree } from './virt-fdt.ts';

const qemu = readSource(readFileSync(new URL('fixtures/qemu-7.2-virt.dts', import.meta.url), 'utf8'));

const OPTIONS = {
  ramBytes: 512 * 1048576,
  vcpus: 1,
  commandLine: 'console=ttyS0',
  initrd: { start: 0x88200000, end: 0x88202000 },
  randomSeed: new Uint8Array(32).fill(0xa5),
};

const string = (text: string): string => Buffer.from(`${text}\0`).toString('hex');

/** What QEMU has and this board has not: see virt.ts. */
const ABSENT_NODES = ['/pmu', '/flash@20000000', '/platform-bus@4000000'];

/** Properties that are meant to be other than QEMU's: the CPU we emulate is another one, and seeds are random. */
const INTENDED: TreeData = {
  '/chosen': { 'rng-seed': 'a5'.repeat(32) },
  '/cpus/cpu@0': {
    'riscv,isa': string(RISCV_ISA),
    'mmu-type': string('riscv,sv57'),
    'riscv,cbom-block-size': '00000040',
    'riscv,cboz-block-size': '00000040',
  },
};

describe('the device tree of virt-1.0', () => {
  const ours = readBlob(encodeFdt(virtDeviceTree(OPTIONS)));

  it('has the nodes of QEMU 7.2, less those of devices that are not there', () => {
    const expected = Object.keys(qemu).filter((path) => !ABSENT_NODES.includes(path));
    expect(expected.length).toBe(Object.keys(qemu).length - ABSENT_NODES.length);
    expect(Object.keys(ours).sort()).toEqual(expected.sort());
  });

  it.each(Object.keys(ours))('has the properties of QEMU 7.2 in %s', (path) => {
    expect(ours[path]).toEqual({ ...qemu[path], ...INTENDED[path] });
  });

  it('lists no intended difference that is none', () => {
    for (const [path, properties] of Object.entries(INTENDED)) {
      for (const [name, value] of Object.entries(properties)) {
        expect(qemu[path][name], `${path} ${name}`).not.toBe(value);
      }
    }
  });

  it('has no bootargs without a kernel and no initrd without one', () => {
    const bare = readBlob(encodeFdt(virtDeviceTree({ ...OPTIONS, commandLine: null, initrd: null })));
    expect(Object.keys(bare['/chosen']).sort()).toEqual(['rng-seed', 'stdout-path']);
  });

  it('writes addresses and sizes past 32 bits in two cells', () => {
    const large = readBlob(encodeFdt(virtDeviceTree({ ...OPTIONS, ramBytes: 2 ** 32 + 4096 })));
    expect(large['/memory@80000000'].reg).toBe('00000000' + '80000000' + '00000001' + '00001000');
  });
});

describe('encodeFdt', () => {
  it('encodes empty properties, strings, cells and nested nodes, and shares property names', () => {
    const root = new FdtNode().cells('a', 1, 0xffffffff).flag('b');
    root
      .child('n@1')
      .strings('a', 'x', 'yz')
      .child('deep')
      .bytes('a', Uint8Array.of(1, 2, 3));
    const blob = encodeFdt(root, 3);
    expect(readBlob(blob)).toEqual({
      '/': { a: '00000001ffffffff', b: '' },
      '/n@1': { a: '7800797a00' },
      '/n@1/deep': { a: '010203' },
    });
    expect(new DataView(blob.buffer).getUint32(28)).toBe(3);
    expect(Buffer.from(blob).toString('latin1').split('a\0b\0').length).toBe(2);
  });
});
