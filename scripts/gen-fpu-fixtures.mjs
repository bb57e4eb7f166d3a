#!/usr/bin/env node
/**
 * Records what IEEE 754 hardware gives, as fixtures for assembly/fpu: `node scripts/gen-fpu-fixtures.mjs`.
 *
 * Operands are made here, reproducibly; assembly/fpu/tests/generate.c runs them on this machine's CPU (x86-64: SSE2,
 * FMA and AVX-512 as far as it has them) and, built for riscv64, under qemu-riscv64. Where both have an answer they must
 * agree. Needs gcc, riscv64-linux-gnu-gcc and qemu-riscv64 (Debian: gcc, gcc-riscv64-linux-gnu with
 * libc6-dev-riscv64-cross, qemu-user).
 *
 * A fixture file is gzip over a run of entries: u32 length of a JSON header, the header, then columns, each a value
 * per case, split into byte planes (all lowest bytes first): the operands; then per mode the result (after the first
 * mode as the difference from the mode before, modulo 2^width) and a byte of flags.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../assembly/fpu/tests/', import.meta.url));
const UNAVAILABLE = 0xffffffffffffffffn;
const [NX, NV] = [1, 16];

// --- Operands --------------------------------------------------------------------------------------------------------

let state = 0x5eed5eed12345678n;
function random64() {
  state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
  return z ^ (z >> 31n);
}
const below = (n) => Number(random64() % BigInt(n));
const pick = (list) => list[below(list.length)];

/** The formats: width, fraction bits, exponent bias. */
const F64 = { width: 64, fraction: 52, bias: 1023, float: true };
const F32 = { width: 32, fraction: 23, bias: 127, float: true };
const I64 = { width: 64, float: false };
const I32 = { width: 32, float: false };

const signOf = (f) => 1n << BigInt(f.width - 1);
const maskOf = (f) => (1n << BigInt(f.fraction)) - 1n;
const infinityOf = (f) => (signOf(f) - 1n) & ~maskOf(f);
const encode = (f, sign, exponent, fraction) =>
  (sign ? signOf(f) : 0n) | (BigInt(exponent) << BigInt(f.fraction)) | (fraction & maskOf(f));
const power = (f, e) => encode(f, 0, e + f.bias, 0n);
const encodesNaN = (f, a) => (a & (signOf(f) - 1n)) > infinityOf(f);

function specials(f) {
  const one = power(f, 0);
  const infinity = infinityOf(f);
  const minNormal = 1n << BigInt(f.fraction);
  const positive = [
    0n,
    1n,
    2n,
    minNormal >> 1n,
    minNormal - 1n,
    minNormal,
    minNormal + 1n,
    minNormal << 1n,
    power(f, -f.bias + f.fraction),
    power(f, -1) - 1n,
    power(f, -1),
    power(f, -1) + 1n,
    one - 1n,
    one,
    one + 1n,
    one | (minNormal >> 1n),
    power(f, 1),
    power(f, 1) | (minNormal >> 1n),
    power(f, 31) - 1n,
    power(f, 31),
    power(f, 63),
    power(f, 64),
    power(f, f.fraction),
    power(f, f.fraction + 1) - 1n,
    power(f, f.fraction + 1) + 1n,
    infinity - (1n << BigInt(f.fraction)),
    infinity - 1n,
    infinity,
  ];
  const quiet = infinity | (minNormal >> 1n);
  return [
    ...positive,
    ...positive.map((a) => a | signOf(f)),
    quiet,
    quiet | signOf(f) | 5n,
    infinity | 1n,
    infinity | signOf(f) | 7n,
  ];
}

/** Values around which conversions to integers change. */
function integerLimits(f) {
  const list = [];
  for (const e of [7, 8, 15, 16, 30, 31, 32, 33, 52, 53, 62, 63, 64, 65, 23, 24, 25]) {
    for (let d = -3n; d <= 3n; d++) list.push(power(f, e) + d);
    // Halves, quarters and their neighbours next to 2^e, where the format has them.
    for (const under of [1, 2, 3]) {
      const bit = f.fraction - e - under + 1;
      for (const k of [1n, 2n, 3n])
        if (bit >= 0) list.push(power(f, e) + (k << BigInt(bit)), power(f, e) - (k << BigInt(bit)));
    }
  }
  for (const half of [0, 1, 2, 3, 4, 5, 6, 7, 100, 101]) {
    const numerator = BigInt(2 * half + 1);
    const top = numerator.toString(2).length - 1;
    const bits = encode(f, 0, top - 1 + f.bias, numerator << BigInt(f.fraction - top));
    list.push(bits - 1n, bits, bits + 1n);
  }
  return list.flatMap((a) => [a, a | signOf(f)]);
}

