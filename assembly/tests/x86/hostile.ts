/**
 * Hostile programs: random bytes run as code at CPL 3, with stores into themselves, jumps into the middle of instructions and to the ends of memory,
 * in 16-bit code with segments of 64 KiB, in flat 32-bit and in 64-bit code; and in real mode, with every privilege. A program must leave the same machine on both tiers: registers, system state, memory, instruction count.
 *
 * Every exception goes on somewhere in the program (scripts/x86-fixtures/hostile.mjs). Under -icount both tiers end their slices at the same
 * instruction, so runs can be compared wherever they stop.
 */
import { expect } from 'vitest';
import { COUNTER_INSTRUCTIONS, COUNTER_JIT_INSTRUCTIONS } from '../../../src/memory/layout.gen.ts';
import { AUTO_STEP_MS, type TestCore } from '../harness.ts';
import { Random } from '../riscv/hostile.ts';
import { MODE, PROGRAM_BASE, unpack } from './fixture.ts';
import { createX86Core, loadFirmware, RESET_VECTOR } from './machine.ts';

/** As in scripts/x86-fixtures/hostile.mjs. */
const BODY_AREA = 0x0040_0000n;
const AREA_END = 0x0080_0000n;
const PARAMETERS = 0x0030_0000n;
const BODY_BYTES = 1024;
/** A multiple of SLICE_INSNS of assembly/vcpu/run.ts. */
const INSTRUCTIONS = 4 * 16384;
const REAL_BODY = 0x0004_0000n;
/** Bodies in the middle of a page, across a page's end, and up to the end of memory. */
const PLACES = [0x1200n, 0x1e80n];
const INT3 = 0xcc;
type Kind = '16' | '32' | '64' | 'Real';
const KINDS: readonly Kind[] = ['32', '64', '16', 'Real'];

const PREFIXES = [0x66, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x64, 0x2e];
/** One-byte opcodes that are common, with ModRM; arithmetic most often. */
const OPCODES = [
  ...[
    0x00, 0x01, 0x02, 0x03, 0x08, 0x11, 0x13, 0x19, 0x1b, 0x21, 0x29, 0x2b, 0x31, 0x33, 0x39, 0x3b, 0x84,
    0x85,
  ],
  ...[
    0x88, 0x89, 0x8a, 0x8b, 0x8d, 0x87, 0x63, 0x69, 0x6b, 0x80, 0x81, 0x83, 0xc0, 0xc1, 0xd0, 0xd1, 0xd2,
    0xd3,
  ],
  ...[0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff, 0x8f, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf],
];
const SHORT = [
  0x40, 0x48, 0x50, 0x53, 0x55, 0x58, 0x5b, 0x90, 0x91, 0x98, 0x99, 0x9c, 0x9d, 0x9e, 0x9f, 0xa4, 0xa5, 0xa6,
  0xaa, 0xab, 0xac,
];

function randomBody(random: Random, kind: Kind): Uint8Array {
  const long = kind === '64';
  const bytes = new Uint8Array(BODY_BYTES + 32);
  let at = 0;
  const put = (...values: number[]) => {
    for (const value of values) bytes[at++] = value;
  };
  const byte = () => random.below(256);
  const pick = (list: readonly number[]) => list[random.below(list.length)];
  /** ModRM with what it wants behind it: registers, or memory near a pointer. */
  const modrm = () => {
    const kind = random.below(10);
    const reg = random.below(8) << 3;
    if (kind < 5) put(0xc0 | reg | random.below(8));
    else if (kind < 8) put(0x40 | reg | pick([3, 5, 6, 7]), byte());
    else if (kind < 9) put(0x44 | reg, byte(), byte());
    else put(byte());
  };
  while (at < BODY_BYTES) {
    const kind = random.below(100);
    if (kind < 10) {
      put(byte(), byte());
      continue;
    }
    if (random.below(4) === 0) put(pick(PREFIXES));
    if (long && random.below(2) === 0) put(0x40 | random.below(16));
    if (kind < 55) {
      put(pick(OPCODES));
      modrm();
      if (random.below(3) === 0) put(byte());
    } else if (kind < 68) put(long && random.below(3) === 0 ? byte() : pick(SHORT));
    else if (kind < 78)
      put(0x70 | random.below(16), random.below(6) === 0 ? 0xe0 | random.below(32) : random.below(24));
    else if (kind < 92) {
      put(
        0x0f,
        random.below(3)
          ? pick([
              0x10, 0x28, 0x40, 0x54, 0x58, 0x6f, 0x7f, 0x90, 0xa3, 0xab, 0xaf, 0xb0, 0xb6, 0xbc, 0xc1, 0xd4,
              0xef,
            ]) + random.below(3)
          : byte(),
      );
      modrm();
    } else if (kind < 95) put(0xe8, random.below(64), 0, 0, 0);
    else if (kind < 97) put(0xb8 | random.below(8), byte(), byte(), byte(), byte());
    else put(0xeb, random.below(40));
  }
  return bytes.subarray(0, BODY_BYTES);
}

