/**
 * Packed floating-point arithmetic runs in tier 1 without a helper where it rounds to nearest, and nothing is unmasked or inexact for the first time; with the helper
 * elsewhere. A helper that may raise names its operation before it runs. The program is fixtures/packed.s, assembled; what its
 * instructions compute is sse.test.ts's matter.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COUNTER_INSTRUCTIONS, COUNTER_JIT_INSTRUCTIONS } from '../../../src/memory/layout.gen.ts';
import { AUTO_STEP_MS } from '../harness.ts';
import { createX86Core, RESET_VECTOR } from './machine.ts';

const PROGRAM =
  'fa31c08ed80f20e00d00020f22e08cc88ec0260f100e7400260f10168400260f10269400260f102ea4000f28c20f28dd0fae1600060f59c10f58c2660f59dc660f58dd0f28' +
  'f00f5cf10f5ef20f51f60f5ff1f20fd0f2f20f7cf2f30f5bfe0f5bff660f3a08fe020fc2fa01660f5afb0f5af8ebc10000003f0000003f0000003f0000003f0000803f0000' +
  '803f0000803f0000803f000000000000e03f000000000000e03f000000000000f03f000000000000f03f';
const IMAGE = 0xf_0000n;
/** Far jump to the image. */
const RESET_CODE = Uint8Array.of(0xea, 0x00, 0x00, 0x00, 0xf0);
const MXCSR = 0x600n;
/** STATE_STATUS_OP of assembly/vcpu/state.ts. */
const STATUS_OP = 0x2bc;

/** Operations of the IR in the order of their numbers. */
const OPERATIONS = readFileSync(new URL('../../ir/ops.def', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.includes('|') && !line.startsWith('#'))
  .map((line) => line.split('|')[0]?.trim());

/** What of the loop's operations called a helper, the last one of them; none if all are inline. */
async function helperInLoop(mxcsr: number): Promise<string | undefined> {
  const core = await createX86Core({ tier: 'jit', stepMs: AUTO_STEP_MS });
  core.load(IMAGE, Buffer.from(PROGRAM, 'hex'));
  core.load(RESET_VECTOR, RESET_CODE);
  core.load(MXCSR, Uint8Array.of(mxcsr & 0xff, mxcsr >> 8, 0, 0));
  core.run({ pc: RESET_VECTOR, maxInstructions: 10_000 });
  const view = new DataView(core.memory.buffer);
  const named = core.exports.stateOf(0) + STATUS_OP;
  view.setUint32(named, 0, true);
  const interpreted = () => core.counter(COUNTER_INSTRUCTIONS) - core.counter(COUNTER_JIT_INSTRUCTIONS);
  const before = interpreted();
  core.resume({ maxInstructions: 10_000 });
  expect(interpreted() - before).toBeLessThan(500);
  const operation = view.getUint32(named, true);
  return operation === 0 ? undefined : OPERATIONS[view.getUint16(operation, true)];
}

/** REGION_BYTES_MAX of assembly/scratch.ts. */
const REGION_BYTES_MAX = 0x80000;
/** Real mode with SSE on, then DPPS of memory as often as a region takes instructions, and back. */
const LARGEST = (() => {
  const begin = Buffer.from('fa31c08ed80f20e00d00020f22e0', 'hex');
  const dpps = Buffer.from('660f3a40060007ff', 'hex');
  const loop = Buffer.concat(Array.from({ length: 319 }, () => dpps));
  const back = Buffer.from([0xe9, 0, 0]);
  back.writeInt16LE(-loop.length - back.length, 1);
  return { bytes: Buffer.concat([begin, loop, back]), loop: IMAGE + BigInt(begin.length) };
})();

describe('packed arithmetic in tier 1', () => {
  it('takes no more room than the compiler has for a region', async () => {
    const core = await createX86Core({ tier: 'interp', stepMs: AUTO_STEP_MS });
    core.load(IMAGE, LARGEST.bytes);
    core.load(RESET_VECTOR, RESET_CODE);
    core.run({ pc: RESET_VECTOR, maxInstructions: 20_000 });
    const { module, instructions } = core.emit(LARGEST.loop);
    expect(instructions).toBe(320);
    expect(module.length).toBeLessThan(REGION_BYTES_MAX);
    expect(() => new WebAssembly.Module(module.slice())).not.toThrow();
  });

  it.each([
    ['to nearest, inexact before', 0x1fa0],
    ['the same with DAZ and FTZ', 0x9fe0],
  ])('needs no helper: %s', async (_, mxcsr) => {
    expect(await helperInLoop(mxcsr)).toBeUndefined();
  });

  it.each([
    ['rounding down', 0x3fa0],
    ['overflow unmasked', 0x1ba0],
  ])('calls one: %s', async (_, mxcsr) => {
    expect(await helperInLoop(mxcsr)).toBe('callfv');
  });
});
