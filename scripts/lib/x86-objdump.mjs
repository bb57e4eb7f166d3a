// Runs GNU objdump on x86 encodings and brings its text to the form of the project's disassembler.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MACHINES = { 16: 'i8086', 32: 'i386', 64: 'i386:x86-64' };
/** Bytes for each encoding: what is left of one and the longest instruction that begins there. */
export const SLOT = 32;
const NOP = 0x90;

const PREFIX =
  /^(lock|repn?z|rep|data16|data32|addr16|addr32|rex(\.\w+)?|[c-g]s|ss|bnd|notrack|xacquire|xrelease)$/;
/** Undefined instructions; registers that do not exist. */
const NONE = /\(bad\)|\?|\btr\d|\bcr([15679]|1\d)\b|\bdr([89]|1\d)\b|^mov\s+cs,/;
const STRING = /^(movs|cmps|scas|stos|lods|ins|outs)$/;
const COMPARISONS = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'];
const PCLMUL = { pclmullqlqdq: 0, pclmulhqlqdq: 1, pclmullqhqdq: 16, pclmulhqhqdq: 17 };

/**
 * @typedef {object} Printed
 * @property {number} length
 * @property {string | undefined} text undefined where objdump says that there is no such instruction
 */

/** 16-bit code has 16-bit branch targets; a batch ends before 64 KiB. */
export const BATCH = 2000;

/**
 * What objdump makes of the first instruction of each encoding, the nth at address n % BATCH * SLOT; undefined where it prints a
 * prefix as an instruction of its own, and where its text is known to be wrong.
 * @param {number[][]} encodings at most 15 bytes each @param {16 | 32 | 64} bits @returns {(Printed | undefined)[]}
 */
export function objdump(encodings, bits) {
  const printed = [];
  for (let at = 0; at < encodings.length; at += BATCH)
    printed.push(...dump(encodings.slice(at, at + BATCH), bits));
  return printed;
}

function dump(encodings, bits) {
  const scratch = mkdtempSync(join(tmpdir(), 'x86-objdump-'));
  try {
    const image = Buffer.alloc(encodings.length * SLOT, NOP);
    for (const [index, bytes] of encodings.entries()) Buffer.from(bytes).copy(image, index * SLOT);
    const path = join(scratch, 'a.bin');
    writeFileSync(path, image);
    const options = ['-D', '-z', '-b', 'binary', '-w', '--insn-width=16', '-M', 'intel,intel64'];
    const output = execFileSync('objdump', [...options, '-m', MACHINES[bits], path], {
      encoding: 'latin1',
      maxBuffer: 2 ** 30,
    });
    const printed = Array(encodings.length);
    for (const line of output.split('\n')) {
      const match = /^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*(.*)$/.exec(line);
      if (!match) continue;
      const at = Number.parseInt(match[1], 16);
      if (at % SLOT !== 0) continue;
      printed[at / SLOT] = normalize(match[2].trim().split(' '), match[3], bits);
    }
    return printed;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Without prefixes that change nothing, without comments, without names for values of immediates. */
function normalize(bytes, raw, bits) {
  const { length } = bytes;
  // FWAIT and an instruction after it are printed as one.
  if (bytes.includes('9b') && length > 1 && !/fwait/.test(raw)) return undefined;
  if (NONE.test(raw.replace(/^((data16|addr\d\d|rep\w*|[c-g]s|ss|rex\S*) )+/, '')))
    return { length, text: undefined };
  const words = raw
    .replace(/\s*#.*$/, '')
    .replace(/\([\w ]+ only\)/, '')
    .trim()
    .split(/\s+/);
  const prefixes = [];
  while (words.length > 0 && PREFIX.test(words[0])) prefixes.push(words.shift());
  if (words.length === 0) return undefined;
  const [mnemonic] = words;
  const text = words.join(' ');
  // Index 4 of a SIB byte is none; here it stands without a base.
  if (/\[[re]iz/.test(text)) return undefined;
  // Bounds registers and shadow stacks are reserved no-operations to a processor without them.
  if (/^(bnd|rdssp|prefetchit)/.test(mnemonic)) return undefined;
  // Wrong operands: an XMM register of this number for an MMX register, 16 bits for REX.W with 66.
  if (mnemonic === 'movdq2q') return undefined;
  if (
    /^(movsxd|l[fgs]s|call|jmp)$/.test(mnemonic) &&
    bytes.includes('66') &&
    /^(call|jmp|l[fgs]s r|movsxd r)/.test(text)
  )
    return undefined;
  // With a mandatory prefix these do not exist.
  const has = (pattern) => bytes.some((byte) => pattern.test(byte));
  if (
    /^(fxsave|fxrstor|xsave|xrstor|ldmxcsr|stmxcsr|xgetbv|xsetbv|[lms]fence)/.test(mnemonic) &&
    has(/^(66|f2|f3)$/)
  )
    return undefined;
  if (mnemonic === 'pmovmskb' && has(/^f[23]$/)) return undefined;
  // 66 does not count where REX.W does.
  if (/^(fldenv|fnstenv|fnsave|frstor)w$/.test(mnemonic) && bits === 64 && has(/^4[89a-f]$/))
    return undefined;
  if (/^(swapgs|(rd|wr)[fg]sbase)$/.test(mnemonic) && bits !== 64) return undefined;
  const repeat = STRING.test(mnemonic) ? prefixes.filter((word) => /^rep/.test(word)).slice(-1) : [];
  const kept = [...(prefixes.includes('lock') ? ['lock'] : []), ...repeat];
  return { length, text: [...kept, rename(text, bytes)].join(' ') };
}

const RENAMED = [
  [/\+[re]iz\*\d/, ''],
  [/^movabs /, 'mov '],
  [/^(sysret|sysexit)d$/, '$1'],
  [/^prefetchwt1 /, 'prefetch '],
  [/^([sl][gi]dt)[wd] /, '$1 '],
  [/^(pcmpestr[im])q /, '$1 '],
  [/^(bound .*,)[DQ]WORD PTR /, '$1'],
  [/^((?:lddqu|invpcid) \w+,)/, '$1XMMWORD PTR '],
  [/^(cmpxchg16b )OWORD/, '$1XMMWORD'],
];

function rename(printed, bytes) {
  let text = printed;
  for (const [from, to] of RENAMED) text = text.replace(from, to);
  if (bytes.at(-1) === '90' && /^xchg ([er]?ax),\1$/.test(text)) text = 'nop';
  const comparison = /^cmp(eq|lt|le|unord|neq|nlt|nle|ord)(ps|pd|ss|sd) (.*)$/.exec(text);
  if (comparison) text = `cmp${comparison[2]} ${comparison[3]},0x${COMPARISONS.indexOf(comparison[1])}`;
  const multiply = /^(pclmul[lh]q[lh]qdq) (.*)$/.exec(text);
  if (multiply) text = `pclmulqdq ${multiply[2]},0x${PCLMUL[multiply[1]].toString(16)}`;
  return text;
}
