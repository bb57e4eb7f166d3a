// The decoder against encodings written out by hand from the manual (SDM volume 2), and the tables against mistakes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseRows, readOpcodes, selectionOf } from '../../../scripts/lib/x86-opcodes.mjs';
import { folder, loadFrontend } from './tests/module.mjs';

const CPU = 0x8_0000;
const RECORD = CPU + 0x2a00;
const SOURCE = 0x10_0000;
/** BLOCK_PE with the size of code. */
const FLAGS = { 16: 0x80, 32: 0x84, 64: 0x88 };
const KINDS = [
  'none',
  'gpr',
  'mem',
  'imm',
  'seg',
  'cr',
  'dr',
  'xmm',
  'mmx',
  'st',
  'rel',
  'far',
  'moffs',
  'one',
  'imm2',
];

const { rows } = readOpcodes(join(folder, 'opcodes'));
const names = ['undefined', ...new Set(rows.map(({ name }) => name))];

let exports;
let memory;
beforeAll(async () => {
  ({ exports, memory } = await loadFrontend());
});

/** Decodes hexadecimal bytes; what lies behind them must not matter. */
function decode(bits, text, available, flags = FLAGS[bits]) {
  const bytes = Buffer.from(text.replaceAll(' ', ''), 'hex');
  const ram = new Uint8Array(memory.buffer);
  ram.fill(0xff, SOURCE, SOURCE + 32);
  ram.set(bytes, SOURCE);
  const length = exports.x86Decode(CPU, SOURCE, available ?? bytes.length, flags);
  const view = new DataView(memory.buffer, RECORD, 0x50);
  const operands = [];
  for (let n = 0; n < view.getUint8(8); n++) {
    const at = 0x28 + 8 * n;
    const high = view.getUint8(at + 3) === 1 ? 'h' : '';
    operands.push(`${KINDS[view.getUint8(at)]}${view.getUint8(at + 1)}.${view.getUint8(at + 2)}${high}`);
  }
  return {
    length,
    name: names[view.getUint16(0, true)],
    size: view.getUint8(3),
    address: view.getUint8(4),
    segment: view.getUint8(5),
    prefixes: view.getUint16(6, true),
    base: view.getUint8(10),
    index: view.getUint8(11),
    scale: view.getUint8(12),
    map: view.getUint8(14),
    displacement: view.getBigInt64(16, true),
    immediate: view.getBigInt64(24, true),
    immediate2: view.getBigInt64(32, true),
    operands: operands.join(' '),
  };
}

describe('addresses', () => {
  it('takes base, scaled index and displacement from SIB, with REX', () => {
    // mov rax, [r13 + r12*8 - 0x80]
    expect(decode(64, '4b 8b 44 e5 80')).toMatchObject({
      length: 5,
      name: 'mov',
      size: 3,
      operands: 'gpr3.0 mem3.0',
      base: 13,
      index: 12,
      scale: 3,
      displacement: -0x80n,
      segment: 3,
    });
  });

  it('has no index where SIB says RSP, and no base where it says RBP without a displacement', () => {
    expect(decode(64, '8b 04 24')).toMatchObject({ length: 3, base: 4, index: 16, segment: 2 });
    expect(decode(32, '8b 04 cd 78 56 34 92')).toMatchObject({
      length: 7,
      base: 16,
      index: 1,
      scale: 3,
      displacement: -0x6dcba988n,
      segment: 3,
    });
  });

  it('is relative to RIP in 64-bit mode only', () => {
    expect(decode(64, '8b 05 04 00 00 00')).toMatchObject({ base: 17, displacement: 4n });
    expect(decode(32, '8b 05 04 00 00 00')).toMatchObject({ base: 16, displacement: 4n });
  });

  it('knows the 16-bit forms', () => {
    expect(decode(16, '8b 02')).toMatchObject({ length: 2, base: 5, index: 6, segment: 2, address: 1 });
    expect(decode(16, '8b 47 fe')).toMatchObject({ length: 3, base: 3, index: 16, displacement: -2n });
    expect(decode(16, '8b 1e 34 12')).toMatchObject({ length: 4, base: 16, displacement: 0x1234n });
    expect(decode(32, '67 8b 86 00 80')).toMatchObject({
      length: 5,
      base: 5,
      displacement: -0x8000n,
      address: 1,
    });
    expect(decode(16, '67 8b 04 24')).toMatchObject({ length: 4, base: 4, address: 2, size: 1 });
  });

  it('takes absolute addresses of the address size', () => {
    expect(decode(64, 'a1 88 77 66 55 44 33 22 91')).toMatchObject({
      length: 9,
      operands: 'gpr2.0 moffs2.0',
      displacement: BigInt.asIntN(64, 0x9122334455667788n),
    });
    expect(decode(64, '67 a0 44 33 22 91')).toMatchObject({ length: 6, displacement: 0x91223344n });
  });

  it('ignores overrides of flat segments in 64-bit mode', () => {
    expect(decode(64, '65 2e 8b 45 00')).toMatchObject({ segment: 5, prefixes: 256 });
    expect(decode(64, '2e 8b 45 00')).toMatchObject({ segment: 2, prefixes: 0 });
    expect(decode(32, '65 2e 8b 45 00')).toMatchObject({ segment: 1, prefixes: 256 });
  });
});

