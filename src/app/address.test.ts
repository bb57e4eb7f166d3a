import { describe, expect, it } from 'vitest';
import { AddressError, formatAddress, parseAddress } from './address.ts';

describe('the page’s address', () => {
  it('without a machine is the list', () => {
    expect(parseAddress('')).toBeNull();
    expect(parseAddress('?utm_source=x&v=3&foo=bar')).toBeNull();
  });

  it.each([
    ['?utm_source=x&m=512', /names no machine/],
    ['?m=lots', /Option “m” in the address: "lots"/],
    ['?mahcine=debian', /no option “mahcine”: perhaps “machine” was meant/],
    ['?kernal=a.elf', /no option “kernal”: perhaps “kernel” was meant/],
    ['?arch=i386&apend=x', /no option “apend”: perhaps “append” was meant\. There are arch/],
    ['?drive=file=x', /names no machine/],
    ['?machine=', /names no machine/],
  ])('that means a machine and names none is no list: %s', (address, problem) => {
    expect(() => parseAddress(address)).toThrow(problem);
  });

  it('names a machine and options', () => {
    expect(parseAddress('?machine=riscv64-debian&m=1G&append=quiet%20loglevel%3D3&tier=interp')).toEqual({
      machine: 'riscv64-debian',
      options: { memory: 1024, append: 'quiet loglevel=3', tier: 'interp' },
    });
  });

  it('may describe a machine that is in no list', () => {
    expect(parseAddress('?arch=riscv64&M=virt&kernel=https://a.example/Image&bios=none')).toEqual({
      options: { arch: 'riscv64', machine: 'virt', kernel: 'https://a.example/Image', bios: 'none' },
    });
  });

  it('is read back as it was written', () => {
    const addresses = [
      { machine: 'riscv64-debian', options: {} },
      {
        machine: 'a b&c=d',
        options: { memory: 256, append: "init=/bin/sh -- 'x' & 100% + ü", icount: 0, noReboot: true },
      },
      { options: { arch: 'riscv64', kernel: 'https://a.example/x?y=1&z=2#f', append: '' } },
      {
        machine: 'x',
        options: {
          devices: [
            { driver: 'virtio-gpu-pci', properties: { xres: '800', blob: 'on' } },
            { driver: 'virtio-rng' },
          ],
        },
      },
    ];
    for (const address of addresses) expect(parseAddress(formatAddress(address))).toEqual(address);
  });

  it('keeps image addresses readable and leaves files of the user out', () => {
    expect(formatAddress({ options: { arch: 'riscv64', kernel: 'https://a.example/Image' } })).toBe(
      '?arch=riscv64&kernel=https://a.example/Image',
    );
    expect(formatAddress({ machine: 'x', options: { kernel: new Blob(['k']) } })).toBe('?machine=x');
  });

  it.each(['?machine=x', '?arch=x86_64&hda=https://a.example/x', '?mine=12345678'])(
    'opens no stored disk: %s',
    (address) => {
      expect(parseAddress(`${address}&drive=file=a.img,if=virtio`)?.options.drives).toHaveLength(1);
      for (const drives of [
        'persist=My%2520machine,if=virtio',
        'file=a.img%20if=virtio,persist=x',
        'persist=',
      ])
        expect(() => parseAddress(`${address}&drive=${drives}`)).toThrow(
          /opens no disk that this browser keeps/,
        );
    },
  );

  it('refuses an option that cannot be read, by the name it has in the address', () => {
    expect(() => parseAddress('?machine=x&m=lots')).toThrow(/Option “m” in the address: "lots"/);
  });

  it('names each option that is wrong or unknown, and each that is there twice', () => {
    let problems: readonly string[] = [];
    try {
      parseAddress('?machine=x&m=lots&tier=fast&mem=3&append=a&append=b&utm_source=mail&fbclid=1');
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      problems = error.problems;
    }
    expect(problems).toEqual([
      expect.stringMatching(/^Option “m” in the address: "lots" is not a memory size/),
      'Option “append” is in the address more than once.',
      expect.stringMatching(/^Option “tier” in the address: "fast" is not a tier/),
      expect.stringMatching(/^There is no option “mem”\. There are arch, M, m,/),
    ]);
  });
});
