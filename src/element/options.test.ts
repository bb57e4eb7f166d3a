import { describe, expect, it } from 'vitest';
import { configFromText, imageName, isLocalImage, parseMemory, TIERS, VM_OPTIONS } from './options.ts';

const read = (texts: Record<string, string>) =>
  configFromText(
    (option) => texts[option.attribute] ?? null,
    (option) => `Attribute ${option.attribute}`,
  );

it('knows every tier by its name', () => {
  const read = (tier: string) =>
    configFromText(
      ({ key }) => (key === 'tier' ? tier : null),
      () => '',
    );
  expect(TIERS.map((tier) => read(tier).tier)).toEqual(['auto', 'interp', 'jit', 'check']);
});

describe('options as text', () => {
  it('reads every option with its type', () => {
    const media = { hda: 'a', hdb: 'b', hdc: 'c', hdd: 'd', cdrom: 'e.iso', fda: 'f', fdb: 'g' };
    const config = read({
      arch: ' riscv64 ',
      machine: 'virt',
      memory: '512',
      cpu: 'rv64',
      smp: '1',
      bios: 'none',
      kernel: 'Image',
      initrd: 'rootfs.cpio.gz',
      ...media,
      drives: 'file=a.img,persist=mine',
      append: 'console=ttyS0 quiet',
      devices: ' virtio-gpu-pci,blob=on,id=a=b  virtio-tablet-pci',
      boot: 'order=dc',
      'fw-cfg': 'name=opt/a,string=a%20b%2Cc name=opt/b,file=b.bin',
      smbios: 'type=1,serial=my%20pc type=2',
      nographic: '',
      icount: '3',
      rtc: ' base=2006-06-17,clock=vm ',
      'no-reboot': '',
      vga: 'std',
      xres: '1024',
      yres: '768',
      audiodev: 'none',
      cache: '64',
      tier: 'interp',
    });
    expect(config).toEqual({
      arch: 'riscv64',
      machine: 'virt',
      memory: 512,
      cpu: 'rv64',
      smp: 1,
      bios: 'none',
      kernel: 'Image',
      initrd: 'rootfs.cpio.gz',
      ...media,
      drives: [{ file: 'a.img', persist: 'mine' }],
      append: 'console=ttyS0 quiet',
      devices: [
        { driver: 'virtio-gpu-pci', properties: { blob: 'on', id: 'a=b' } },
        { driver: 'virtio-tablet-pci' },
      ],
      boot: 'order=dc',
      fwCfg: [
        { name: 'opt/a', string: 'a b,c' },
        { name: 'opt/b', file: 'b.bin' },
      ],
      smbios: ['type=1,serial=my pc', 'type=2'],
      nographic: true,
      icount: 3,
      rtc: 'base=2006-06-17,clock=vm',
      noReboot: true,
      vga: 'std',
      xres: 1024,
      yres: 768,
      audiodev: 'none',
      cache: 64,
      tier: 'interp',
    });
    expect(Object.keys(config)).toHaveLength(VM_OPTIONS.length);
  });

  it('takes an absent or empty option as not given, except an empty kernel command line', () => {
    expect(read({})).toEqual({});
    expect(read({ memory: '', kernel: ' ', append: '' })).toEqual({ append: '' });
  });

  it.each([
    ['128', 128],
    ['512M', 512],
    ['512MiB', 512],
    ['2G', 2048],
    ['1.5g', 1536],
  ])('reads the memory size %s as %i MiB', (text, mib) => {
    expect(parseMemory(text, '-m')).toBe(mib);
  });

  it.each(['0', '-1', 'lots', '0.3', '512K', '1e3', ''])(
    'refuses the memory size "%s" and says what to write',
    (text) => {
      expect(() => parseMemory(text, 'Option “m”')).toThrow(/Option “m”.*MiB/);
    },
  );

  it('takes a flag by its presence, unless it says false', () => {
    expect(read({ 'no-reboot': '' })).toEqual({ noReboot: true });
    expect(read({ 'no-reboot': 'true' })).toEqual({ noReboot: true });
    expect(read({ 'no-reboot': 'false' })).toEqual({ noReboot: false });
  });

  it('reads icount as QEMU spells it', () => {
    expect(read({ icount: 'shift=0' })).toEqual({ icount: 0 });
  });

  it.each([
    [{ icount: '11' }, 'Attribute icount: "11" is not a whole number from 0 to 10.'],
    [{ smp: 'two' }, 'Attribute smp: "two" is not a whole number from 0 to 512.'],
    [{ tier: 'fast' }, 'Attribute tier: "fast" is not a tier. Choose auto, interp, jit, check.'],
  ])('names the option that cannot be read: %o', (texts, message) => {
    expect(() => read(texts)).toThrow(expect.objectContaining({ code: 'bad-config', message }));
  });
});

describe('images', () => {
  it('tells files from addresses', () => {
    expect(isLocalImage('Image')).toBe(false);
    expect(isLocalImage(undefined)).toBe(false);
    expect(isLocalImage(new Uint8Array(4))).toBe(true);
    expect(isLocalImage(new Blob(['x']))).toBe(true);
  });

  it('names an image shortly', () => {
    expect(imageName('https://example.org/a/Image?x=1#y')).toBe('Image');
    expect(imageName(new File(['abc'], 'vmlinux'))).toBe('vmlinux');
    expect(imageName(new Blob(['abc']))).toBe('3 bytes');
    expect(imageName(new Uint8Array(7))).toBe('7 bytes');
  });
});