describe('operands and immediates', () => {
  it('sizes operands by mode, 66, REX.W and the instruction', () => {
    const sizes = (text) => [16, 32, 64].map((bits) => decode(bits, text).size);
    expect(sizes('01 c0')).toEqual([1, 2, 2]);
    expect(sizes('66 01 c0')).toEqual([2, 1, 1]);
    expect(sizes('00 c0')).toEqual([0, 0, 0]);
    expect(sizes('50')).toEqual([1, 2, 3]);
    expect(sizes('66 50')).toEqual([2, 1, 1]);
    expect(decode(64, '48 66 01 c0').size).toBe(1);
    expect(decode(64, '66 48 01 c0').size).toBe(3);
    // Near branches are 64 bits wide whatever the prefix.
    expect(decode(64, '66 e8 00 00 00 80')).toMatchObject({ length: 6, size: 3, immediate: -0x80000000n });
    expect(decode(32, '66 e8 00 80')).toMatchObject({ length: 4, size: 1, immediate: -0x8000n });
    expect(decode(64, '48 6d').size).toBe(2);
  });

  it('tells AH from SPL', () => {
    expect(decode(64, '88 e0').operands).toBe('gpr0.0 gpr0.4h');
    expect(decode(64, '40 88 e0').operands).toBe('gpr0.0 gpr0.4');
    expect(decode(64, '44 88 e0').operands).toBe('gpr0.0 gpr0.12');
    expect(decode(64, 'b7 01').operands).toBe('gpr0.7h imm0.0');
    expect(decode(64, '89 e0').operands).toBe('gpr2.0 gpr2.4');
  });

  it('extends immediates as the instruction does', () => {
    expect(decode(32, '83 c0 ff').immediate).toBe(-1n);
    expect(decode(64, '48 05 00 00 00 80')).toMatchObject({ length: 6, immediate: -0x80000000n });
    expect(decode(64, '48 b8 88 77 66 55 44 33 22 11')).toMatchObject({
      length: 10,
      immediate: 0x1122334455667788n,
    });
    expect(decode(32, 'c1 e0 ff').immediate).toBe(255n);
    expect(decode(32, 'c2 fe ff').immediate).toBe(0xfffen);
    expect(decode(32, 'c8 00 80 1f')).toMatchObject({
      immediate: 0x8000n,
      immediate2: 31n,
      operands: 'imm1.0 imm20.0',
    });
    expect(decode(32, 'ea 44 33 22 91 cd ab')).toMatchObject({
      name: 'jmp.far',
      length: 7,
      immediate: 0x91223344n,
      immediate2: 0xabcdn,
    });
    expect(decode(16, '9a 22 91 cd ab')).toMatchObject({
      length: 5,
      immediate: 0x9122n,
      immediate2: 0xabcdn,
    });
  });

  it('keeps the operands of one instruction in their order', () => {
    expect(decode(64, '0f a4 c8 05')).toMatchObject({ name: 'shld', operands: 'gpr2.0 gpr2.1 imm0.0' });
    expect(decode(64, 'd3 e0').operands).toBe('gpr2.0 gpr0.1');
    expect(decode(64, 'd1 e0').operands).toBe('gpr2.0 one0.0');
    expect(decode(32, '0f 22 d8')).toMatchObject({ name: 'mov.cr', operands: 'cr2.3 gpr2.0' });
    expect(decode(64, '44 0f 20 c0')).toMatchObject({ name: 'mov.cr', operands: 'gpr3.0 cr3.8' });
    expect(decode(64, '8e d8')).toMatchObject({ name: 'mov.seg', operands: 'seg1.3 gpr2.0' });
    expect(decode(64, 'f3 48 ab')).toMatchObject({ name: 'stos', operands: 'gpr3.0', size: 3, prefixes: 26 });
    expect(decode(64, 'dc c1')).toMatchObject({ name: 'fadd', operands: 'st5.1 st5.0' });
  });
});

