/**
 * A small RV64 assembler for tests: one instruction a line, labels with a colon, `#` comments. Everything is 4 bytes long except `.half` and
 * `li`, which takes as many instructions as its constant needs (1 to 8).
 */

const X_NAMES =
  'zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6'.split(
    ' ',
  );
const F_NAMES =
  'ft0 ft1 ft2 ft3 ft4 ft5 ft6 ft7 fs0 fs1 fa0 fa1 fa2 fa3 fa4 fa5 fa6 fa7 fs2 fs3 fs4 fs5 fs6 fs7 fs8 fs9 fs10 fs11 ft8 ft9 ft10 ft11'.split(
    ' ',
  );
const CSR: Record<string, number> = {
  ...{ fflags: 1, frm: 2, fcsr: 3, satp: 0x180, sscratch: 0x140, sepc: 0x141, scause: 0x142, stvec: 0x105 },
  ...{ mstatus: 0x300, medeleg: 0x302, mie: 0x304, mtvec: 0x305, mcounteren: 0x306, mscratch: 0x340 },
  ...{ mepc: 0x341, mcause: 0x342, mtval: 0x343, mip: 0x344, pmpcfg0: 0x3a0, pmpaddr0: 0x3b0 },
  ...{ mcycle: 0xb00, minstret: 0xb02, cycle: 0xc00, time: 0xc01, instret: 0xc02 },
};

/** opcode, funct3, funct7 */
const R: Record<string, readonly [number, number, number]> = {
  ...{ add: [0x33, 0, 0], sub: [0x33, 0, 0x20], sll: [0x33, 1, 0], slt: [0x33, 2, 0], sltu: [0x33, 3, 0] },
  ...{ xor: [0x33, 4, 0], srl: [0x33, 5, 0], sra: [0x33, 5, 0x20], or: [0x33, 6, 0], and: [0x33, 7, 0] },
  ...{
    addw: [0x3b, 0, 0],
    subw: [0x3b, 0, 0x20],
    sllw: [0x3b, 1, 0],
    srlw: [0x3b, 5, 0],
    sraw: [0x3b, 5, 0x20],
  },
  ...{ mul: [0x33, 0, 1], mulhu: [0x33, 3, 1], div: [0x33, 4, 1], divu: [0x33, 5, 1], rem: [0x33, 6, 1] },
  ...{ mulw: [0x3b, 0, 1], divw: [0x3b, 4, 1], remuw: [0x3b, 7, 1], sh2add: [0x33, 4, 0x10] },
  ...{ 'fadd.d': [0x53, 7, 1], 'fsub.d': [0x53, 7, 5], 'fmul.d': [0x53, 7, 9], 'fdiv.d': [0x53, 7, 13] },
  ...{ 'fadd.s': [0x53, 7, 0], 'fmul.s': [0x53, 7, 8], 'feq.d': [0x53, 2, 0x51], 'flt.d': [0x53, 1, 0x51] },
};
/** Two operands and a constant in the place of rs2. */
const UNARY: Record<string, readonly [number, number, number, number]> = {
  ...{ 'fcvt.d.l': [0x53, 7, 0x69, 2], 'fcvt.l.d': [0x53, 1, 0x61, 2], 'fmv.x.d': [0x53, 0, 0x71, 0] },
  ...{ 'fmv.d.x': [0x53, 0, 0x79, 0], 'fsqrt.d': [0x53, 7, 0x2d, 0] },
};
const I: Record<string, readonly [number, number]> = {
  ...{ addi: [0x13, 0], slti: [0x13, 2], sltiu: [0x13, 3], xori: [0x13, 4], ori: [0x13, 6], andi: [0x13, 7] },
  ...{ addiw: [0x1b, 0] },
};
/** opcode, funct3, top bits */
const SHIFT: Record<string, readonly [number, number, number]> = {
  ...{ slli: [0x13, 1, 0], srli: [0x13, 5, 0], srai: [0x13, 5, 0x400] },
  ...{ slliw: [0x1b, 1, 0], srliw: [0x1b, 5, 0], sraiw: [0x1b, 5, 0x400] },
};
const LOAD: Record<string, readonly [number, number]> = {
  ...{ lb: [3, 0], lh: [3, 1], lw: [3, 2], ld: [3, 3], lbu: [3, 4], lhu: [3, 5], lwu: [3, 6] },
  ...{ flw: [7, 2], fld: [7, 3], jalr: [0x67, 0] },
};
const STORE: Record<string, readonly [number, number]> = {
  ...{ sb: [0x23, 0], sh: [0x23, 1], sw: [0x23, 2], sd: [0x23, 3], fsw: [0x27, 2], fsd: [0x27, 3] },
};
const BRANCH: Record<string, number> = { beq: 0, bne: 1, blt: 4, bge: 5, bltu: 6, bgeu: 7 };
const CSR_OPS: Record<string, number> = { csrrw: 1, csrrs: 2, csrrc: 3, csrrwi: 5, csrrsi: 6, csrrci: 7 };
/** funct5, funct3 */
const AMO: Record<string, readonly [number, number]> = {
  ...{ 'amoadd.w': [0, 2], 'amoadd.d': [0, 3], 'amoswap.w': [1, 2], 'amoswap.d': [1, 3], 'amoor.d': [8, 3] },
  ...{ 'lr.d': [2, 3], 'sc.d': [3, 3], 'amomaxu.w': [0x1c, 2] },
};
const PLAIN: Record<string, number> = {
  ...{ ecall: 0x73, ebreak: 0x00100073, mret: 0x30200073, sret: 0x10200073, wfi: 0x10500073, nop: 0x13 },
  ...{ 'fence.i': 0x100f, fence: 0x0ff0000f, ret: 0x8067 },
};

