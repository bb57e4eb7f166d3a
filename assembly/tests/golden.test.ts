/**
 * Golden text of emitted Wasm, with its operations and bytes per guest instruction: assembly/tests/golden/<name>.wat. UPDATE_GOLDEN=1 rewrites
 * the files; a missing one fails.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COUNTER_INSTRUCTIONS, COUNTER_JIT_INSTRUCTIONS } from '../../src/memory/layout.gen.ts';
import { EXITS, ICOUNT_EXITS, SNIPPETS } from './golden/snippets.ts';
import { createTestCore, type TestTier } from './harness.ts';
import { assemble } from './riscv/program.ts';
import { wasmText } from '../../src/worker/wasm-text.ts';

const BASE = 0x8000_0000n;
const FOLDER = new URL('./golden/', import.meta.url);

/**
 * Loads the program into a core of this tier and runs it to its end, which has to come soon. -icount's shift is off by default.
 */
async function finished(source: string, tier: TestTier, icount?: number) {
  const core = await createTestCore({ tier, icount });
  core.reset();
  const program = assemble(BASE, source);
  core.load(BASE, program.bytes);
  expect(core.run({ pc: BASE, maxInstructions: 100_000 }).reason).toBe('wfi');
  return { core, program };
}

/** The graph's part of a region's text: without loading registers before it, storing them and chaining after it. */
function graphPart(text: string): string {
  return text.slice(text.indexOf('\nblock') + 1, text.indexOf('\nend') + 4);
}

/** Compares the text of the region with its golden file. */
async function compare(name: string, source: string, part: (text: string) => string, icount?: number) {
  const { core, program } = await finished(source, 'interp', icount);
  const { module, instructions } = core.emit(program.at('region'));
  expect(() => new WebAssembly.Module(new Uint8Array(module))).not.toThrow();
  const [{ text, operations, bytes }] = wasmText(module);
  const per = (count: number) => (count / instructions).toFixed(1);
  const actual = [
    ...source
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line) => `;; ${line}`),
    `;; ${instructions} guest instructions: ${operations} operations, ${bytes} bytes; each ${per(operations)} and ${per(bytes)}`,
    // The place of a helper in the core's table changes with each new helper of any guest.
    part(text).replace(/i32\.const \d+(?=\s+call_indirect type 3)/g, 'i32.const helper'),
    '',
  ].join('\n');
  const file = new URL(`${name}.wat`, FOLDER);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, actual);
  }
  expect(existsSync(file), `${name}.wat is missing: UPDATE_GOLDEN=1 writes it`).toBe(true);
  expect(actual).toBe(readFileSync(file, 'utf8'));
}

/** The text is worth keeping only if what it says is right. */
async function endsTheSame(source: string, icount?: number) {
  const ends = [];
  for (const tier of ['interp', 'eager'] as const) {
    const { core } = await finished(source, tier, icount);
    const registers = Array.from({ length: 32 }, (_, i) => [core.x(i), core.f(i)]);
    ends.push({ registers, pc: core.pc(), instructions: core.counter(COUNTER_INSTRUCTIONS) });
    if (tier === 'eager') expect(core.counter(COUNTER_JIT_INSTRUCTIONS)).toBeGreaterThan(0);
  }
  expect(ends[1]).toEqual(ends[0]);
}

describe('emitted Wasm', () => {
  it.each(Object.entries(SNIPPETS))('%s', (name, source) => compare(name, source, (text) => text));
});

describe('emitted exits', () => {
  it.each(Object.entries(EXITS))('%s', (name, source) => compare(name, source, graphPart));
  it.each(Object.entries(ICOUNT_EXITS))('%s', (name, source) => compare(name, source, graphPart, 3));
});

describe('both tiers end the same', () => {
  it.each(Object.entries({ ...SNIPPETS, ...EXITS }))('%s', (_, source) => endsTheSame(source));
  it.each(Object.entries(ICOUNT_EXITS))('%s', (_, source) => endsTheSame(source, 3));
});

it('has no golden file without a program', () => {
  const names = Object.keys({ ...SNIPPETS, ...EXITS, ...ICOUNT_EXITS }).map((name) => `${name}.wat`);
  expect(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith('.wat'))
      .sort(),
  ).toEqual(names.sort());
});
