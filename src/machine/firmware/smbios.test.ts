import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { smbiosFiles } from './smbios.ts';
import { parseSmbiosOptions } from './smbios-options.ts';

/** What SeaBIOS has put into the memory of QEMU 7.2's `pc` with 128 MiB (scripts/gen-pc-fixtures.mjs). */
const fixtures: { smbios: string; smbiosTold: { options: string[]; tables: string } } = JSON.parse(
  readFileSync(new URL('../fixtures/pc.json', import.meta.url), 'utf8'),
);
const qemu = fixtures.smbios;

interface Structure {
  type: number;
  handle: number;
  body: string;
  strings: string[];
}

/** DSP0134 2.8, section 6.1: header, formatted area, strings, two zeros. */
function parse(bytes: Buffer): Structure[] {
  const found: Structure[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [type, length] = bytes.subarray(at, at + 2);
    const end = bytes.indexOf('\0\0', at + length, 'latin1');
    const text = bytes.subarray(at + length, end).toString('latin1');
    found.push({
      type,
      handle: bytes.readUInt16LE(at + 2),
      body: bytes.subarray(at + 4, at + length).toString('hex'),
      strings: text === '' ? [] : text.split('\0'),
    });
    at = end + 2;
  }
  return found;
}

/** What CPUID says of the processor is not told here. */
const withoutCpuid = ({ type, body }: Structure): string =>
  type === 4 ? `${body.slice(0, 8)}${'0'.repeat(16)}${body.slice(24)}` : body;

describe('SMBIOS of a PC', () => {
  const { tables, anchor } = smbiosFiles({ version: 'pc-1.0', ramBytes: 128 * 1048576, vcpus: 1 });
  const own = parse(Buffer.from(tables));
  // SeaBIOS adds the structure about itself.
  const theirs = parse(Buffer.from(qemu, 'hex')).filter(({ type }) => type !== 0);

  it('has the structures of QEMU’s pc, field for field', () => {
    expect(own.map((one) => [one.type, one.handle, withoutCpuid(one)])).toEqual(
      theirs.map((one) => [one.type, one.handle, withoutCpuid(one)]),
    );
  });

  it('says whose machine it is', () => {
    expect(own[0].strings).toEqual(['Snowglobe', 'Standard PC (i440FX + PIIX, 1996)', 'pc-1.0']);
    expect(own.map(({ strings }) => strings.length)).toEqual(theirs.map(({ strings }) => strings.length));
  });

  it('has an entry point whose sums are 0, with length and number of the structures', () => {
    const view = new DataView(anchor.buffer);
    const sum = (start: number): number => anchor.subarray(start).reduce((a, b) => a + b, 0) & 0xff;
    expect([sum(0), sum(16)]).toEqual([0, 0]);
    expect(Buffer.from(anchor.subarray(0, 4)).toString()).toBe('_SM_');
    expect(view.getUint16(0x16, true)).toBe(tables.length);
    expect(view.getUint16(0x1c, true)).toBe(own.length);
  });
});

describe('-smbios', () => {
  const pc = { version: 'pc-1.0', ramBytes: 128 * 1048576, vcpus: 1 };

  it('makes the structures that QEMU makes of the same options', () => {
    const { options, tables } = fixtures.smbiosTold;
    const overrides = parseSmbiosOptions(options);
    const told = ({ type }: Structure): boolean => [0, 1, 2, 3, 11].includes(type);
    const own = parse(Buffer.from(smbiosFiles({ ...pc, overrides }).tables));
    const theirs = parse(Buffer.from(tables, 'hex'));
    expect(own.map(({ type }) => type)).toEqual(theirs.map(({ type }) => type));
    expect(own.filter(told)).toEqual(theirs.filter(told));
  });

  it('leaves the usual texts where it tells none', () => {
    const overrides = parseSmbiosOptions(['type=1,serial=VMware-1', 'type=2']);
    const [system, board] = parse(Buffer.from(smbiosFiles({ ...pc, overrides }).tables));
    const usual = ['Snowglobe', 'Standard PC (i440FX + PIIX, 1996)', 'pc-1.0'];
    expect(system.strings).toEqual([...usual, 'VMware-1']);
    expect([board.type, board.strings]).toEqual([2, usual]);
  });

  it.each([
    ['serial=S', 'name a type'],
    ['type=4,serial=S', 'name a type'],
    ['type=__proto__', 'name a type'],
    ['type=1,colour=red', 'type 1 has no "colour"'],
    ['type=1,serial', 'needs a value'],
    ['type=1,uuid=12', 'such as 00112233'],
    ['type=0,release=1.256', 'two numbers up to 255'],
    ['type=0,uefi=yes', 'on or off'],
    [`type=1,serial=${'x'.repeat(256)}`, 'at most 255 characters'],
    ['type=1,serial=a\0b', 'zero byte'],
  ])('refuses %s', (text, says) => {
    expect(() => parseSmbiosOptions([text])).toThrow(says);
  });

  it('has room for 64 texts of type 11', () => {
    const texts = Array.from({ length: 64 }, (_, i) => `type=11,value=${i}`);
    expect(parseSmbiosOptions(texts).oem).toHaveLength(64);
    expect(() => parseSmbiosOptions([...texts, 'type=11,value=more'])).toThrow('room for 64');
  });
});
