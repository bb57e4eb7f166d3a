#!/usr/bin/env node
/**
 * Records what IEEE 754 hardware gives, as fixtures for assembly/fpu: `node scripts/gen-fpu-fixtures.mjs`.
 *
 * Operands are made here, reproducibly; assembly/fpu/tests/generate.c runs them on this machine's CPU
 * (x86-64: SSE2, FMA and AVX-512 as far as it has them) and, built for riscv64, under qemu-riscv64. Where
 * both have an answer they must agree. Needs gcc, riscv64-linux-gnu-gcc and qemu-riscv64 (Debian: gcc,
 * gcc-riscv64-linux-gnu with libc6-dev-riscv64-cross, qemu-user).
 *
 * A fixture file is gzip over a run of entries: u32 length of a JSON header, the header, then columns, each a
 * value per case, split into byte planes (all lowest bytes first): the operands; then per mode the result
 * (after the first mode as the difference from the mode before, modulo 2^width) and a byte of flags.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import {
  below,
  F64,
  F32,
  I64,
  I32,
  signOf,
  infinityOf,
  encodesNaN,
  specials,
  integerLimits,
  randomAt,
  anyExponent,
  flip,
  randomAddends,
  randomFactors,
  randomQuotient,
  randomFused,
  randomBits,
  repeat,
  pairs,
  triples,
  integers,
  square,
  narrowingLimits,
  narrowing,
} from './lib/fpu-operands.mjs';

const folder = fileURLToPath(new URL('../assembly/fpu/tests/', import.meta.url));
const UNAVAILABLE = 0xffffffffffffffffn;
const [NX, NV] = [1, 16];

// --- Operations ---

const RANDOM = 2400;
const ALL_MODES = [0, 1, 2, 3, 4];

/** Name, operand formats, result format, argument list of the exported function, operand tuples. */
function operations() {
  const list = [];
  const add = (group, name, operands, result, parameters, cases, more = {}) =>
    list.push({
      group,
      name,
      operands,
      result,
      parameters,
      cases,
      modes: parameters.includes('rm') ? ALL_MODES : [0],
      ...more,
    });
  for (const [prefix, f] of [
    ['f64', F64],
    ['f32', F32],
  ]) {
    const group = `${prefix}-arith`;
    const all = specials(f);
    const binary = (random) => [
      ...pairs(all),
      ...repeat(RANDOM, () => random(f)),
      ...repeat(100, () => [randomBits(f), randomBits(f)]),
    ];
    const two = ['a', 'b', 'rm', 'flags'];
    add(group, `${prefix}Add`, [f, f], f, two, binary(randomAddends));
    add(group, `${prefix}Sub`, [f, f], f, two, binary(randomAddends));
    add(group, `${prefix}Mul`, [f, f], f, two, binary(randomFactors));
    add(group, `${prefix}Div`, [f, f], f, two, binary(randomQuotient));
    const roots = repeat(RANDOM, () => [randomAt(f, anyExponent(f)) & ~signOf(f)]);
    add(
      group,
      `${prefix}Sqrt`,
      [f],
      f,
      ['a', 'rm', 'flags'],
      [...all.map((a) => [a]), ...roots, ...repeat(300, () => [square(f)])],
    );
    add(
      group,
      `${prefix}Fma`,
      [f, f, f],
      f,
      ['a', 'b', 'c', 'rm', 'flags'],
      [...triples(f), ...repeat(RANDOM, () => randomFused(f))],
    );

    const close = repeat(300, () => {
      const a = randomBits(f);
      return [a, flip(f, a + BigInt(below(3) - 1), a) & ((1n << BigInt(f.width)) - 1n)];
    });
    for (const name of ['Eq', 'Lt', 'Le', 'LtQuiet', 'LeQuiet'])
      add('compare', prefix + name, [f, f], I32, ['a', 'b', 'flags'], [...pairs(all), ...close]);
    for (const name of ['Min', 'Max'])
      add('compare', prefix + name, [f, f], f, ['a', 'b', 'flags'], [...pairs(all), ...close]);
    add(
      'compare',
      `${prefix}Classify`,
      [f],
      I32,
      ['a'],
      [...all, ...repeat(200, () => randomBits(f))].map((a) => [a]),
    );

    const values = [
      ...all,
      ...integerLimits(f),
      ...repeat(800, () => randomAt(f, below(70) - 3)),
      ...repeat(100, () => randomBits(f)),
    ];
    const one = values.map((a) => [a]);
    for (const [suffix, i] of [
      ['I32', I32],
      ['U32', I32],
      ['I64', I64],
      ['U64', I64],
    ])
      add('convert', `${prefix}To${suffix}`, [f], i, ['a', 'rm', 'flags', 'invalid'], one);
    for (const [suffix, i] of [
      ['i32', I32],
      ['u32', I32],
      ['i64', I64],
      ['u64', I64],
    ]) {
      const exact = i === I32 && f === F64;
      add(
        'convert',
        `${suffix}To${prefix.toUpperCase()}`,
        [i],
        f,
        exact ? ['a'] : ['a', 'rm', 'flags'],
        integers(i).map((a) => [a]),
      );
    }
    add('convert', `${prefix}RoundToIntegral`, [f], f, ['a', 'rm', 'exact', 'flags'], one, {
      exact: 1,
      run: `${prefix}RoundToIntegralExact`,
    });
    add('convert', `${prefix}RoundToIntegral`, [f], f, ['a', 'rm', 'exact', 'flags'], one, {
      exact: 0,
      inexactOf: `${prefix}RoundToIntegralExact`,
    });
  }
  add(
    'convert',
    'f32ToF64',
    [F32],
    F64,
    ['a', 'rm', 'flags'],
    [...specials(F32), ...repeat(500, () => randomBits(F32))].map((a) => [a]),
  );
  add(
    'convert',
    'f64ToF32',
    [F64],
    F32,
    ['a', 'rm', 'flags'],
    [...specials(F64), ...narrowingLimits(), ...repeat(RANDOM, narrowing)].map((a) => [a]),
  );
  return list;
}

