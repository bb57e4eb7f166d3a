// x87: normal numbers at the places where quick arithmetic could go wrong: ties, carries out of the last place, sums whose operands lie far apart,
// cancellation, zeros, results at the ends of the formats.
import { group, NOTE } from './groups-x87.mjs';
import { Random } from './operands.mjs';
import { BIAS, INTEGER_BIT, make, masked } from './operands-x87.mjs';
import { buffer, Program } from './program.mjs';

/** To nearest with 64 bits mostly, or with 53 bits, as BSD and Windows have it, and in every other way. */
const usual = (random) => (random.below(8) ? 0x37fn : masked(random));
const rounds = (random) => (random.below(2) ? 0x27fn : masked(random));
const COLUMNS = [
  ['p', 10],
  ['q', 10],
  ['w', 4],
  ['i', 8],
  ['f', 8],
];
const SIGNIFICANDS = [
  INTEGER_BIT,
  INTEGER_BIT + 1n,
  INTEGER_BIT + 2n,
  (1n << 64n) - 1n,
  (1n << 64n) - 2n,
  0xc000000000000000n,
  0xfffffffffffff800n,
  0x8000000000000400n,
  0xaaaaaaaaaaaaaaaan,
];
const DISTANCES = [0, 1, 2, 10, 31, 32, 33, 62, 63, 64, 65, 66, 67, 90, 127, 128, 129, 200];
/** Exponents whose sums, differences and halves are near the ends. */
const EXPONENTS = [1, 2, 63, 64, 65, BIAS >> 1, BIAS - 1, BIAS, BIAS + 1, BIAS + (BIAS >> 1), 0x7ffd, 0x7ffe];

/** All pairs of significands at all distances, once each with signs and order by chance. */
function pairs(random, control) {
  const rows = [];
  const row = (p, q) => {
    const [a, b] = random.below(2) ? [p, q] : [q, p];
    rows.push([a, b, control(random), random.word(), BigInt(random.below(2) ? 0xd5 : 0)]);
  };
  for (const distance of DISTANCES)
    for (const a of SIGNIFICANDS)
      for (const b of SIGNIFICANDS) {
        const exponent = BIAS - 300 + random.below(600);
        row(make(exponent, a, random.below(2)), make(exponent - distance, b, random.below(2)));
      }
  for (const a of EXPONENTS)
    for (const b of EXPONENTS)
      row(
        make(a, random.pick(SIGNIFICANDS), random.below(2)),
        make(b, random.pick(SIGNIFICANDS), random.below(2)),
      );
  for (const a of [0n, ...SIGNIFICANDS]) {
    row(make(0, 0n, 0), make(a ? BIAS + 7 : 0, a, random.below(2)));
    row(make(0, 0n, 1), make(a ? BIAS - 7 : 0, a, random.below(2)));
  }
  // Neighbours: differences of a few units in the last place, behind which more bits stand.
  for (let n = 0; n < 300; n += 1) {
    const a = random.word() | INTEGER_BIT;
    const b = BigInt.asUintN(64, a + BigInt(random.below(5)) - 2n) | INTEGER_BIT;
    row(make(BIAS + random.below(2), a, 0), make(BIAS + random.below(2), b, random.below(2)));
  }
  return rows;
}

/** Values whose bits behind the last place of a double, of a single or of an integer are at, above or below half of it. */
function stored(random, control) {
  const rows = [];
  const row = (value) => rows.push([value, value, control(random), random.word(), 0n]);
  for (const places of [11n, 40n])
    for (const rest of [0n, 1n, (1n << (places - 1n)) - 1n, 1n << (places - 1n), (1n << (places - 1n)) + 1n])
      for (const last of [0n, 1n])
        for (const high of [INTEGER_BIT, ((1n << 63n) - 1n) << 1n])
          for (const exponent of [-1023, -1022, -127, -126, 0, 126, 127, 128, 1022, 1023, 1024]) {
            const kept = (high >> (places + 1n)) << (places + 1n);
            row(make(BIAS + exponent, kept | (last << places) | rest, random.below(2)));
          }
  for (const exponent of [-65, -64, -63, -62, -2, -1, 0, 1, 12, 13, 14, 15, 28, 29, 30, 31, 60, 61, 62, 63])
    for (const significand of [...SIGNIFICANDS, 0xe000000000000000n, 0xbfffffffffffffffn])
      row(make(BIAS + exponent, significand, random.below(2)));
  for (let n = 0; n < 200; n += 1)
    row(make(BIAS + random.below(66) - 2, random.word() | INTEGER_BIT, random.below(2)));
  return rows;
}

export const x87Edges = (bits) => edges('x87-edges', bits, usual, 271);
export const x87Rounds = (bits) => edges('x87-rounds', bits, rounds, 281);

function edges(name, bits, control, seed) {
  const program = new Program(`${name}${bits}`, bits, NOTE);
  program.table('pairs', COLUMNS, pairs(new Random(seed), control));
  program.table('stored', COLUMNS, stored(new Random(seed + 1), control));
  const section = group(program);
  for (const op of ['fadd', 'fsub', 'fsubr', 'fmul', 'fdiv', 'fdivr'])
    section(`${op} st, st(1)`, { table: 'pairs' });
  for (const op of ['fsqrt', 'frndint']) section(op, { table: op === 'fsqrt' ? 'pairs' : 'stored' });
  section('fcomi st, st(1)', { table: 'pairs', out: ['flags'] });
  section('fcom st(1)', { table: 'pairs' });
  const output = { table: 'stored', out: ['m0:12'], more: [['m0:8', 'i']] };
  for (const [op, size] of [
    ['fst', 'dword'],
    ['fst', 'qword'],
    ['fist', 'word'],
    ['fist', 'dword'],
    ['fistp', 'qword'],
    ['fisttp', 'word'],
    ['fisttp', 'dword'],
    ['fisttp', 'qword'],
  ])
    section(`${op} ${size} ptr ${buffer()}`, { ...output, title: `${op} ${size}` });
  // An operand that was a double: what the number in memory is made of.
  for (const op of ['fadd', 'fsubr', 'fmul', 'fdivr'])
    section(`fst qword ptr ${buffer()}\n${op} qword ptr ${buffer()}`, {
      ...output,
      title: `${op} [m64] of the number itself`,
    });
  return program;
}
