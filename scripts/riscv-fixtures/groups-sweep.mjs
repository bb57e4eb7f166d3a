// Encoding sweeps: compressed instructions exhaustively, and the opcodes of arithmetic and floating point.
import { floatBoundaries, FORMATS, INT_BOUNDARIES, asRegister } from './operands.mjs';
import { Program, Random } from './program.mjs';
import { sweep, sweepRunner } from './sweep.mjs';

function prepare(name, note, seed) {
  const program = new Program(name, note);
  const random = new Random(seed);
  const registers = Array.from({ length: 31 }, (_, i) =>
    i % 3 ? random.next() : random.pick(INT_BOUNDARIES),
  );
  const [s, d] = [FORMATS.s, FORMATS.d];
  const floats = Array.from({ length: 32 }, (_, i) =>
    i % 2 ? asRegister(s, random.pick(floatBoundaries(s))) : asRegister(d, random.pick(floatBoundaries(d))),
  );
  floats[3] = asRegister(s, 0x40490fdbn);
  floats[5] = asRegister(s, 0x4e9a3b12n);
  floats[4] = 0x400921fb54442d18n;
  floats[6] = 0xc1d1a2b3c4d5e6f7n;
  program.sourceOptions = { handler: sweepRunner(program, { registers, floats }) };
  return { program, random };
}

const halfwords = (quadrant, funct3) =>
  Array.from({ length: 2048 }, (_, i) => (funct3 << 13) | (i << 2) | quadrant);

/** Quadrants 0–2 without loads, stores, branches and jumps, which the group rv64c covers. */
export function compressedSweep() {
  const { program } = prepare(
    'rv64c-sweep',
    'QEMU 7.2: every encoding of the compressed arithmetic instructions, reserved ' +
      'ones and hints included.',
    31,
  );
  const sets = [
    [0, 0, 'c.addi4spn'],
    [0, 4, 'quadrant 0, funct3 100 (reserved)'],
    [1, 0, 'c.addi, c.nop, hints'],
    [1, 1, 'c.addiw'],
    [1, 2, 'c.li'],
    [1, 3, 'c.addi16sp, c.lui'],
    [1, 4, 'c.srli, c.srai, c.andi, c.sub, c.xor, c.or, c.and, c.subw, c.addw'],
    [2, 0, 'c.slli'],
    [2, 4, 'c.mv, c.add, c.ebreak'],
  ];
  for (const [quadrant, funct3, title] of sets) {
    // c.jr and c.jalr leave the slot; c.jr x0 is reserved and stays in.
    const stays = (half) => !(quadrant === 2 && funct3 === 4 && (half & 0x7c) === 0 && (half & 0xf80) !== 0);
    sweep(program, title, halfwords(quadrant, funct3).filter(stays));
  }
  return program;
}