// --- Running them ---

const work = mkdtempSync(join(tmpdir(), 'fpu-fixtures-'));
const source = join(folder, 'generate.c');
const native = join(work, 'native');
const riscv = join(work, 'riscv');

/** Results and flags per case and mode, or null where the machine lacks the operation. */
function runOn(command, name, cases) {
  const input = Buffer.alloc(cases.length * 24);
  cases.forEach((operands, i) => {
    operands.forEach((value, k) => {
      input.writeBigUInt64LE(value, i * 24 + k * 8);
    });
  });
  const [program, ...before] = command;
  const { status, stdout, error } = spawnSync(program, [...before, name], { input, maxBuffer: 1 << 28 });
  if (status === 3) return null;
  if (error) throw error;
  if (status !== 0 || stdout.length !== cases.length * 80)
    throw new Error(`${name}: ${program} failed with status ${status}`);
  const words = new BigUint64Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
  return (index, mode) => {
    const [result, flags] = words.subarray(index * 10 + mode * 2);
    return flags === UNAVAILABLE ? null : { result, flags: Number(flags) };
  };
}

const hex = (value) => `0x${value.toString(16)}`;

function canonical(f, value) {
  return f.float && encodesNaN(f, value) ? infinityOf(f) | (1n << BigInt(f.fraction - 1)) : value;
}

/** Infinity × 0 + quiet NaN: NV on RISC-V, not on x86 (IEEE 754-2019, 7.2 c allows both). */
function openFused(operation, operands) {
  if (!operation.name.endsWith('Fma') || !encodesNaN(operation.result, operands[2])) return false;
  const [a, b] = operands.map((value) => value & (signOf(operation.result) - 1n));
  const infinity = infinityOf(operation.result);
  return (a === infinity && b === 0n) || (a === 0n && b === infinity);
}

/** The answer both machines agree on, NaNs canonical; an invalid integer conversion has RISC-V's result. */
function agreed(operation, operands, mode, onX86, onRiscv) {
  const f = operation.result;
  let x = onX86 && { ...onX86, result: canonical(f, onX86.result) };
  let r = onRiscv && { ...onRiscv, result: canonical(f, onRiscv.result) };
  if (operation.inexactOf) r = r && { ...r, flags: r.flags & ~NX };
  if (!x || !r) {
    if (!x && !r) throw new Error(`${operation.name}: neither machine has mode ${mode}`);
    return x ?? r;
  }
  if (openFused(operation, operands)) x = { ...x, flags: x.flags | NV };
  const invalidInteger = !f.float && r.flags === NV && operation.parameters.includes('invalid');
  if (x.flags !== r.flags || (x.result !== r.result && !invalidInteger)) {
    throw new Error(
      `${operation.name}(${operands.map(hex).join(', ')}) rm ${mode}: x86 gives ${hex(x.result)} flags ${x.flags}, ` +
        `qemu-riscv64 ${hex(r.result)} flags ${r.flags}`,
    );
  }
  return r;
}

