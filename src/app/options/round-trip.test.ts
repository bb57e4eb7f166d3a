/** Options → address → options → command line → options: nothing is lost, whatever the options are. */
import { describe, expect, it } from 'vitest';
import type { BlockFilter, DeviceConfig, DriveConfig, VmConfig } from '../../core/vm-api.ts';
import { formatAddress, parseAddress } from '../address.ts';
import type { CatalogEntry } from '../catalog.ts';
import { commandLine } from '../command-line.ts';
import { configFromCommandLine, type Surroundings } from '../command-text.ts';
import { addressOf, ownOptions, resolveMachine } from '../machine.ts';

const imagesUrl = 'http://127.0.0.1:8080/images/';
const around: Surroundings = { imagesUrl, files: new Map(), folders: [], disks: new Map() };

/** Numbers from 0 below 1 that a seed decides (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What quotes, shells, addresses and QEMU's lists have a meaning for. */
const PIECES = [
  'a',
  'B7',
  ' ',
  ',',
  '%',
  '%20',
  '%2C',
  '%25',
  "'",
  '"',
  '\\',
  '&',
  '=',
  '#',
  '+',
  '$x',
  'ü',
  '雪',
  ';',
  '-',
  ':',
];
const URLS = [
  `${imagesUrl}riscv64-debian/vmlinux`,
  `${imagesUrl}a%20b/c,d.img`,
  'https://a.example/x?y=1&z=2#f',
  'http://b.example/100%25/%C3%BC.iso',
];

function randomConfig(seed: number): VmConfig {
  const next = random(seed);
  const below = (count: number): number => Math.floor(next() * count);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const maybe = <T extends object>(make: () => T): T | object => (next() < 0.4 ? make() : {});
  const text = (): string => Array.from({ length: 1 + below(6) }, () => pick(PIECES)).join('');
  const some = <T>(make: () => T): T[] => Array.from({ length: 1 + below(3) }, make);
  const url = (): string => pick(URLS);
  const filters = (): BlockFilter[] => [
    {
      driver: 'throttle',
      limits: { 'iops-total': below(1000), ...maybe(() => ({ 'bps-read': below(2 ** 31) })) },
      ...maybe(() => ({ group: 'g' })),
    },
    ...(next() < 0.5 ? [{ driver: 'copy-on-read' } as const] : []),
  ];
  const drive = (): DriveConfig => ({
    ...maybe(() => ({ file: url() })),
    interface: pick(['ide', 'floppy', 'pflash', 'virtio', 'none'] as const),
    ...maybe(() => ({ id: text() })),
    ...maybe(() => ({ index: below(8) })),
    ...maybe(() => ({ media: pick(['disk', 'cdrom'] as const) })),
    ...maybe(() => ({ format: pick(['raw', 'qcow2', 'vmdk', 'vdi', 'vpc'] as const) })),
    ...maybe(() => ({ discard: pick(['unmap', 'ignore'] as const) })),
    ...maybe(() => ({ readOnly: true })),
    ...maybe(() => ({ snapshot: false })),
    ...maybe(() => ({ preload: true })),
    ...maybe(() => ({ werror: pick(['report', 'ignore', 'stop', 'enospc'] as const) })),
    ...maybe(() => ({ rerror: pick(['report', 'ignore', 'stop'] as const) })),
    ...maybe(() => ({ networkTimeout: below(100_000) })),
    ...maybe(() => ({ filters: filters() })),
  });
  const device = (): DeviceConfig => ({
    driver: pick(['virtio-rng', 'virtio-gpu-pci', 'virtconsole']),
    ...maybe(() => ({
      properties: { serial: text(), ...maybe(() => ({ chardev: pick(['stdio', 'vdagent', 'c1', 'c,2']) })) },
    })),
  });
  const arch = pick(['riscv64', 'i386', 'x86_64']);
  const isPc = arch !== 'riscv64';
  return {
    arch,
    ...maybe(() => ({ machine: isPc ? 'pc-1.0' : 'virt' })),
    ...maybe(() => ({ memory: 1 + below(2048) })),
    ...maybe(() => ({ cpu: isPc ? 'max' : 'rv64' })),
    ...maybe(() => ({ bios: pick(['none', url()]) })),
    ...maybe(() => ({ kernel: url() })),
    ...maybe(() => ({ initrd: url() })),
    ...maybe(() => ({ hda: url() })),
    ...maybe(() => ({ hdd: url() })),
    ...maybe(() => ({ cdrom: url() })),
    ...maybe(() => ({ fdb: url() })),
    ...maybe(() => ({ drives: some(drive) })),
    ...maybe(() => ({ append: text() })),
    ...maybe(() => ({ devices: some(device) })),
    ...maybe(() => ({ boot: 'order=dc,once=d,menu=on' })),
    ...maybe(() => ({
      fwCfg: some(() => ({
        name: `opt/${below(9)}`,
        ...(next() < 0.5 ? { string: text() } : { file: url() }),
      })),
    })),
    ...maybe(() => ({ smbios: some(() => `type=1,serial=${text()}`) })),
    ...maybe(() => (isPc ? { nographic: true } : {})),
    ...maybe(() => ({ icount: below(11) })),
    ...maybe(() => ({ rtc: 'base=2006-06-17T16:01:21,clock=vm' })),
    ...maybe(() => ({ noReboot: true })),
    ...maybe(() => ({ vga: pick(['std', 'virtio', 'none'] as const) })),
    ...maybe(() => ({ xres: below(4096), yres: below(4096) })),
    ...maybe(() => ({ audiodev: 'none' as const })),
    ...maybe(() => ({ tier: pick(['interp', 'jit', 'check'] as const) })),
  };
}

