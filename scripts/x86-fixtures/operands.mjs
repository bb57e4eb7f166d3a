// Operand tables: edge values crossed with each other, then pseudo-random rows from a fixed seed.

/** splitmix64. */
export class Random {
  constructor(seed) {
    this.state = BigInt(seed);
  }

  next() {
    this.state = BigInt.asUintN(64, this.state + 0x9e3779b97f4a7c15n);
    let z = this.state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  below(bound) {
    return Number(this.next() % BigInt(bound));
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** A word whose bits come in runs, as masks, small and negative numbers do. */
  word() {
    switch (this.below(6)) {
      case 0:
        return this.next() >> BigInt(this.below(64));
      case 1:
        return BigInt.asUintN(64, -(this.next() >> BigInt(this.below(64))));
      case 2:
        return this.next() & this.next() & this.next();
      case 3:
        return this.pick(EDGES) ^ this.pick(EDGES);
      default:
        return this.next();
    }
  }
}

/** Ends of the ranges of all sizes, one above another so that each size sees them. */
export const EDGES = [
  0x0000000000000000n,
  0x0000000000000001n,
  0xffffffffffffffffn,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xfffffffffffffffen,
  0x000000007fffffffn,
  0x0000000080000000n,
  0x00000000ffffffffn,
  0xffffffff80000000n,
  0x0000000000007fffn,
  0x0000000000008000n,
  0x000000000000ffffn,
  0x000000000000007fn,
  0x0000000000000080n,
  0x00000000000000ffn,
  0x5555555555555555n,
  0x123456789abcdef0n,
  0x000000000000000fn,
  0x0000000000000010n,
];

/** OF SF ZF AF PF CF in all mixtures, DF clear. */
function flags(random) {
  const r = random.next();
  return BigInt((Number(r & 0xffn) & 0xd5) | (r & 0x100n ? 0x800 : 0));
}

export const width = (bits) => bits / 8;

/** Columns a b c (full width) and f (flags). `crossed` pairs of edges, then random rows up to `count`. */
export function integerTable(program, name, count, seed, { counts = false } = {}) {
  const random = new Random(seed);
  const size = width(program.bits);
  const rows = [];
  const third = () =>
    counts ? BigInt(random.below(random.below(3) ? 70 : 256)) | (random.next() << 8n) : random.word();
  if (counts) {
    for (const a of EDGES)
      for (const c of [0n, 1n, 2n, 7n, 8n, 9n, 15n, 16n, 17n, 18n, 31n, 32n, 33n, 63n, 64n, 65n])
        rows.push([a, random.word(), c | (BigInt(random.below(4)) << 6n), flags(random)]);
  } else {
    for (const a of EDGES) for (const b of EDGES) rows.push([a, b, third(), flags(random)]);
  }
  while (rows.length < count) rows.push([random.word(), random.word(), third(), flags(random)]);
  if (count < rows.length) {
    // A sample of the crossing and random rows.
    const kept = rows.filter((_, i) => i % Math.ceil((rows.length * 2) / count) === 0);
    while (kept.length < count) kept.push([random.word(), random.word(), third(), flags(random)]);
    rows.splice(0, rows.length, ...kept);
  }
  return program.table(
    name,
    [
      ['a', size],
      ['b', size],
      ['c', size],
      ['f', size],
    ],
    rows,
  );
}

/** Columns a (low half), b (high half), c (divisor) and f: quotients that mostly fit `size` bits, and some that do not. */
export function divisionTable(program, name, size, count, seed) {
  const random = new Random(seed);
  const full = width(program.bits);
  const bits = BigInt(size);
  const mask = (1n << bits) - 1n;
  const rows = [];
  const push = (dividend, divisor) => {
    // The 8-bit form takes all of AX; bits above the operands are random.
    const high = random.next() & ~mask;
    const a = size === 8 ? (dividend & 0xffffn) | (random.next() & ~0xffffn) : (dividend & mask) | high;
    rows.push([a, ((dividend >> bits) & mask) | high, (divisor & mask) | high, flags(random)]);
  };
  const edge = () => random.pick(EDGES) & mask;
  for (const divisor of [0n, 1n, mask, mask >> 1n, (mask >> 1n) + 1n, 2n, 3n, 10n]) {
    for (const q of [0n, 1n, mask, mask >> 1n, (mask >> 1n) + 1n, (mask >> 1n) + 2n, -1n]) {
      push(q * divisor, divisor);
      push(q * divisor + (divisor > 0n ? divisor - 1n : 0n), divisor);
      push(-(q * BigInt.asIntN(size, divisor)), divisor);
      push(BigInt.asIntN(size, q) * BigInt.asIntN(size, divisor) - 1n, divisor);
    }
  }
  while (rows.length < count) {
    const divisor = random.below(4) ? random.word() & mask : edge();
    const signed = random.below(2) === 0;
    const d = signed ? BigInt.asIntN(size, divisor) : divisor;
    const q = signed ? BigInt.asIntN(size, random.word()) : random.word() & mask;
    const magnitude = d < 0n ? -d : d;
    const r = magnitude === 0n ? 0n : random.next() % magnitude;
    if (random.below(8) === 0) push((edge() << bits) | edge(), divisor);
    else push(q * d + (q < 0n !== d < 0n && signed ? -r : r), divisor);
  }
  return program.table(
    name,
    [
      ['a', full],
      ['b', full],
      ['c', full],
      ['f', full],
    ],
    rows,
  );
}

/** Register names by size in bits: name('ax', 16). */
export function name(register, size) {
  if (/^r\d+$/.test(register)) return register + { 8: 'b', 16: 'w', 32: 'd', 64: '' }[size];
  if (size === 64) return `r${register}`;
  if (size === 32) return `e${register}`;
  if (size === 16) return register;
  return /^[abcd]x$/.test(register) ? `${register[0]}l` : `${register}l`;
}

export const pointer = (size) => ({ 8: 'byte', 16: 'word', 32: 'dword', 64: 'qword', 128: 'xmmword' })[size];