function register(text: string): number {
  const numbered = /^[xf](\d+)$/.exec(text);
  if (numbered) return Number(numbered[1]);
  const index = text === 'fp' ? 8 : Math.max(X_NAMES.indexOf(text), F_NAMES.indexOf(text));
  if (index < 0) throw new Error(`no register '${text}'`);
  return index;
}

/** Instructions that load a constant: [mnemonic, operand] steps on one register, first the upper part. */
function loadConstant(value: bigint): string[] {
  const low = BigInt.asIntN(12, value);
  if (value === low) return [`addi rd, zero, ${low}`];
  if (BigInt.asIntN(32, value) === value) {
    const steps = [`lui rd, ${BigInt.asUintN(20, (value + 0x800n) >> 12n)}`];
    return low === 0n ? steps : [...steps, `addiw rd, rd, ${low}`];
  }
  let rest = (value - low) >> 12n;
  let shift = 12;
  while ((rest & 1n) === 0n) {
    rest >>= 1n;
    shift += 1;
  }
  const steps = [...loadConstant(BigInt.asIntN(64 - shift, rest)), `slli rd, rd, ${shift}`];
  return low === 0n ? steps : [...steps, `addi rd, rd, ${low}`];
}

function expand(line: string): string[] {
  const [name, ...operands] = line.split(/[\s,]+/);
  const [a, b, c] = operands;
  switch (name) {
    case 'li':
      return loadConstant(BigInt.asIntN(64, BigInt(b))).map((step) => step.replaceAll('rd', a));
    case 'la':
      return [`auipc ${a}, %${b}`, `addi ${a}, ${a}, %${b}`];
    case 'mv':
      return [`addi ${a}, ${b}, 0`];
    case 'j':
      return [`jal zero, ${a}`];
    case 'call':
      return [`jal ra, ${a}`];
    case 'jr':
      return [`jalr zero, 0(${a})`];
    case 'beqz':
    case 'bnez':
    case 'bltz':
    case 'bgez':
      return [`${name.slice(0, -1)} ${a}, zero, ${b}`];
    case 'csrr':
      return [`csrrs ${a}, ${b}, zero`];
    case 'csrw':
      return [`csrrw zero, ${a}, ${b}`];
    case 'csrs':
      return [`csrrs zero, ${a}, ${b}`];
    case 'csrc':
      return [`csrrc zero, ${a}, ${b}`];
    case 'sfence.vma':
      return [`.sfence ${a ?? 'zero'}, ${c ?? b ?? 'zero'}`];
    default:
      return [line];
  }
}