export function integerSweep() {
  const { program, random } = prepare(
    'integer-sweep',
    'QEMU 7.2: all function codes of OP, OP-32, OP-IMM and OP-IMM-32 and ' +
      'the reserved major opcodes, without ctzw (wrong in QEMU 7.2).',
    32,
  );
  const r = () => random.below(32);
  for (const [opcode, title] of [
    [0x33, 'OP'],
    [0x3b, 'OP-32'],
  ]) {
    const list = [];
    for (let f = 0; f < 1024; f += 1) {
      // Zbkb and Zbc share these opcodes; QEMU's are off. zext.h needs rs2 = 0: both forms occur.
      for (const rs2 of f >> 3 === 4 ? [0, 1 + random.below(31)] : [r()]) {
        list.push(
          (((f >> 3) << 25) | (rs2 << 20) | (r() << 15) | ((f & 7) << 12) | (r() << 7) | opcode) >>> 0,
        );
      }
    }
    sweep(program, `${title}: every funct7 and funct3`, list);
  }
  for (const [opcode, title] of [
    [0x13, 'OP-IMM'],
    [0x1b, 'OP-IMM-32'],
  ]) {
    for (const funct3 of [1, 5]) {
      const list = [];
      for (let imm = 0; imm < 4096; imm += 1) {
        if (opcode === 0x1b && funct3 === 1 && imm === 0x601) continue;
        list.push(((imm << 20) | (r() << 15) | (funct3 << 12) | (r() << 7) | opcode) >>> 0);
      }
      sweep(program, `${title}, funct3 ${funct3}: every immediate`, list);
    }
    const list = [];
    for (let i = 0; i < 800; i += 1) {
      const funct3 = random.pick(opcode === 0x13 ? [0, 2, 3, 4, 6, 7] : [0, 2, 3, 4, 6, 7]);
      list.push(((random.below(4096) << 20) | (r() << 15) | (funct3 << 12) | (r() << 7) | opcode) >>> 0);
    }
    sweep(program, `${title}: other funct3`, list);
  }
  const reserved = [];
  for (const opcode of [0x0b, 0x2b, 0x5b, 0x7b, 0x57, 0x6b, 0x77, 0x1f, 0x3f, 0x5f, 0x7f]) {
    for (let i = 0; i < 24; i += 1)
      reserved.push(((Number(random.next() & 0xffffff80n) >>> 0) | opcode) >>> 0);
  }
  reserved.push(0xffffffff);
  sweep(program, 'custom, vector, reserved and long opcodes', reserved);
  const memory = [];
  for (const [opcode, functs] of [
    [0x03, [7]],
    [0x23, [4, 5, 6, 7]],
    [0x63, [2, 3]],
    [0x67, [1, 2, 3, 4, 5, 6, 7]],
    [0x07, [0, 1, 4, 5, 6, 7]],
    [0x27, [0, 1, 4, 5, 6, 7]],
    [0x0f, [3, 4, 5, 6, 7]],
    [0x73, [4]],
    [0x2f, [0, 1, 4, 5, 6, 7]],
  ]) {
    for (const funct3 of functs) {
      for (let i = 0; i < 12; i += 1) {
        memory.push(((Number(random.next() & 0xffff8f80n) >>> 0) | (funct3 << 12) | opcode) >>> 0);
      }
    }
  }
  sweep(program, 'reserved funct3 of loads, stores, branches, jalr, fences, AMOs and SYSTEM', memory);
  const amos = [];
  const legal = new Set([0, 1, 2, 3, 4, 8, 12, 16, 20, 24, 28]);
  for (let funct5 = 0; funct5 < 32; funct5 += 1) {
    if (legal.has(funct5)) continue;
    for (const funct3 of [2, 3])
      amos.push(((funct5 << 27) | (r() << 20) | (r() << 15) | (funct3 << 12) | (r() << 7) | 0x2f) >>> 0);
  }
  for (const rs2 of [1, 2, 4, 16, 31])
    for (const funct3 of [2, 3])
      amos.push(((2 << 27) | (rs2 << 20) | (11 << 15) | (funct3 << 12) | (10 << 7) | 0x2f) >>> 0);
  sweep(program, 'reserved AMO codes, lr with rs2', amos);
  const system = [];
  for (let i = 0; i < 256; i += 1) {
    const word = ((Number(random.next() & 0xffff8f80n) >>> 0) | 0x73) >>> 0;
    const code = word >>> 20;
    // Leave out what is defined: ecall, ebreak, uret, sret, mret, dret, wfi, the fences and the hypervisor's.
    if (
      [0, 1, 2, 0x102, 0x302, 0x7b2, 0x105].includes(code) ||
      [0x09, 0x0b, 0x11, 0x13, 0x31, 0x33, 0x51, 0x71].includes(word >>> 25)
    )
      continue;
    system.push(word);
  }
  for (const base of [0x00000073, 0x00100073, 0x10200073, 0x30200073, 0x10500073]) {
    system.push((base | (1 << 7)) >>> 0, (base | (1 << 15)) >>> 0, (base | (31 << 7)) >>> 0);
  }
  sweep(program, 'reserved SYSTEM encodings', system);
  return program;
}

export function floatSweep() {
  const { program, random } = prepare(
    'float-sweep',
    'QEMU 7.2: every funct7 and rs2 of OP-FP with legal and reserved rounding ' +
      'modes, fused operations, invalid frm.',
    33,
  );
  const r = () => random.below(32);
  for (const [fcsr, modes] of [
    [0x00, [0, 1, 2, 4, 5]],
    [0x60, [3, 7]],
    [0xa0, [0, 7]],
    [0xe0, [1, 7]],
  ]) {
    const list = [];
    for (let funct7 = 0; funct7 < 128; funct7 += 1) {
      for (let rs2 = 0; rs2 < 32; rs2 += fcsr ? 3 : 1) {
        for (const rm of modes) {
          if (rs2 > 4 && modes.length === 5 && random.below(3)) continue;
          list.push(((funct7 << 25) | (rs2 << 20) | (r() << 15) | (rm << 12) | (r() << 7) | 0x53) >>> 0);
        }
      }
    }
    sweep(program, `OP-FP, fcsr 0x${fcsr.toString(16)}`, list, fcsr);
  }
  for (const fcsr of [0, 0x80, 0xa0]) {
    const list = [];
    for (const opcode of [0x43, 0x47, 0x4b, 0x4f]) {
      for (let rm = 0; rm < 8; rm += 1) {
        for (let format = 0; format < 4; format += 1) {
          for (let i = 0; i < 5; i += 1)
            list.push(
              ((r() << 27) |
                (format << 25) |
                (r() << 20) |
                (r() << 15) |
                (rm << 12) |
                (r() << 7) |
                opcode) >>>
                0,
            );
        }
      }
    }
    sweep(program, `fused multiply-add, fcsr 0x${fcsr.toString(16)}`, list, fcsr);
  }
  return program;
}
