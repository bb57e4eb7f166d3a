import { afterEach, describe, expect, it, vi } from 'vitest';
import { type CatalogEntry, loadCatalog, readCatalog } from './catalog.ts';
import { fileKind, runsWithoutFirmware } from './file-kind.ts';
import { grouped, groupOf } from './groups.ts';
import { bootConfig, differingOptions, ownOptions, type PickedFiles, resolveMachine } from './machine.ts';

const base = 'http://host/site/images/index.json';
const debian = {
  name: 'riscv64-debian',
  title: 'Debian',
  description: 'Linux',
  arch: 'riscv64',
  machine: 'virt',
  memory: 512,
  kernel: 'riscv64-debian/vmlinux',
  initrd: 'riscv64-debian/initrd.gz',
  firmware: 'firmware/opensbi/fw_dynamic.bin',
  append: 'console=ttyS0',
  download: 33_000_000,
};
const demo = {
  name: 'riscv64-demo',
  title: 'Snowfall',
  arch: 'riscv64',
  kernel: 'riscv64-demo/snowfall.elf',
  firmware: 'none',
};
const disc = {
  name: 'i386-disc',
  title: 'Disc',
  arch: 'i386',
  cdrom: 'i386-disc/disc.iso',
  firmware: 'firmware/b.bin',
};
const entries: CatalogEntry[] = readCatalog({ machines: [debian, demo, disc] }, base);

describe('the list of machines', () => {
  afterEach(() => vi.unstubAllGlobals());

  const answer = (body: string, init: ResponseInit) =>
    vi.stubGlobal('fetch', async () => new Response(body, init));
  const json = { headers: { 'Content-Type': 'application/json' } };

  it('makes addresses absolute and leaves out what is not there', () => {
    expect(entries[0]).toMatchObject({
      kernel: 'http://host/site/images/riscv64-debian/vmlinux',
      firmware: 'http://host/site/images/firmware/opensbi/fw_dynamic.bin',
    });
    expect(entries[1]).toEqual({
      ...demo,
      description: '',
      kernel: 'http://host/site/images/riscv64-demo/snowfall.elf',
    });
  });

  it('is grouped by what a machine names, else by its images; an unknown group counts as none', () => {
    const own = { ...debian, name: 'own', hda: 'own/disk.json' };
    const list = readCatalog(
      {
        machines: [
          disc,
          demo,
          { ...disc, group: 'demo' },
          { ...debian, group: 'toys' },
          own,
          { ...debian, group: 'play' },
        ],
      },
      base,
    );
    expect(list.map(groupOf)).toEqual(['tool', 'demo', 'demo', 'linux', 'system', 'play']);
    expect(grouped(list).map(({ group, entries }) => [group, entries.length])).toEqual([
      ['system', 1],
      ['linux', 1],
      ['play', 1],
      ['tool', 1],
      ['demo', 2],
    ]);
    expect(grouped([])).toEqual([]);
  });

  it('refuses what is no list, and says what is wrong', () => {
    expect(() => readCatalog([], base)).toThrow('no list');
    expect(() => readCatalog(null, base)).toThrow('no list');
    expect(() => readCatalog({ machines: [{ name: 'x', arch: 'riscv64' }] }, base)).toThrow(
      'machine 0 has no "title"',
    );
  });

  it('tells a list that was never built from one that cannot be had', async () => {
    answer(JSON.stringify({ machines: [demo] }), json);
    expect(await loadCatalog(base)).toMatchObject({ kind: 'found' });
    answer('', { status: 404 });
    expect(await loadCatalog(base)).toEqual({ kind: 'missing' });
    answer('<!doctype html>', { headers: { 'Content-Type': 'text/html' } });
    expect(await loadCatalog(base)).toEqual({ kind: 'missing' });
    answer(JSON.stringify({ machines: [] }), json);
    expect(await loadCatalog(base)).toEqual({ kind: 'missing' });
    answer('{"machines": [', json);
    expect(await loadCatalog(base)).toMatchObject({ kind: 'broken', message: expect.stringContaining(base) });
    answer('', { status: 503 });
    expect(await loadCatalog(base)).toMatchObject({
      kind: 'broken',
      message: expect.stringContaining('503'),
    });
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
    expect(await loadCatalog(base)).toMatchObject({ kind: 'broken' });
  });
});

