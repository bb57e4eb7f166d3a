import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { failure } from '../../../tests/support/vm-error.ts';
import { bzImage, elf64, riscvImage } from '../../../tests/support/boot-files.ts';
import { VmError } from '../../core/errors.ts';
import { parseBzImage } from './bzimage.ts';
import { planPcBoot, type PcBootOptions } from './pc-boot.ts';
import { identityPageTables, pcResetVector } from './pc-reset-vector.ts';

const MIB = 1048576;

/** What GNU as makes of the same code (scripts/gen-pc-fixtures.mjs). */
const fixtures = JSON.parse(readFileSync(new URL('../fixtures/pc.json', import.meta.url), 'utf8'));

function plan(options: Partial<PcBootOptions> = {}, mib = 128) {
  return planPcBoot({
    kernel: bzImage(4096),
    initrd: null,
    commandLine: 'console=ttyS0',
    arch: 'i386',
    ramBytes: mib * MIB,
    romBase: 0xfffc_0000,
    rsdp: 0xf_5a00,
    textScreen: false,
    ...options,
  });
}

const piece = (boot: ReturnType<typeof plan>, what: string) => boot.pieces.find((p) => p.what === what)!;
const zeroPage = (boot: ReturnType<typeof plan>): DataView =>
  new DataView(piece(boot, 'zero page').bytes.buffer);

describe('parseBzImage', () => {
  it('refuses what is no bzImage, and says what it is', () => {
    const cases: [Uint8Array, string][] = [
      [new Uint8Array(0), 'The kernel is empty'],
      [
        elf64(0x100000, [{ address: 0x100000, bytes: new Uint8Array(16) }], { machine: 62 }),
        'an ELF file, perhaps a vmlinux: an i386 machine',
      ],
      [riscvImage(4096), 'a RISC-V kernel: an i386 machine needs an x86 kernel (bzImage)'],
      [Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0), 'compressed with xz'],
      [Buffer.from('<!DOCTYPE html><html>'), 'a web page'],
      [new Uint8Array(4096), 'no "HdrS" at 0x202'],
    ];
    for (const [bytes, message] of cases) {
      expect(failure(() => parseBzImage(bytes, 'i386'))).toMatch(/^bad-image: /);
      expect(failure(() => parseBzImage(bytes, 'i386'))).toContain(message);
    }
  });

  it('refuses truncated and damaged files, at every length', () => {
    const whole = bzImage(4096);
    for (const length of [0x206, 0x300, 1024, 1600, whole.length - 1]) {
      expect(
        failure(() => parseBzImage(whole.subarray(0, length), 'i386')),
        `${length} bytes`,
      ).toContain('truncated');
    }
    const damaged = bzImage(4096);
    damaged[0x1fe] = 0;
    expect(failure(() => parseBzImage(damaged, 'i386'))).toContain('damaged');
    for (let length = 0; length < 2048; length++) {
      expect(() => parseBzImage(whole.subarray(0, length), 'i386')).toThrow(VmError);
    }
  });

  it('refuses old protocols, zImages, and 64-bit kernels on a 32-bit machine', () => {
    expect(failure(() => parseBzImage(bzImage(64, { version: 0x0203 }), 'i386'))).toContain(
      'boot protocol 2.03',
    );
    expect(failure(() => parseBzImage(bzImage(64, { loadflags: 0 }), 'i386'))).toContain('zImage');
    expect(failure(() => parseBzImage(bzImage(64, { is64: true }), 'i386'))).toContain(
      'Choose the architecture x86_64',
    );
    expect(parseBzImage(bzImage(64, { is64: true }), 'x86_64').is64).toBe(true);
  });

  it('reads only the fields that the protocol version has', () => {
    expect(parseBzImage(bzImage(64, { version: 0x0204, is64: true, above4G: true }), 'i386')).toMatchObject({
      is64: false,
      commandLineMax: 255,
      initrdMax: 0x7fff_ffff,
      preferredAddress: 0,
      initSize: 64,
    });
    expect(parseBzImage(bzImage(64, { above4G: true }), 'i386')).toMatchObject({
      commandLineMax: 2047,
      initrdMax: 0xffff_ffff,
      preferredAddress: 16 * MIB,
      initSize: 32 * MIB,
    });
  });
});