// --- Packing ---

function planes(values, width) {
  const bytes = Buffer.alloc((values.length * width) / 8);
  values.forEach((value, i) => {
    for (let k = 0; k < width / 8; k++)
      bytes[k * values.length + i] = Number((value >> BigInt(8 * k)) & 0xffn);
  });
  return bytes;
}

/** One entry; `answer(index, mode)` gives a result with its flags. */
function entry(operation, policy, cases, modes, answer) {
  const { name, parameters, exact } = operation;
  const header = {
    name,
    policy,
    parameters,
    exact,
    operands: operation.operands.map((f) => f.width),
    result: operation.result.width,
    modes,
    count: cases.length,
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const parts = [length, json];
  operation.operands.forEach((f, k) => {
    parts.push(
      planes(
        cases.map((operands) => operands[k]),
        f.width,
      ),
    );
  });
  let previous = cases.map(() => 0n);
  for (const mode of modes) {
    const answers = cases.map((_, i) => answer(i, mode));
    const results = answers.map(({ result }) => result);
    parts.push(
      planes(
        results.map((value, i) => BigInt.asUintN(header.result, value - previous[i])),
        header.result,
      ),
    );
    parts.push(Buffer.from(answers.map(({ flags }) => flags)));
    previous = results;
  }
  return { bytes: Buffer.concat(parts), count: cases.length * modes.length };
}

/** Operations whose NaN or invalid results x86 chooses differently; the cases are those where it does. */
function x86Entry(operation, cases, x86) {
  const { result: f, parameters } = operation;
  if (!x86 || !parameters.includes('rm')) return null;
  const differing = cases.filter((_, i) => {
    const { result, flags } = x86(i, 0);
    return f.float ? encodesNaN(f, result) : (flags & NV) !== 0;
  });
  if (differing.length === 0) return null;
  const again = runOn([native], operation.run ?? operation.name, differing);
  return entry(operation, 'x86', differing, [0, 1, 2, 3], again);
}

try {
  execFileSync('gcc', ['-O1', '-o', native, source], { stdio: 'inherit' });
  execFileSync('riscv64-linux-gnu-gcc', ['-O1', '-static', '-o', riscv, source], { stdio: 'inherit' });
  const fixtures = join(folder, 'fixtures');
  mkdirSync(fixtures, { recursive: true });
  const groups = new Map();
  let total = 0;
  for (const operation of operations()) {
    const seen = new Set();
    const cases = operation.cases.filter((operands) => {
      const key = operands.join();
      return !seen.has(key) && seen.add(key);
    });
    const onX86 = runOn([native], operation.run ?? operation.name, cases);
    const onRiscv = runOn(
      ['qemu-riscv64', riscv],
      operation.run ?? operation.inexactOf ?? operation.name,
      cases,
    );
    const supported = onRiscv !== null || operation.name.endsWith('Quiet');
    if (!supported) throw new Error(`${operation.name}: qemu-riscv64 lacks it`);
    const answer = (i, mode) => agreed(operation, cases[i], mode, onX86?.(i, mode), onRiscv?.(i, mode));
    const entries = [
      entry(operation, 'riscv', cases, operation.modes, answer),
      x86Entry(operation, cases, onX86),
    ].filter(Boolean);
    groups.set(operation.group, [
      ...(groups.get(operation.group) ?? []),
      ...entries.map(({ bytes }) => bytes),
    ]);
    total += entries.reduce((sum, { count }) => sum + count, 0);
    console.log(
      `${operation.name}: ${cases.length} operand tuples${onX86 ? '' : ', no x86 answer'}${onRiscv ? '' : ', no riscv answer'}`,
    );
  }
  for (const [group, entries] of groups) {
    const path = join(fixtures, `${group}.bin.gz`);
    writeFileSync(path, gzipSync(Buffer.concat(entries), { level: 9 }));
    console.log(`${path}: ${statSync(path).size} bytes`);
  }
  console.log(`${total} cases`);
} finally {
  rmSync(work, { recursive: true });
}