function encode(line: string, pc: number, lookup: (label: string) => number): number {
  const [name, ...operands] = line.split(/[\s,]+/);
  const [a, b, c] = operands;
  const target = (text: string) => (/^-?(0x)?[0-9]/.test(text) ? Number(text) : lookup(text) - pc);
  const immediate = (text: string, at = pc) =>
    text.startsWith('%') ? ((lookup(text.slice(1)) - at) << 20) >> 20 : Number(text);
  const fields = (opcode: number, rd: number, f3: number, rs1: number, upper: number) =>
    (opcode | (rd << 7) | (f3 << 12) | (rs1 << 15) | (upper << 20)) >>> 0;
  const memory = (text: string): [number, number] => {
    const match = /^(-?\w*)\((\w+)\)$/.exec(text);
    if (!match) throw new Error(`no address: '${text}'`);
    return [Number(match[1] || 0), register(match[2])];
  };
  if (name in PLAIN) return PLAIN[name];
  if (name === '.word') return Number(a) >>> 0;
  if (name === '.sfence') return fields(0x73, 0, 0, register(a), 0x120 | register(b));
  if (name in R) {
    const [opcode, f3, f7] = R[name];
    return fields(opcode, register(a), f3, register(b), (f7 << 5) | register(c));
  }
  if (name in UNARY) {
    const [opcode, f3, f7, rs2] = UNARY[name];
    return fields(opcode, register(a), f3, register(b), (f7 << 5) | rs2);
  }
  if (name in I) return fields(I[name][0], register(a), I[name][1], register(b), immediate(c, pc - 4));
  if (name in SHIFT) {
    const [opcode, f3, top] = SHIFT[name];
    return fields(opcode, register(a), f3, register(b), top | Number(c));
  }
  if (name in LOAD) {
    const [offset, base] = memory(b);
    return fields(LOAD[name][0], register(a), LOAD[name][1], base, offset);
  }
  if (name in STORE) {
    const [offset, base] = memory(b);
    return fields(STORE[name][0], offset & 31, STORE[name][1], base, ((offset >> 5) << 5) | register(a));
  }
  if (name in BRANCH) {
    const to = target(c);
    const low = (to & 0x1e) | ((to >> 11) & 1);
    const high = (((to >> 12) & 1) << 6) | ((to >> 5) & 0x3f);
    return fields(0x63, low, BRANCH[name], register(a), (high << 5) | register(b));
  }
  if (name === 'jal') {
    const to = target(b);
    const bits =
      (((to >> 20) & 1) << 19) | (((to >> 1) & 0x3ff) << 9) | (((to >> 11) & 1) << 8) | ((to >> 12) & 0xff);
    return ((bits << 12) | (register(a) << 7) | 0x6f) >>> 0;
  }
  if (name === 'lui') return ((Number(b) << 12) | (register(a) << 7) | 0x37) >>> 0;
  if (name === 'auipc') {
    const upper = b.startsWith('%') ? (lookup(b.slice(1)) - pc + 0x800) >> 12 : Number(b);
    return ((upper << 12) | (register(a) << 7) | 0x17) >>> 0;
  }
  if (name in CSR_OPS) {
    const csr = b in CSR ? CSR[b] : Number(b);
    return fields(0x73, register(a), CSR_OPS[name], CSR_OPS[name] > 4 ? Number(c) : register(c), csr);
  }
  if (name in AMO) {
    const [f5, f3] = AMO[name];
    const base = register((name === 'lr.d' ? b : c).replace(/[()]/g, ''));
    return fields(0x2f, register(a), f3, base, (f5 << 7) | (name === 'lr.d' ? 0 : register(b)));
  }
  throw new Error(`no instruction '${line}'`);
}

export interface Program {
  readonly bytes: Uint8Array;
  /** Address of a label. */
  at(label: string): bigint;
}

/** Assembles for the address `base`. Throws on what it does not know. */
export function assemble(base: bigint, source: string): Program {
  const labels = new Map<string, number>();
  const items: { at: number; line: string }[] = [];
  let at = 0;
  for (const raw of source.split('\n')) {
    let line = raw.replace(/#.*/, '').trim();
    for (let label = /^(\w+):\s*/.exec(line); label; label = /^(\w+):\s*/.exec(line)) {
      labels.set(label[1], at);
      line = line.slice(label[0].length);
    }
    if (line === '') continue;
    const [directive, operand] = line.split(/\s+/);
    if (directive === '.org') at = Number(operand);
    else if (directive === '.balign') at = Math.ceil(at / Number(operand)) * Number(operand);
    else if (directive === '.skip') at += Number(operand);
    else if (directive === '.dword' || directive === '.half') {
      items.push({ at, line });
      at += directive === '.half' ? 2 : 8;
    } else {
      for (const step of expand(line)) {
        items.push({ at, line: step });
        at += 4;
      }
    }
  }
  const bytes = new Uint8Array(at);
  const view = new DataView(bytes.buffer);
  const lookup = (label: string): number => {
    const place = labels.get(label);
    if (place === undefined) throw new Error(`no label '${label}'`);
    return place;
  };
  for (const item of items) {
    const operand = item.line.split(/\s+/)[1];
    if (item.line.startsWith('.dword')) {
      const value = labels.has(operand) ? base + BigInt(lookup(operand)) : BigInt(operand);
      view.setBigUint64(item.at, BigInt.asUintN(64, value), true);
    } else if (item.line.startsWith('.half')) view.setUint16(item.at, Number(operand), true);
    else view.setUint32(item.at, encode(item.line, item.at, lookup), true);
  }
  return { bytes, at: (label) => base + BigInt(lookup(label)) };
}
