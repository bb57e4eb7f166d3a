/** Every operation against real hardware and qemu-riscv64, as recorded by scripts/gen-fpu-fixtures.mjs. */
import { describe, expect, it } from 'vitest';
import {
  compileFpuModule,
  type Fixture,
  type FpuModule,
  loadFpuModule,
  type Raw,
  readFixtures,
} from './tests/module.ts';

const module = compileFpuModule();
const fpu = loadFpuModule(module, () => Number.NaN);
/** The same on a host that can multiply and add with one rounding, which `fpu` plays. */
const fused = loadFpuModule(module, (x, y, z) => {
  const [a, b, c] = new BigInt64Array(Float64Array.of(x, y, z).buffer);
  const result = fpu.operation('f64Fma')(a!, b!, c!, 0, fpu.flagsAddress);
  return new Float64Array(BigInt64Array.of(result as bigint).buffer)[0]!;
});
const NX = 1;
const MODE_NAMES = ['RNE', 'RTZ', 'RDN', 'RUP', 'RMM'];
const GROUPS = ['f64-arith', 'f32-arith', 'compare', 'convert'];

const hex = (value: Raw) => `0x${value.toString(16)}`;

/**
 * Runs all cases of a fixture in one mode; the flags word starts empty, then with NX set. Lists what differs.
 */
function mismatches(fixture: Fixture, answer: Fixture['answers'][number], fpu: FpuModule): string[] {
  const run = fpu.operation(fixture.name);
  const nanPolicy = fixture.policy === 'x86' ? fpu.constant('NAN_X86') : fpu.constant('NAN_CANONICAL');
  const named: Record<string, Raw> = {
    rm: answer.rm | nanPolicy,
    flags: fpu.flagsAddress,
    exact: fixture.exact ?? 0,
    invalid: fixture.policy === 'x86' ? fpu.constant('INVALID_X86') : fpu.constant('INVALID_RISCV'),
  };
  const values = fixture.parameters.map((parameter) => named[parameter] ?? 0);
  const found: string[] = [];
  for (let i = 0; i < fixture.count; i++) {
    for (let k = 0; k < fixture.columns.length; k++) values[k] = fixture.columns[k]![i]!;
    for (const before of [0, NX]) {
      fpu.flags[0] = before;
      const got = run(...values);
      const result = typeof got === 'bigint' ? BigInt.asUintN(64, got) : got >>> 0;
      const wantedFlags = answer.flags[i]! | before;
      if (result !== answer.results[i] || fpu.flags[0] !== wantedFlags) {
        found.push(
          `${fixture.name}(${values.slice(0, fixture.columns.length).map(hex).join(', ')}) flags before ${before}: ` +
            `${hex(result)} flags ${fpu.flags[0]}, expected ${hex(answer.results[i]!)} flags ${wantedFlags}`,
        );
      }
    }
  }
  return found;
}

let total = 0;
describe.each(GROUPS)('%s', (group) => {
  for (const fixture of readFixtures(group)) {
    const variant = fixture.exact === undefined ? '' : fixture.exact ? ' exact' : ' inexact suppressed';
    for (const answer of fixture.answers) {
      total += fixture.count;
      const mode = fixture.parameters.includes('rm') ? ` ${MODE_NAMES[answer.rm]}` : '';
      it(`${fixture.name}${variant}${mode}, ${fixture.policy} policies: ${fixture.count} cases`, () => {
        const found = mismatches(fixture, answer, fpu);
        expect(found.slice(0, 10), `${found.length} mismatches`).toEqual([]);
      });
      if (fixture.name === 'f64Fma')
        it(`the same by the host's instruction`, () => {
          expect(mismatches(fixture, answer, fused).slice(0, 10)).toEqual([]);
        });
    }
  }
});

// No Arm hardware among the oracles: the expected values are those of FPToFixed in the Arm manual (DDI 0487,
// J1).
it('gives saturated integers, and 0 for a NaN, under the Arm policy', () => {
  const NV = 16;
  const nan = 0x7ff8000000000000n;
  const infinity = 0x7ff0000000000000n;
  const minusInfinity = 0xfff0000000000000n;
  const cases: [string, bigint, Raw][] = [
    ['f64ToI32', nan, 0],
    ['f64ToI32', infinity, 0x7fffffff],
    ['f64ToI32', minusInfinity, -0x80000000],
    ['f64ToU32', nan, 0],
    ['f64ToU32', infinity, -1],
    ['f64ToU32', minusInfinity, 0],
    ['f64ToI64', nan, 0n],
    ['f64ToI64', infinity, 0x7fffffffffffffffn],
    ['f64ToI64', minusInfinity, -0x8000000000000000n],
    ['f64ToU64', nan, 0n],
    ['f64ToU64', infinity, -1n],
    ['f64ToU64', minusInfinity, 0n],
  ];
  for (const [name, operand, expected] of cases) {
    fpu.flags[0] = 0;
    const got = fpu.operation(name)(operand, 0, fpu.flagsAddress, fpu.constant('INVALID_ARM'));
    expect([name, operand, got, fpu.flags[0]]).toEqual([name, operand, expected, NV]);
  }
});

it('reads at least 100,000 cases', () => {
  expect(total).toBeGreaterThan(100_000);
});