describe('a machine put together', () => {
  it('takes the list’s options, changed by the address', () => {
    const machine = resolveMachine(
      { machine: 'riscv64-debian', options: { memory: 1024, append: 'quiet' } },
      {},
      entries,
    );
    expect(machine).toEqual({
      title: 'Debian',
      firmware: entries[0].firmware,
      config: {
        arch: 'riscv64',
        machine: 'virt',
        memory: 1024,
        kernel: entries[0].kernel,
        initrd: entries[0].initrd,
        append: 'quiet',
      },
    });
  });

  it('is looked at as the list says, unless it starts a kernel of the person’s own', () => {
    const [desk, odd] = readCatalog(
      {
        machines: [
          { ...debian, view: 'screen' },
          { ...debian, view: 'ceiling' },
        ],
      },
      base,
    );
    const address = { machine: 'riscv64-debian', options: {} };
    expect(resolveMachine(address, {}, [desk])?.view).toBe('screen');
    expect(resolveMachine(address, { kernel: new File([], 'own') }, [desk])).not.toHaveProperty('view');
    expect(resolveMachine(address, {}, [odd])).not.toHaveProperty('view');
  });

  it('has a folder for what is dropped where it is a whole system, which is no option of it', () => {
    const { group: _, ...plain } = debian as typeof debian & { group?: string };
    const [whole, small] = readCatalog({ machines: [{ ...plain, group: 'system' }, plain] }, base);
    const address = { machine: 'riscv64-debian', options: {} };
    const booted = (files: PickedFiles, entry: CatalogEntry) =>
      bootConfig(resolveMachine(address, files, [entry])!).folders;
    expect(booted({}, whole)).toEqual([{ tag: 'shared', files: {} }]);
    expect(resolveMachine(address, {}, [whole])?.config).not.toHaveProperty('folders');
    expect(booted({}, small)).toBeUndefined();
    // What a person shares, or boots in its place, is theirs.
    const own = [{ tag: 'mine', files: {} }];
    expect(booted({ folders: own }, whole)).toBe(own);
    expect(booted({ kernel: new File([], 'own') }, whole)).toBeUndefined();
  });

  it('boots a listed disk by the firmware that the site has', () => {
    const [disk] = readCatalog(
      { machines: [{ name: 'fire', title: 'Fire', arch: 'i386', machine: 'pc', hda: 'fire/disk.img' }] },
      base,
    );
    const machine = resolveMachine({ machine: 'fire', options: {} }, {}, [disk], {
      i386: 'http://host/bios',
    });
    expect(machine).toEqual({
      title: 'Fire',
      firmware: 'http://host/bios',
      config: { arch: 'i386', machine: 'pc', hda: 'http://host/site/images/fire/disk.img' },
    });
  });

  it('without firmware says -bios none', () => {
    expect(resolveMachine({ machine: 'riscv64-demo', options: {} }, {}, entries)?.config.bios).toBe('none');
  });

  it('gets the list’s images into its drives', () => {
    expect(resolveMachine({ machine: 'i386-disc', options: {} }, {}, entries)).toEqual({
      title: 'Disc',
      firmware: 'http://host/site/images/firmware/b.bin',
      config: { arch: 'i386', cdrom: 'http://host/site/images/i386-disc/disc.iso' },
    });
  });

  it('that no list has is none', () => {
    expect(resolveMachine({ machine: 'pdp11', options: {} }, {}, entries)).toBeNull();
  });

  it('with a picked kernel drops the other kernel’s initrd, and keeps a picked one', () => {
    const kernel = new File(['k'], 'Image');
    const initrd = new File(['i'], 'initrd.gz');
    const alone = resolveMachine({ machine: 'riscv64-debian', options: {} }, { kernel }, entries);
    expect(alone?.config.kernel).toBe(kernel);
    expect(alone?.config).not.toHaveProperty('initrd');
    const both = resolveMachine({ machine: 'riscv64-debian', options: {} }, { kernel, initrd }, entries);
    expect(both?.config.initrd).toBe(initrd);
    const keptKernel = resolveMachine({ machine: 'riscv64-debian', options: {} }, { initrd }, entries);
    expect(keptKernel?.config).toMatchObject({ kernel: entries[0].kernel, initrd });
  });

  it('around a dropped file gets the firmware that the site has for its architecture', () => {
    const kernel = new File(['k'], 'Image');
    const defaults = { riscv64: 'http://host/fw.bin' };
    expect(resolveMachine({ options: {} }, { kernel }, entries, defaults)).toEqual({
      title: 'Image',
      firmware: defaults.riscv64,
      config: { arch: 'riscv64', kernel },
    });
    expect(resolveMachine({ options: { arch: 'i386' } }, { kernel }, entries, defaults)).not.toHaveProperty(
      'firmware',
    );
  });

  it('is named in the address only by what differs', () => {
    const options = { memory: 512, append: '', tier: 'auto', icount: 3 } as const;
    expect(differingOptions(options, ownOptions(entries[0]))).toEqual({ append: '', icount: 3 });
    expect(differingOptions({ memory: 512, append: '', tier: 'interp' }, {})).toEqual({
      memory: 512,
      tier: 'interp',
    });
  });

  it('takes half of a small device’s memory at most, unless more is asked for', () => {
    const memory = (options: { memory?: number }, device?: number) =>
      resolveMachine({ machine: 'riscv64-debian', options }, {}, entries, {}, device)?.config.memory;
    expect(memory({})).toBe(512);
    expect(memory({}, 8)).toBe(512);
    expect(memory({}, 0.5)).toBe(256);
    expect(memory({}, 0.1)).toBe(64);
    expect(memory({ memory: 1024 }, 0.5)).toBe(1024);
  });
});