/** A fraction: random, or of few ones, or a run of ones, so that exact results and ties are common. */
function randomFraction(f) {
  const n = BigInt(f.fraction);
  const r = random64();
  switch (below(6)) {
    case 0:
    case 1:
      return r & maskOf(f);
    case 2:
      return (1n << BigInt(below(f.fraction))) | (1n << BigInt(below(f.fraction)));
    case 3:
      return maskOf(f) ^ ((1n << BigInt(below(f.fraction))) - 1n);
    case 4:
      return r & maskOf(f) & ~((1n << (n - BigInt(below(f.fraction >> 1)))) - 1n);
    default:
      return (1n << BigInt(below(f.fraction))) - 1n;
  }
}
function randomAt(f, exponent) {
  const clamped = Math.max(0, Math.min(2 * f.bias, exponent + f.bias));
  return encode(f, below(2), clamped, randomFraction(f));
}
const anyExponent = (f) => below(2 * f.bias + 1) - f.bias;
const exponentOf = (f, a) => Number((a & infinityOf(f)) >> BigInt(f.fraction)) - f.bias;
/** An exponent at which results overflow, underflow, become subnormal or are ordinary. */
function targetExponent(f) {
  const least = 1 - f.bias;
  return pick([
    below(40) - 20,
    least + below(4) - 2,
    least - below(f.fraction + 3),
    f.bias + below(3) - 1,
    least - f.fraction - below(4),
  ]);
}
const flip = (f, a, b) => (a & ~signOf(f)) | (below(2) ? b & signOf(f) : ~b & signOf(f));

function randomAddends(f) {
  const e = pick([anyExponent(f), 1 - f.bias + below(5), f.bias - below(3), below(8)]);
  const a = randomAt(f, e);
  switch (below(5)) {
    case 0:
      return [a, flip(f, a + BigInt(below(9) - 4), a)];
    case 1:
      return [a, randomAt(f, e - f.fraction - 2 + below(5))];
    case 2:
      return [a, randomAt(f, e + below(3) - 1)];
    default:
      return [a, randomAt(f, e - below(f.fraction + 6))];
  }
}
function randomFactors(f) {
  const e = pick([below(20) - 10, anyExponent(f)]);
  return [randomAt(f, e), randomAt(f, targetExponent(f) - e)];
}
function randomQuotient(f) {
  const e = pick([below(20) - 10, anyExponent(f)]);
  const divisor = randomAt(f, e);
  return [randomAt(f, targetExponent(f) + e), divisor];
}
/** Addends at, near and far from the product's magnitude, often cancelling it. */
function randomFused(f) {
  const [a, b] = randomFactors(f);
  const product = exponentOf(f, a) + exponentOf(f, b);
  const distance = pick([
    below(3) - 1,
    below(2 * f.fraction + 10) - f.fraction - 5,
    below(4 * f.fraction) - 2 * f.fraction,
  ]);
  return [a, b, randomAt(f, product + distance)];
}
function randomBits(f) {
  return random64() & ((1n << BigInt(f.width)) - 1n);
}

const repeat = (n, make) => Array.from({ length: n }, make);
const pairs = (list) => list.flatMap((a) => list.map((b) => [a, b]));
function triples(f) {
  const all = specials(f);
  const half = (all.length - 4) / 2;
  const chosen = [0, 1, 4, 5, 13, 14, 15, half - 2, half - 1].flatMap((i) => [all[i], all[i + half]]);
  const list = [...chosen.filter((_, i) => i !== 5 && i !== 9), ...all.slice(-4)];
  return list.flatMap((a) => pairs(list).map(([b, c]) => [a, b, c]));
}
function integers(i) {
  const list = [];
  for (let e = 0; e <= i.width; e++) {
    for (const d of [-2n, -1n, 0n, 1n, 2n]) list.push((1n << BigInt(e)) + d);
    for (const fraction of [23, 24, 25, 52, 53, 54])
      if (e >= fraction)
        list.push(
          (1n << BigInt(e)) + (1n << BigInt(e - fraction)),
          (1n << BigInt(e)) + (3n << BigInt(e - fraction)),
        );
  }
  list.push(...repeat(600, () => random64() >> BigInt(below(i.width) + 64 - i.width)));
  return list.flatMap((a) => [a, -a]).map((a) => BigInt.asUintN(i.width, a));
}

// --- Operations ------------------------------------------------------------------------------------------------------

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
    [...specials(F64), ...repeat(RANDOM, narrowing)].map((a) => [a]),
  );
  return list;
}

/** A value with an exact root, or next to one. */
function square(f) {
  const root = BigInt(below(1 << ((f.fraction + 1) >> 1))) + 1n;
  const value = root * root;
  const top = value.toString(2).length - 1;
  const bits = encode(
    f,
    0,
    f.bias + top + 2 * (below(20) - 10),
    (value << BigInt(f.fraction)) >> BigInt(top),
  );
  return bits + BigInt(below(3) - 1);
}
/** A binary64 value near a binary32 one, a midpoint, or where binary32 overflows or underflows. */
function narrowing() {
  const exponent = pick([below(20), targetExponent(F32), -127 - below(24)]);
  const a = randomAt(F64, exponent);
  const lost = BigInt(29 + Math.max(0, Math.min(23, -126 - exponent)));
  const cut = a & ~((1n << lost) - 1n);
  return pick([
    a,
    cut,
    cut + (1n << (lost - 1n)),
    cut + (1n << (lost - 1n)) + 1n,
    cut + (1n << (lost - 1n)) - 1n,
    cut | 1n,
    cut | ((1n << lost) - 1n),
  ]);
}

// --- Running them ----------------------------------------------------------------------------------------------------

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

// --- Packing ---------------------------------------------------------------------------------------------------------

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