function load(core: TestCore, seed: number, kind: Kind, frame: Uint8Array): void {
  const random = new Random(seed);
  const narrow = kind === '16' || kind === 'Real';
  const last = (narrow ? 0x1_0000n : AREA_END - BODY_AREA) - BigInt(BODY_BYTES);
  const body = (kind === 'Real' ? REAL_BODY : BODY_AREA) + [...PLACES, last][random.below(3)];
  core.load(PROGRAM_BASE, frame);
  core.load(MODE, Uint8Array.of(32));
  // Whatever leaves the body of 16-bit code comes back by an exception.
  if (narrow) core.load(kind === 'Real' ? REAL_BODY : BODY_AREA, new Uint8Array(0x1_0000).fill(INT3));
  core.load(body, randomBody(random, kind));
  const words = new Uint32Array(6);
  words[0] = Number(body);
  words[1] = BODY_BYTES - 1;
  words[2] = random.below(512) * 2 + 1;
  // A pointer into the body: stores through EDI change code.
  words[4] = Number(body) + 512;
  core.load(PARAMETERS, new Uint8Array(words.buffer));
}

/** Everything that instructions see: registers, lazy flags, segments, XMM, and the system state from 0x800 on. */
function state(core: TestCore): string {
  const base = core.exports.stateOf(0);
  const bytes = (from: number, to: number) =>
    Buffer.from(core.memory.buffer.slice(base + from, base + to) as ArrayBuffer);
  return [bytes(0x008, 0x200), bytes(0x800, 0xb40)]
    .map((part) => part.toString('hex').replace(/(.{16})/g, '$1\n'))
    .join('\n');
}

/** Runs the programs of these seeds on the interpreter and with tier 1. Returns the share of instructions that tier 1 retired. */
export async function compareHostile(seeds: readonly number[]): Promise<number> {
  const frames = unpack<Record<string, string>>('hostile');
  const options = { icount: 3, stepMs: AUTO_STEP_MS };
  const plain = await createX86Core({ tier: 'interp', ...options });
  const compiled = await createX86Core({ tier: 'auto', ...options });
  let jit = 0;
  let all = 0;
  for (const seed of seeds) {
    const kind = KINDS[seed % KINDS.length];
    const frame = Buffer.from(frames[`frame${kind}`], 'hex');
    const ends = [plain, compiled].map((core) => {
      core.reset();
      loadFirmware(core);
      load(core, seed, kind, frame);
      const run = core.run({ pc: RESET_VECTOR, maxInstructions: INSTRUCTIONS });
      return { ...run, pc: core.pc(), state: state(core) };
    });
    expect(ends[1], `seed ${seed}`).toEqual(ends[0]);
    // It has begun: it is in the body, or has met an exception there.
    const exceptions = plain.readU64(PARAMETERS + 8n) >> 32n;
    const inside = plain.pc() >= BODY_AREA && plain.pc() < AREA_END;
    expect(inside || exceptions > 0n, `seed ${seed} begins`).toBe(true);
    expect(plain.ram().equals(compiled.ram()), `memory of seed ${seed}`).toBe(true);
    jit += compiled.counter(COUNTER_JIT_INSTRUCTIONS);
    all += compiled.counter(COUNTER_INSTRUCTIONS);
  }
  return jit / all;
}

/** Runs the programs of these seeds with both tiers compared at each region (tier check). */
export async function checkHostile(seeds: readonly number[]): Promise<void> {
  const frames = unpack<Record<string, string>>('hostile');
  const core = await createX86Core({ tier: 'check', icount: 3, stepMs: AUTO_STEP_MS });
  for (const seed of seeds) {
    const kind = KINDS[seed % KINDS.length];
    core.reset();
    loadFirmware(core);
    load(core, seed, kind, Buffer.from(frames[`frame${kind}`], 'hex'));
    const { reason } = core.run({ pc: RESET_VECTOR, maxInstructions: INSTRUCTIONS });
    expect(reason, `seed ${seed}`).not.toBe('difference');
  }
}