describe('dropped files', () => {
  it.each([
    ['Image', 'kernel'],
    ['vmlinuz-6.1', 'kernel'],
    ['snowfall.elf', 'kernel'],
    ['initrd.gz', 'initrd'],
    ['initramfs-linux.img', 'initrd'],
    ['rootfs.cpio', 'initrd'],
    ['fw_dynamic.bin', 'bios'],
    ['opensbi.elf', 'bios'],
  ])('%s is a %s', (name, kind) => expect(fileKind(name)).toBe(kind));
});

describe('a picked kernel', () => {
  const elf = (entry: bigint, elfClass = 2) => {
    const header = new Uint8Array(80);
    const view = new DataView(header.buffer);
    view.setUint32(0, 0x7f454c46);
    view.setUint8(4, elfClass);
    view.setBigUint64(24, entry, true);
    return header;
  };

  it('that begins where RAM begins takes the firmware’s place', () => {
    expect(runsWithoutFirmware(elf(0x8000_0000n))).toBe(true);
    expect(runsWithoutFirmware(elf(0x8000_0094n).subarray(0, 64))).toBe(true);
  });

  it('of any other kind is started by firmware', () => {
    expect(runsWithoutFirmware(elf(0x8020_0000n))).toBe(false);
    expect(runsWithoutFirmware(elf(0x7fff_fffen))).toBe(false);
    expect(runsWithoutFirmware(elf(0x8000_0000n, 1))).toBe(false);
    expect(runsWithoutFirmware(elf(0x8000_0000n).subarray(0, 40))).toBe(false);
    expect(runsWithoutFirmware(new Uint8Array(64))).toBe(false);
  });
});
