/**
 * Hostile programs: random bytes run as code, with stores into themselves, jumps into the middle of instructions and to the ends of memory. A
 * program must leave the same machine on both tiers: registers, system registers, memory, instruction count.
 *
 * Every trap goes on two bytes further on, or, after a jump out of the program, somewhere in it. Under -icount both tiers end their slices at the
 * same instruction, so runs can be compared wherever they stop.
 */
import { expect } from 'vitest';
import { COUNTER_INSTRUCTIONS, COUNTER_JIT_INSTRUCTIONS } from '../../../src/memory/layout.gen.ts';
import { AUTO_STEP_MS, createTestCore, type TestCore } from '../harness.ts';
import { assemble } from './program.ts';

const RAM = 0x8000_0000n;
const RAM_END = 0x8400_0000n;
const BODY_BYTES = 1024;
/** A multiple of SLICE_MIN of assembly/vcpu/run.ts. */
const INSTRUCTIONS = 4 * 16384;
const CSRS = [
  0x300, 0x302, 0x303, 0x304, 0x305, 0x306, 0x340, 0x341, 0x342, 0x343, 0x344, 0x3a0, 0x180, 3,
].concat([0x105, 0x140, 0x141, 0x142, 0x143, 0x106]);
/** Bodies in the middle of a page, across a page's end, and up to the end of memory. */
const PLACES = [0x8000_1200n, 0x8000_1e80n, RAM_END - BigInt(BODY_BYTES)];

export class Random {
  #state: bigint;
  constructor(seed: number) {
    this.#state = BigInt(seed) * 0x9e37_79b9_7f4a_7c15n + 0x1234_5678_9abc_def1n;
  }
  /** xorshift64*; below a bound up to 2^32. */
  below(bound: number): number {
    let x = BigInt.asUintN(64, this.#state);
    x ^= x >> 12n;
    x = BigInt.asUintN(64, x ^ (x << 25n));
    x ^= x >> 27n;
    this.#state = x;
    return Number(((BigInt.asUintN(64, x * 0x2545_f491_4f6c_dd1dn) >> 32n) * BigInt(bound)) >> 32n);
  }
}

/** Loop, trap handler and pointers around the random body. */
function frame(body: bigint, random: Random) {
  return assemble(
    RAM,
    `
    la t0, handler
    csrw mtvec, t0
    li t0, 0x6000
    csrs mstatus, t0
    again: la s0, data
    li s1, ${body}
    li a0, ${RAM_END - 16n}
    li a1, ${body + 512n}
    li a2, 0x800013f8
    addi a5, a5, 1
    jr s1
    .balign 4
  handler: csrw mscratch, t6
    la t6, save
    sd t5, 0(t6)
    sd t4, 8(t6)
    ld t5, 16(t6)
    addi t5, t5, ${random.below(100) * 2 + 2}
    andi t5, t5, ${BODY_BYTES - 2}
    sd t5, 16(t6)
    li t4, ${body}
    add t5, t5, t4
    csrr t4, mepc
    sd t4, 24(t6)
    sub t4, t4, t5
    ld t5, 16(t6)
    add t4, t4, t5
    sltiu t5, t4, ${BODY_BYTES}
    beqz t5, outside
    ld t5, 24(t6)
    addi t5, t5, 2
    j return
  outside: ld t5, 16(t6)
    li t4, ${body}
    add t5, t5, t4
  return: csrw mepc, t5
    li t5, 0x7800
    csrs mstatus, t5
    csrw medeleg, zero
    la t5, handler
    csrw mtvec, t5
    ld t4, 8(t6)
    ld t5, 0(t6)
    csrr t6, mscratch
    mret
    .org 0x800
    save: .skip 64
    .org 0x3000
    data: .skip 256`,
  );
}

const OPCODES = [
  0x33, 0x13, 0x3b, 0x1b, 0x33, 0x13, 0x03, 0x03, 0x23, 0x23, 0x63, 0x63, 0x37, 0x17, 0x53, 0x07, 0x27,
];
const REGISTERS = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 5];
const SAFE_CSRS = [1, 2, 3, 0x340, 0xc00, 0xc01, 0xc02, 0xb02, 0x342, 0x141];