describe('prefixes', () => {
  it('selects by the last of F2 and F3, and by 66 only without them', () => {
    expect(decode(64, '0f 10 c1').name).toBe('movups');
    expect(decode(64, '66 f3 f2 0f 10 c1').name).toBe('movsd');
    expect(decode(64, 'f2 f3 66 0f 10 c1').name).toBe('movss');
    expect(decode(64, '66 0f 5b c1').name).toBe('cvtps2dq');
    expect(decode(64, '66 f2 0f 38 f1 c1')).toMatchObject({ name: 'crc32', operands: 'gpr2.0 gpr1.1' });
    expect(decode(64, 'f3 0f 28 c1').name).toBe('undefined');
  });

  it('takes a REX prefix only if it comes last', () => {
    expect(decode(64, '48 66 89 c8')).toMatchObject({ length: 4, prefixes: 128, size: 1 });
    expect(decode(64, '4f 48 89 c8').operands).toBe('gpr3.0 gpr3.1');
    expect(decode(32, '48').name).toBe('dec');
  });

  it('allows LOCK where an instruction writes memory that it read, and nowhere else', () => {
    expect(decode(64, 'f0 0f b1 0a')).toMatchObject({ name: 'cmpxchg', prefixes: 1 });
    for (const text of [
      'f0 0f b1 ca',
      'f0 89 08',
      'f0 39 08',
      'f0 03 08',
      'f0 0f a3 08',
      'f0 90',
      'f0 0f 20 c0',
    ])
      expect(decode(64, text).name, text).toBe('undefined');
  });

  it('tells NOP, PAUSE and XCHG apart', () => {
    expect(decode(64, '90').name).toBe('nop');
    expect(decode(64, 'f3 90').name).toBe('pause');
    expect(decode(64, '41 90')).toMatchObject({ name: 'xchg', operands: 'gpr2.8 gpr2.0' });
    expect(decode(64, '48 90').name).toBe('nop');
  });

  it('reads VEX where it exists', () => {
    // andn eax, ecx, [rdx]; rorx r8, [r9], 5
    expect(decode(64, 'c4 e2 70 f2 02')).toMatchObject({
      length: 5,
      name: 'andn',
      operands: 'gpr2.0 gpr2.1 mem2.0',
      map: 2,
      prefixes: 32,
    });
    expect(decode(64, 'c4 43 fb f0 01 05')).toMatchObject({
      name: 'rorx',
      operands: 'gpr3.8 mem3.0 imm0.0',
      base: 9,
    });
    expect(decode(64, 'c4 e3 73 f0 c0 05').name).toBe('undefined');
    expect(decode(64, '66 c4 e2 70 f2 02').name).toBe('undefined');
    expect(decode(64, 'c4 e2 74 f2 02').name).toBe('undefined');
    expect(decode(32, 'c4 e2 70 f2 02').name).toBe('andn');
    expect(decode(32, 'c4 02')).toMatchObject({ name: 'les', operands: 'gpr2.0 mem6.0' });
    // In real mode VEX is LES with a register, which does not exist.
    expect(decode(16, 'c4 e2 70 f2 02', 5, 0).name).toBe('undefined');
  });
});

describe('lengths', () => {
  it('asks for more bytes up to the last one', () => {
    for (const text of [
      '48 b8 88 77 66 55 44 33 22 11',
      '66 0f 3a 0f 84 24 00 00 00 00 07',
      'c4 e2 70 f2 02',
      'c8 00 00 00',
    ]) {
      const length = text.split(' ').length;
      for (let available = 0; available < length; available++)
        expect(decode(64, text, available).length, `${text}: ${available} bytes`).toBe(0);
      expect(decode(64, text, length).length).toBe(length);
    }
  });

  it('refuses more than 15 bytes', () => {
    expect(decode(64, `${'66'.repeat(13)} 01 c0`)).toMatchObject({ length: 15, name: 'add' });
    expect(decode(64, `${'66'.repeat(14)} 01 c0`).length).toBe(16);
    expect(decode(64, '66'.repeat(16)).length).toBe(16);
    expect(decode(64, '66'.repeat(14)).length).toBe(0);
  });
});

describe('the tables', () => {
  it('refuses two rows for one encoding', () => {
    const overlap = (text) => () => selectionOf(parseRows(text, 't'));
    expect(overlap('01 | add | Ev,Gv |\n01 mem | or | Ev,Gv |')).toThrow('t.def:1 and t.def:2 overlap');
    expect(overlap('01 /1 | add | Ev,Gv |\n01 =c8 | nop | |')).toThrow('overlap');
    expect(overlap('01 66 | add | Ev,Gv |\n01 nfx | or | Ev,Gv |')).toThrow('overlap');
    expect(overlap('01 66 | add | Vx,Wx |\n01 | or | Ev,Gv |')).not.toThrow();
  });

  it('refuses what it does not know', () => {
    for (const [text, message] of [
      ['01 | add | Ev,Gk |', 'operand'],
      ['01 /8 | add | Ev |', 'selector'],
      ['0100 | add | Ev |', 'opcode'],
      ['01 | add | Ev | lok', 'attribute'],
      ['01 reg | lea | Gv,Mo |', 'ModRM.mod'],
      ['01 | add | Ev', 'four fields'],
    ])
      expect(() => parseRows(text, 't'), text).toThrow(message);
  });

  it('names each instruction without a translation, and no other', () => {
    const listed = readFileSync(join(folder, 'untranslated.gen.txt'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const dispatch = readFileSync(join(folder, 'dispatch.gen.ts'), 'utf8');
    const translated = [...dispatch.matchAll(/case decode\.INSN_(\w+):/g)].map((match) => match[1]);
    expect([...listed.map((name) => name.replaceAll('.', '_').toUpperCase()), ...translated].sort()).toEqual(
      names
        .slice(1)
        .map((name) => name.replaceAll('.', '_').toUpperCase())
        .sort(),
    );
  });
});