describe('planPcBoot', () => {
  it('puts the kernel at 1 MiB and fills in the zero page (zero-page.rst)', () => {
    const boot = plan({ initrd: new Uint8Array(5000) });
    expect([piece(boot, 'kernel').address, boot.entry, boot.pageTables]).toEqual([MIB, MIB, null]);
    expect([...piece(boot, 'kernel').bytes.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
    const page = zeroPage(boot);
    expect(page.getUint32(0x202, true)).toBe(0x53726448);
    expect(page.getUint8(0x210)).toBe(0xff);
    expect(page.getBigUint64(0x070, true)).toBe(0xf5a00n);
    const commandLine = piece(boot, 'command line');
    expect(page.getUint32(0x228, true)).toBe(commandLine.address);
    expect(Buffer.from(commandLine.bytes).toString()).toBe('console=ttyS0\0');
    // As high as it fits on a page's boundary below the ACPI tables, where QEMU puts it.
    expect([page.getUint32(0x218, true), page.getUint32(0x21c, true)]).toEqual([
      128 * MIB - 0x20000 - 8192,
      5000,
    ]);
  });

  it('describes the memory as SeaBIOS does for 512 MiB (its e820 map in QEMU 7.2, less the reservation for KVM)', () => {
    const page = zeroPage(plan({}, 512));
    const entries = Array.from({ length: page.getUint8(0x1e8) }, (_, i) => {
      const at = 0x2d0 + 20 * i;
      const base = Number(page.getBigUint64(at, true));
      const end = base + Number(page.getBigUint64(at + 8, true));
      return `${base.toString(16)}-${end.toString(16)} ${page.getUint32(at + 16, true)}`;
    });
    expect(entries).toEqual([
      '0-9fc00 1',
      '9fc00-a0000 2',
      'f0000-100000 2',
      '100000-1ffe0000 1',
      '1ffe0000-20000000 2',
      'fffc0000-100000000 2',
    ]);
  });

  it('starts a 64-bit kernel in 64-bit mode, on a 64-bit machine only, and a 32-bit kernel in 32-bit mode there', () => {
    const boot = plan({ kernel: bzImage(4096, { is64: true }), arch: 'x86_64' });
    expect([boot.entry, boot.pageTables]).toEqual([MIB + 0x200, piece(boot, 'page tables').address]);
    expect(plan({ arch: 'x86_64' }).pageTables).toBeNull();
  });

  it('keeps the initrd below what the kernel can reach, and says so if that is too little', () => {
    const initrdMax = 64 * MIB - 1;
    const boot = plan({ kernel: bzImage(4096, { initrdMax }), initrd: new Uint8Array(4096) });
    expect(piece(boot, 'initrd').address).toBe(64 * MIB - 4096);
    const large = new Uint8Array(17 * MIB);
    expect(failure(() => plan({ kernel: bzImage(4096, { initrdMax }), initrd: large }))).toMatch(
      /^too-large: The initrd of 17 MiB does not fit between the kernel's end at 48 MiB and 64 MiB/,
    );
    expect(failure(() => plan({ initrd: large }, 64))).toMatch(/^too-large: .* at least 66 MiB/);
    expect(failure(() => plan({ initrd: large }, 66))).toBe('no error');
    expect(failure(() => plan({ initrd: new Uint8Array(0) }))).toContain('bad-image: The initrd is empty');
  });

  it('refuses too little RAM and too long a command line', () => {
    expect(failure(() => plan({}, 32))).toMatch(
      /^too-large: The kernel needs memory up to 48 MiB .* at least 49 MiB/,
    );
    expect(failure(() => plan({}, 49))).toBe('no error');
    expect(failure(() => plan({ commandLine: 'x'.repeat(2048) }))).toContain(
      'has 2048 bytes; this kernel takes 2047',
    );
    expect(failure(() => plan({ commandLine: 'x'.repeat(2047) }))).toBe('no error');
  });

  it('places nothing over anything else', () => {
    const boot = plan({ kernel: bzImage(65536, { is64: true }), arch: 'x86_64', initrd: new Uint8Array(1) });
    const sorted = [...boot.pieces].sort((a, b) => a.address - b.address);
    sorted.slice(1).forEach((next, i) => {
      expect(sorted[i].address + sorted[i].bytes.length, next.what).toBeLessThanOrEqual(next.address);
    });
    expect(boot.pieces.some((p) => p.address <= boot.stack && boot.stack < p.address + p.bytes.length)).toBe(
      false,
    );
  });
});

describe('the reset vector', () => {
  const writes = [
    { port: 0x4d1, size: 1, value: 0x0e },
    { port: 0x123, size: 2, value: 0x4567 },
    { port: 0xcf8, size: 4, value: 0x80000b40 },
  ] as const;
  const options = { entry: 0x100200, zeroPage: 0x7000, stack: 0x8ff0, writes };
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

  it('is what GNU as makes of the same instructions', () => {
    expect(digest(pcResetVector({ ...options, pageTables: null }))).toBe(fixtures.resetVector.protected);
    expect(digest(pcResetVector({ ...options, pageTables: 0x9000 }))).toBe(fixtures.resetVector.long);
  });

  it('refuses more port writes than fit, and never overwrites its descriptors', () => {
    const many = Array.from({ length: 400 }, () => writes[0]);
    expect(() => pcResetVector({ ...options, pageTables: null, writes: many })).toThrow(RangeError);
  });

  it('has page tables that map each of the first 4 GiB to itself (Intel SDM volume 3, section 4.5)', () => {
    const view = new DataView(identityPageTables(0x9000).buffer);
    const entry = (table: number, index: number): number => view.getUint32(table - 0x9000 + 8 * index, true);
    const translate = (address: number): number => {
      const pdpt = entry(0x9000, 0) & ~0xfff;
      const directory = entry(pdpt, Math.floor(address / 2 ** 30)) & ~0xfff;
      const page = entry(directory, Math.floor(address / 2 ** 21) & 511);
      expect(page & 0x83).toBe(0x83);
      return ((page & ~0x1fffff) >>> 0) + (address % 2 ** 21);
    };
    for (const address of [0, 0x100200, 0x7fff_ffff, 0xffff_0000, 0xffff_ffff])
      expect(translate(address)).toBe(address);
  });
});
