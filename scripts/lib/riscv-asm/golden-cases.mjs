/**
 * The source lines that are compared with GNU as: every form of every instruction and pseudo-instruction with
 * operands at their boundaries, every CSR name, `li` constants, data directives and expressions.
 */
import { CSRS, FP_REGISTERS, INT_REGISTERS } from './registers.mjs';
import { INSTRUCTIONS } from './tables/index.mjs';
import { PSEUDO_INSTRUCTIONS } from './tables/pseudo.mjs';

/** Sample operands by kind; a form's cases take the i-th sample (modulo their number) of each operand. */
/** @type {Record<string, string[]>} */
const SAMPLES = {
  rd: ['a0', 't6', 'x1'],
  rs1: ['a1', 's11', 'x31'],
  rs2: ['a2', 't5', 'x16'],
  frd: ['fa0', 'ft11', 'f1'],
  frs1: ['fa1', 'fs11', 'f31'],
  frs2: ['fa2', 'ft8', 'f16'],
  frs3: ['fa3', 'fs3', 'f15'],
  rm: ['rne', 'rtz', 'rdn', 'rup', 'rmm', 'dyn'],
  csr: ['mstatus', '0x7c0', 'satp'],
  zimm: ['0', '31', '21'],
  pred: ['rw', 'iorw', 'o', 'r'],
  succ: ['w', 'iorw', 'i', 'rw'],
  shamt5: ['0', '31', '10'],
  shamt6: ['0', '63', '42'],
  i12: ['0', '2047', '-2048', '-1', '%lo(ADDR)'],
  u20: ['0', '0xfffff', '0x80000', '%hi(ADDR)'],
  mem: ['0(a1)', '2047(sp)', '-2048(x31)', '(t0)', '%lo(ADDR)(gp)'],
  memstore: ['0(a1)', '2047(sp)', '-2048(x31)', '(t0)', '%lo(ADDR)(gp)'],
  memamo: ['(a1)', '0(sp)', '(x31)'],
  branch: ['1b', '1b+4094', '1b-4096', '2f'],
  jump: ['1b', '1b+1048574', '1b-1048576', '2f'],
};

/** 64-bit constants around every boundary of `li`. */
function loadConstants() {
  const values = new Set([
    0n,
    1n,
    -1n,
    0x123456789abcdef0n,
    0xdeadbeefcafebaben,
    0x5555555555555555n,
    0x8000000080000000n,
  ]);
  for (const bit of [11n, 12n, 20n, 31n, 32n, 33n, 43n, 44n, 52n, 62n, 63n]) {
    for (const delta of [-2049n, -2048n, -1n, 0n, 1n, 2047n, 2048n]) {
      values.add((1n << bit) + delta);
      values.add(-(1n << bit) + delta);
    }
  }
  return [...values].map((value) => BigInt.asIntN(64, value)).map((value) => `li a0, ${value}`);
}

/** Instructions whose operands are shown by the pseudo table only as `$1`...: what stands for them. */
/** @type {Record<string, string[]>} */
const PSEUDO_OPERANDS = {
  call: ['2f'],
  tail: ['2f'],
  la: ['a0', '2f'],
  lla: ['t6', '1b'],
  j: ['2f'],
  jal: ['2f'],
  csrr: ['a0', 'mepc'],
  csrw: ['mtvec', 'a0'],
  csrs: ['mie', 't1'],
  csrc: ['sstatus', 't2'],
  csrwi: ['mscratch', '31'],
  csrsi: ['mstatus', '8'],
  csrci: ['mstatus', '8'],
  fsrmi: ['3'],
  fsflagsi: ['17'],
};

/**
 * @param {string} name
 * @param {number} count
 * @param {string} expansion
 */
function pseudoOperands(name, count, expansion) {
  if (PSEUDO_OPERANDS[name]) return PSEUDO_OPERANDS[name];
  if (/^(l[bhwd]u?|s[bhwd]|fl[wd]|fs[wd])$/.test(name)) {
    return [name.startsWith('f') ? 'fa0' : 'a0', '2f', 't0'].slice(0, count);
  }
  if (/^b/.test(name)) return count === 2 ? ['s0', '2f'] : ['s0', 's1', '1b'];
  if (name.startsWith('f') && /\.[sd]$/.test(name) && !name.startsWith('fmv.x')) {
    const compare = /^f(gt|ge)/.test(name);
    return [compare ? 'a0' : 'fa0', 'fa1', 'fa2'].slice(0, count);
  }
  if (name === 'fmv.x.s') return ['a0', 'fa1'];
  if (name === 'fmv.s.x') return ['fa0', 'a1'];
  return [expansion.includes('$2') || count > 0 ? 'a0' : '', 'a1', 'a2'].slice(0, count);
}

