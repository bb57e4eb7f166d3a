/** Every operation against real hardware and qemu-riscv64, as recorded by scripts/gen-fpu-fixtures.mjs. */
import { describe, expect, it } from 'vitest';
import { type Fixture, loadFpuModule, type Raw, readFixtures } from './tests/module.ts';

const fpu = loadFpuModule();
const NX = 1;
const MODE_NAMES = ['RNE', 'RTZ', 'RDN', 'RUP', 'RMM'];
const GROUPS = ['f64-arith', 'f32-arith', 'compare', 'convert'];

const hex = (value: Raw) => `0x${value.toString(16)}`;

/** Runs all cases of a fixture in one mode; the flags word starts empty, then with NX set. Lists what differs. */
function mismatches(fixture: Fixture, answer: Fixture['answers'][number]): string[] {
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
        const found = mismatches(fixture, answer);
        expect(found.slice(0, 10), `${found.length} mismatches`).toEqual([]);
      });
    }
  }
});

it('reads at least 100,000 cases', () => {
  expect(total).toBeGreaterThan(100_000);
});