describe('options, their address and their command line', () => {
  it('say the same of 200 machines at random', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const config = randomConfig(seed);
      const address = formatAddress({ options: config });
      expect(parseAddress(address), `seed ${seed}: ${address}`).toEqual({ options: config });
      const line = commandLine(config, imagesUrl);
      expect(configFromCommandLine(line, around), `seed ${seed}: ${line}`).toEqual(config);
    }
  });

  it('lead from any machine to any other, in the form of a listed one', () => {
    for (let seed = 1; seed <= 120; seed++) {
      const listed = randomConfig(seed);
      const { bios, ...rest } = listed;
      const entry = {
        name: 'a b',
        title: 'A',
        description: '',
        ...rest,
        ...(bios && { firmware: bios }),
      } as CatalogEntry;
      const wanted =
        seed % 3 === 0
          ? { ...listed, memory: 77, append: 'x' }
          : { ...randomConfig(seed + 1000), arch: listed.arch };
      const { address, files } = addressOf(
        wanted,
        { machine: entry.name },
        ownOptions(entry),
        bios === 'none' ? undefined : (bios as string),
      );
      const back = parseAddress(formatAddress(address))!;
      const { config } = resolveMachine(back, files, [entry])!;
      const defaults = { memory: 128, append: '', noReboot: false, nographic: false, tier: 'auto' };
      // Firmware of the listed machine's own is what its default means; a board that is not named is the usual one.
      expect({ ...defaults, ...config, bios: 0, machine: 0 }, `seed ${seed}`).toEqual({
        ...defaults,
        ...wanted,
        bios: 0,
        machine: 0,
      });
    }
  });
});

describe('a command line that someone pastes', () => {
  const file = new File(['k'], 'bzImage');
  const here: Surroundings = {
    ...around,
    files: new Map([['bzImage', file]]),
    disks: new Map([['My-disk.qcow2', 'id1']]),
  };
  const read = (text: string) => configFromCommandLine(text, here);

  it('may be QEMU’s, over several lines, with files that were picked', () => {
    expect(
      read(`$ qemu-system-x86_64 -m 1G -kernel bzImage \\
        -append "console=ttyS0 quiet" -device virtio-rng-pci -nographic`),
    ).toEqual({
      arch: 'x86_64',
      memory: 1024,
      kernel: file,
      append: 'console=ttyS0 quiet',
      devices: [{ driver: 'virtio-rng-pci' }],
      nographic: true,
    });
  });

  it.each([
    ['# qemu-system-i386 -m 64'],
    ['root@debian:~# sudo /usr/bin/qemu-system-i386 -m 64'],
    ['me@host:~/vm$ npx snowglobe i386 -m 64'],
    ['$ qemu-system-i386 -m 64'],
    ['# the small one\nsnowglobe i386 # a PC\n  -m 64 # MiB'],
    ['snowglobe i386 \\\r\n  -m 64\r\n'],
  ])('may come with a prompt, comments and several lines: %j', (text) => {
    expect(read(text)).toEqual({ arch: 'i386', memory: 64 });
  });

  it('keeps a # within a word or quotes, and a line break within quotes as a blank', () => {
    expect(read('snowglobe i386 -append "a#b #c\nd" -kernel https://a.example/k#f')).toEqual({
      arch: 'i386',
      append: 'a#b #c d',
      kernel: 'https://a.example/k#f',
    });
  });

  it('finds the images of this site, and a kept disk by its file', () => {
    expect(read('snowglobe i386 -hda .cache/images/vga-fire/disk.img')).toEqual({
      arch: 'i386',
      hda: `${imagesUrl}vga-fire/disk.img`,
    });
    expect(read('snowglobe i386 -drive file=My-disk.qcow2,index=0,snapshot=off')).toEqual({
      arch: 'i386',
      drives: [{ index: 0, persist: 'id1' }],
    });
  });

  it.each([
    ['snowglobe pdp11', /"pdp11" is unknown/],
    ['snowglobe i386 -m lots', /-m "lots": expected a size/],
    ['snowglobe i386 -kernel vmlinuz', /-kernel vmlinuz: a page cannot look for files on your computer/],
    ['snowglobe i386 -virtfs local,path=x,mount_tag=x', /-virtfs path=x: a page cannot look for folders/],
    ['snowglobe i386 --expect x', /--expect, .*only the command line can do that/],
    ['snowglobe i386 -m "64', /at character 19: the closing " is missing/],
    ['$ snowglobe i386 \\\n-m "64', /at character 23: the closing " is missing/],
    ['# a comment and nothing else', /which machine\?/],
    ['snowglobe i386 --wrong', /--wrong is not an option/],
    ['snowglobe i386 -netdev user,id=n', /-netdev: .*not built yet/],
    ['snowglobe i386 -M help', /lists and help are the command line’s/],
    ['snowglobe i386 -drive file=x.img,persist=y', /persist= keeps a disk in a browser/],
    ['', /which machine\?/],
  ])('is refused by name: %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
