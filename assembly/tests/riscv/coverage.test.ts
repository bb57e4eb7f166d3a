/**
 * No instruction falls out of tier 1 unnoticed: each one of the decode tables runs in a loop of its own, and all but nothing of that may be left to
 * tier 0. An instruction added to a table is in the test from then on.
 */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { operandNames, readTables } from '../../../scripts/lib/riscv-decode.mjs';
import {
  COUNTER_INSTRUCTIONS,
  COUNTER_JIT_INSTRUCTIONS,
  COUNTER_REGION_REFUSED,
} from '../../../src/memory/layout.gen.ts';
import { createTestCore } from '../harness.ts';
import { assemble } from './program.ts';

const BASE = 0x8000_0000n;
const DATA = 0x8020_0000n;
const TURNS = 60;
/** Far more than what the loops of one instruction are of the whole. */
const SHARE_FLOOR = 0.999;

/** What a loop cannot go on after: traps, returns from them, and the wait for an interrupt. */
const SYSTEM = new Set(['ecall', 'ebreak', 'c.ebreak', 'mret', 'sret', 'wfi']);
/** Jumps to the address in s0. */
const INDIRECT = new Set(['jalr', 'c.jr', 'c.jalr']);

const tables = readTables(fileURLToPath(new URL('../../guest/riscv', import.meta.url)));
type Pattern = (typeof tables.wide)[number] & { half: boolean };
const patterns: Pattern[] = [
  ...tables.wide.map((pattern) => ({ ...pattern, half: false })),
  ...tables.compressed.map((pattern) => ({ ...pattern, half: true })),
].filter(({ name }) => !SYSTEM.has(name));

/** Operands: s0 points at data, s1 is 3, a0 takes results; jumps lead to the next instruction. */
function operandValue(name: string, half: boolean): number {
  const values: Record<string, number> = {
    ...{ rd: 10, rs1: 8, rs2: 9, crd: 10, crs1: 8, crs2: 9, crd3: 9, crs13: 8 },
    ...{ branch: 4, jump: 4, cj: 2, cb: 2, csr: 0x340, pred: 15, succ: 15 },
    ...{ caddi4: 16, caddi16: 16, cupper: 1, cshift: 1, shift: 1, shiftw: 1, uimm: 1 },
  };
  return values[name] ?? (half ? 8 : 0) * Number(/^c?f[ds]/.test(name));
}

function encode({ value, operands, half }: Pattern): number {
  let word = value;
  for (const name of operandNames(operands)) {
    const field = tables.fields.get(name);
    if (!field) continue; // A register that the instruction itself names.
    const bits = operandValue(name, half) - field.add;
    for (const { high, low, to } of field.ranges) word |= ((bits >> to) & (2 ** (high - low + 1) - 1)) << low;
  }
  return word >>> 0;
}

function program(list: readonly Pattern[]): string {
  const loops = list.map(
    (pattern, i) => `
    li s3, ${TURNS}
  again${i}: ${INDIRECT.has(pattern.name) ? `la s0, next${i}` : 'mv s0, s2'}
    li s1, 3
    ${pattern.half ? '.half' : '.word'} ${encode(pattern)}
  next${i}: addi s3, s3, -1
    bnez s3, again${i}`,
  );
  return `
    la t0, trap
    csrw mtvec, t0
    li t0, 0x6000
    csrs mstatus, t0
    li s2, ${DATA}
    mv sp, s2
    ${loops.join('')}
    li s11, 1
  stop: wfi
    j stop
    .balign 4
  trap: csrr s10, mepc
    j stop`;
}

/** Those of the list that tier 1 did not run, found by halving it. */
async function leftOut(list: readonly Pattern[]): Promise<string[]> {
  const core = await createTestCore({ tier: 'jit' });
  core.reset();
  core.load(BASE, assemble(BASE, program(list)).bytes);
  const { reason } = core.run({ pc: BASE, maxInstructions: 10_000_000 });
  const done = reason === 'wfi' && core.x(27) === 1n;
  const share = core.counter(COUNTER_JIT_INSTRUCTIONS) / core.counter(COUNTER_INSTRUCTIONS);
  if (done && share > SHARE_FLOOR && core.counter(COUNTER_REGION_REFUSED) === 0) return [];
  if (list.length === 1)
    return [`${list[0]!.name}: ${(100 * share).toFixed(1)} % in tier 1${done ? '' : ', trapped'}`];
  const middle = list.length >> 1;
  return [...(await leftOut(list.slice(0, middle))), ...(await leftOut(list.slice(middle)))];
}

it('every instruction but those that trap, return from a trap or wait runs in tier 1', async () => {
  expect(patterns.length).toBeGreaterThan(200);
  expect(await leftOut(patterns)).toEqual([]);
}, 120_000);