/** @param {string} line @returns {string} with the local labels that it refers to around it */
function withLabels(line) {
  return `1: ${line}\n nop\n2:`;
}

/** @returns {string[]} sources, each self-contained and at most a few lines long */
export function goldenCases() {
  /** @type {string[]} */
  const cases = [];
  for (const [name, forms] of INSTRUCTIONS) {
    for (const { operands } of forms) {
      const rounds = Math.max(1, ...operands.map((kind) => SAMPLES[kind].length));
      for (let round = 0; round < rounds; round++) {
        const texts = operands.map((kind) => SAMPLES[kind][round % SAMPLES[kind].length]);
        const line = `${name} ${texts.join(', ')}`.trim();
        cases.push(operands.some((kind) => kind === 'branch' || kind === 'jump') ? withLabels(line) : line);
      }
      if (operands.at(-1) === 'rm') {
        cases.push(
          `${name} ${operands
            .slice(0, -1)
            .map((kind) => SAMPLES[kind][0])
            .join(', ')}`,
        );
      }
    }
  }
  for (const [name, count, expansion] of PSEUDO_INSTRUCTIONS) {
    const line = `${name} ${pseudoOperands(name, count, expansion.join()).join(', ')}`.trim();
    cases.push(/\b[12][fb]\b/.test(line) ? withLabels(line) : line);
  }
  for (const register of INT_REGISTERS.keys()) cases.push(`mv ${register}, ${register}`);
  for (const register of FP_REGISTERS.keys()) cases.push(`fmv.d ${register}, ${register}`);
  for (const csr of CSRS.keys()) cases.push(`csrr a0, ${csr}`);
  return [...cases, ...loadConstants(), ...OTHER_CASES];
}

const OTHER_CASES = [
  ".byte 1, -1, 255, 0x7f, 'a', '\\n'",
  '.half 0x1234, -32768, 65535',
  '.word 0x12345678, -1, ADDR',
  '.dword 0x123456789abcdef0, -2, ADDR + 8',
  '.ascii "plain", "tab\\t quote\\" back\\\\ octal\\033[ hex\\x1b"',
  '.asciz "zero"',
  '.string "semi;colon # no comment // none" # comment',
  '.ascii "snow \u2744 \u2580"',
  '.space 5, 0xaa',
  '.zero 3',
  '.fill 3, 2, 0x1234',
  '.byte 1\n.balign 8\n.byte 2',
  '.byte 1\n.align 3\n.byte 2',
  '.float 1.5, -0.25\n.double 3.141592653589793, 1e300',
  '.dword 1 + 2 * 3, (1 + 2) * 3, 10 - 2 - 3, 100 / 7 / 2, 17 % 5',
  '.dword 1 << 4 + 1, 1 << 4 | 3, 0xff & ~0xf, 5 ^ 3, -8 >> 1, 1 | 2 + 4',
  '.dword 3 == 3, 3 == 4, 2 < 1, 1 <= 1, 1 && 0, 1 || 0',
  '1: nop\n nop\n2: .dword 2b - 1b, . - 1b',
  'lui a0, %hi(ADDR + 0x800)\naddi a0, a0, %lo(ADDR + 0x800)',
  '3: auipc a0, %pcrel_hi(4f)\n lw a1, %pcrel_lo(3b)(a0)\n nop\n4: .word 7',
  'nop; nop ; add a0, a0, a1 /* and */ ; ret # end',
  '.rept 3\n nop\n .endr\n.byte 1',
  'addi a0, a0, SMALL * 2\nli a0, SMALL << 30\n.word SMALL + 1',
];

/** Constants that the cases use. */
export const GOLDEN_PRELUDE = '.equ ADDR, 0x12345ffc\n.equ SMALL, 21\n';