function randomBody(random: Random): Uint8Array {
  const bytes = new Uint8Array(BODY_BYTES);
  const view = new DataView(bytes.buffer);
  const reg = () => REGISTERS[random.below(REGISTERS.length)] as number;
  let at = 0;
  while (at < BODY_BYTES - 16) {
    const kind = random.below(100);
    let word = random.below(2 ** 32);
    if (kind < 12) {
      view.setUint16(at, word & 0xffff, true);
      at += 2;
      continue;
    }
    if (kind < 72) {
      const opcode = OPCODES[random.below(OPCODES.length)] as number;
      word = ((word & 0xfff0_7000) | opcode | (reg() << 7) | (reg() << 15)) >>> 0;
      if (opcode === 0x33 || opcode === 0x3b)
        word = ((word & 0x41ff_ffff) | (random.below(4) === 0 ? 1 << 25 : 0)) >>> 0;
      if (opcode === 0x03 || opcode === 0x23 || opcode === 0x07 || opcode === 0x27)
        word = (word & ~(random.below(2) ? 0x0600_0000 : 0xfc00_0000)) >>> 0;
      // Short branches, most of them forwards, into the middle of instructions too.
      if (opcode === 0x63)
        word =
          ((word & ~0xfe00_0f80) | (random.below(8) << 8) | (random.below(8) === 0 ? 0xfe00_0080 : 0)) >>> 0;
    } else if (kind < 80)
      word =
        ((word & 0xf800_0000) |
          0x2f |
          ((2 + random.below(2)) << 12) |
          (reg() << 7) |
          (reg() << 15) |
          (reg() << 20)) >>>
        0;
    else if (kind < 86) {
      const csr = SAFE_CSRS[random.below(SAFE_CSRS.length)] as number;
      word = ((csr << 20) | 0x73 | ((1 + random.below(3)) << 12) | (reg() << 7) | (reg() << 15)) >>> 0;
    } else if (kind < 90) word = 0x100f;
    else if (kind < 93) word = (0x6f | (random.below(32) << 21)) >>> 0;
    view.setUint32(at, word, true);
    at += 4;
  }
  return bytes;
}

function load(core: TestCore, seed: number): void {
  const random = new Random(seed);
  const body = PLACES[seed % PLACES.length] as bigint;
  const program = frame(body, random);
  core.reset();
  core.load(RAM, program.bytes);
  const bytes = randomBody(random);
  core.load(body, bytes);
  const back = assemble(body + BigInt(BODY_BYTES - 16), `li t0, ${program.at('again')}\njr t0`);
  core.load(body + BigInt(BODY_BYTES - back.bytes.length), back.bytes);
}

function state(core: TestCore): Record<string, unknown> {
  const words: Record<string, unknown> = { pc: core.pc() };
  for (let i = 0; i < 32; i++) {
    words[`x${i}`] = core.x(i);
    words[`f${i}`] = core.f(i);
  }
  for (const csr of CSRS) words[`csr 0x${csr.toString(16)}`] = core.exports.peekCsr(0, csr);
  return words;
}

/** Runs the programs of these seeds on the interpreter and with tier 1. Returns the share of instructions that tier 1 retired. */
export async function compareHostile(seeds: readonly number[]): Promise<number> {
  const options = { icount: 3, stepMs: AUTO_STEP_MS };
  const plain = await createTestCore({ tier: 'interp', ...options });
  const compiled = await createTestCore({ tier: 'auto', ...options });
  let jit = 0;
  let all = 0;
  for (const seed of seeds) {
    const ends = [plain, compiled].map((core) => {
      load(core, seed);
      const run = core.run({ pc: RAM, maxInstructions: INSTRUCTIONS });
      return { ...run, ...state(core) };
    });
    expect(ends[1], `seed ${seed}`).toEqual(ends[0]);
    expect(plain.ram().equals(compiled.ram()), `memory of seed ${seed}`).toBe(true);
    jit += compiled.counter(COUNTER_JIT_INSTRUCTIONS);
    all += compiled.counter(COUNTER_INSTRUCTIONS);
  }
  return jit / all;
}
