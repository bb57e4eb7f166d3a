// Makes what the x86 decoder and disassembler are tested against, in assembly/guest/x86/fixtures/:
//   objdump.txt  bits of the code, pc, bytes of the instruction, and what GNU objdump prints for it
//   native.txt   bits of the code, bytes, and the length that the processor of this machine finds, 0 if it raises #UD
// separated by tabs. Run by hand on an x86-64 Linux machine; needs binutils and gcc.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BATCH, objdump, SLOT } from './lib/x86-objdump.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'assembly/guest/x86/fixtures');
const LENGTH = 15;
const SAMPLES = 3;

/** Numbers that look random and are the same in every run (xorshift32). */
let state = 0x2545f491;
function random(limit) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}
const pick = (list) => list[random(list.length)];
const byte = () => random(256);

const MAPS = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
const LEGACY = [
  [],
  [],
  [],
  [0x66],
  [0xf3],
  [0xf2],
  [0x67],
  [0x66, 0xf2],
  [0x64],
  [0x2e],
  [0xf0],
  [0x66, 0x67],
];
const REX = [[], [], [0x48], [0x41], [0x44], [0x4f], [0x40]];
/** Opcodes whose ModRM.reg, or all of ModRM, is part of the opcode. */
const GROUPS = [
  0x80, 0x81, 0x83, 0x8f, 0xc0, 0xc1, 0xc6, 0xc7, 0xd0, 0xd1, 0xd2, 0xd3, 0xf6, 0xf7, 0xfe, 0xff,
];
const GROUPS_0F = [0x00, 0x01, 0x18, 0x71, 0x72, 0x73, 0xae, 0xba, 0xc7];

/** ModRM of all kinds: registers, and memory with and without SIB and displacements. */
const modrm = () => pick([0xc0 | random(64), random(64), 0x40 | random(64), 0x80 | random(64), byte()]);

const filled = (bytes) => [...bytes, ...Array.from({ length: LENGTH }, byte)].slice(0, LENGTH);
const prefixes = (bits) => [...pick(LEGACY), ...(bits === 64 ? pick(REX) : [])];

function* encodings(bits) {
  for (const map of MAPS) {
    for (let opcode = 0; opcode < 256; opcode++) {
      yield filled([...map, opcode, modrm()]);
      for (let n = 1; n < SAMPLES; n++) yield filled([...prefixes(bits), ...map, opcode, modrm()]);
    }
  }
  const groups = [...GROUPS.map((opcode) => [opcode]), ...GROUPS_0F.map((opcode) => [0x0f, opcode])];
  for (const opcode of groups) {
    for (let reg = 0; reg < 8; reg++) {
      for (const mod of [0x00, 0x40, 0xc0])
        yield filled([...prefixes(bits), ...opcode, mod | (reg << 3) | random(8)]);
    }
  }
  for (let rest = 0xc0; rest < 0x100; rest++) yield filled([0x0f, 0x01, rest]);
  for (let opcode = 0xd8; opcode < 0xe0; opcode++) {
    for (let reg = 0; reg < 8; reg++)
      yield filled([...prefixes(bits), opcode, pick([0x00, 0x40, 0x80]) | (reg << 3) | random(8)]);
    for (let rest = 0xc0; rest < 0x100; rest += bits === 32 ? 1 : 5) yield filled([opcode, rest]);
  }
  for (let n = 0; n < 200; n++) {
    const map = pick([0xe2, 0xc2, 0xe3, 0x62, 0x43]);
    const opcode = pick([0xf0, 0xf2, 0xf3, 0xf5, 0xf6, 0xf7]);
    yield filled([0xc4, map, random(16) < 14 ? byte() & ~4 : byte(), opcode, modrm()]);
  }
  for (let n = 0; n < 600; n++) yield filled([]);
}

