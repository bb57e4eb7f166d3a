import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { smbiosFiles } from './smbios.ts';

/** What SeaBIOS has put into the memory of QEMU 7.2's `pc` with 128 MiB (scripts/gen-pc-fixtures.mjs). */
const qemu: string = JSON.parse(readFileSync(new URL('../fixtures/pc.json', import.meta.url), 'utf8')).smbios;

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