/** Extensions that the tables leave out, by objdump's mnemonics. */
const OTHERS = new RegExp(
  `^(${[
    'v(?!err|erw)[a-z]\\w*|sha\\d\\w*|gf2p8\\w*|aes(enc|dec)\\w*kl|encodekey\\w*|loadiwkey',
    'extrq|insertq|movnts[sd]|femms|pf\\w*|pi2f\\w*|pswapd|pavgusb|pmulhrw|clzero|rdpru|mcommit|invlpg[ab]|tlbsync|skinit|stgi|clgi',
    'xsaves(64)?|xrstors(64)?|rdpkru|wrpkru|getsec|inv(ept|vpid)|enqcmds?|movdir\\w+|ptwrite|serialize|xsusldtrk|xresldtrk',
    'u(monitor|mwait)|(monitor|mwait)x|tpause|xbegin|xabort|xend|xtest|encl[suv]|pconfig|hreset|clui|stui|testui|uiret|senduipi',
    'inc?ssp[dq]|clrssbsy|setssbsy|rstorssp|saveprevssp|wru?ss[dq]|a(add|and|or|xor)|cmp\\w+xadd|psmash|pvalidate|rmp\\w+|seam\\w+',
    'tdcall|(rd|wr)msr(list|ns)|frstpm|cldemote|montmul|xsha\\d+|xcrypt\\S+|xstore\\S*',
  ].join('|')})$`,
);
const mnemonicOf = (text) => text.replace(/^((lock|repn?z|rep) )*/, '').split(' ')[0];
const emulated = (text) => !OTHERS.test(mnemonicOf(text));

/** Splits off the prefixes: index of the opcode. */
function opcodeAt(bytes, bits) {
  const legacy = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
  return bytes.findIndex((b) => !legacy.includes(b) && !(bits === 64 && (b & 0xf0) === 0x40));
}

/**
 * Encodings that are not tried here: they call the kernel or leave the test's code segment, raise #UD by design or for lack of
 * privilege, are emulated by the kernel (UMIP), drop the single-step flag, change protection keys; or are where AMD and Intel
 * differ: near branches with 66 in 64-bit mode, PREFETCHW of a register, VERW with LOCK.
 */
function untried(bytes, bits) {
  const at = opcodeAt(bytes, bits);
  if (at < 0) return true;
  const [opcode, second, third] = bytes.slice(at);
  const far = opcode === 0xff && [3, 5].includes((second >> 3) & 7);
  if (far || [0x9a, 0x9d, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xea, 0xf1].includes(opcode)) return true;
  const near = [0xe8, 0xe9].includes(opcode) || (opcode === 0x0f && (second & 0xf0) === 0x80);
  if (near && bits === 64 && bytes.slice(0, at).includes(0x66)) return true;
  if (opcode !== 0x0f) return false;
  if ([0x05, 0x07, 0x0b, 0x0d, 0x34, 0x35, 0xaa, 0xb9, 0xff].includes(second)) return true;
  if (second === 0x00) return ((third >> 3) & 7) < 2 || bytes.slice(0, at).includes(0xf0);
  return (
    second === 0x01 &&
    (third < 0xc0 ? ((third >> 3) & 7) < 2 || ((third >> 3) & 7) === 4 : third < 0xd0 || third >= 0xd8)
  );
}

/** Length that the processor finds, 0 for #UD, undefined if it wants more bytes. */
function native(list, bits) {
  const scratch = mkdtempSync(join(tmpdir(), 'x86-native-'));
  try {
    const program = join(scratch, 'native');
    const source = join(root, 'scripts/lib/x86-native-decode.c');
    execFileSync('gcc', ['-O1', '-mfsgsbase', '-fno-stack-protector', '-o', program, source]);
    const input = list.map((bytes) => `${bits} ${Buffer.from(bytes).toString('hex')}\n`).join('');
    const lines = execFileSync(program, { input, encoding: 'latin1', maxBuffer: 2 ** 30 })
      .trim()
      .split('\n');
    if (lines.length !== list.length) throw new Error(`${lines.length} answers to ${list.length} questions`);
    return lines.map((line) => (line === '0 more' ? undefined : Number(line.split(' ')[0])));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const printedLines = [];
const nativeLines = [];
for (const bits of [16, 32, 64]) {
  const list = [...encodings(bits)];
  const printed = objdump(list, bits);
  for (const [index, bytes] of list.entries()) {
    const entry = printed[index];
    if (entry?.text === undefined || !emulated(entry.text)) continue;
    const pc = ((index % BATCH) * SLOT).toString(16);
    printedLines.push(`${bits}\t${pc}\t${hex(bytes.slice(0, entry.length))}\t${entry.text}`);
  }
  if (bits === 16) continue;
  const tried = list.filter((bytes, index) => {
    const text = printed[index] === undefined ? '' : (printed[index].text ?? '');
    return !untried(bytes, bits) && emulated(text);
  });
  const lengths = native(tried, bits);
  for (const [index, bytes] of tried.entries()) {
    const length = lengths[index];
    if (length !== undefined)
      nativeLines.push(`${bits}\t${hex(length === 0 ? bytes : bytes.slice(0, length))}\t${length}`);
  }
}
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'objdump.txt'), `${printedLines.join('\n')}\n`);
writeFileSync(join(folder, 'native.txt'), `${nativeLines.join('\n')}\n`);
