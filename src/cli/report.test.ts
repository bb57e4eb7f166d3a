import { describe, expect, test } from 'vitest';
import { EMPTY_REPORT, exitStatus, makeReport, type RunReport } from './report.ts';

const report = (over: Partial<RunReport>): RunReport => ({
  ...makeReport(EMPTY_REPORT, { outcome: 'poweroff', expectMs: [] }),
  ...over,
});

test('the report has the keys of design section 5, in order, and the error only if there is one', () => {
  const made = makeReport(
    { ...EMPTY_REPORT, guestMs: 12, instructions: 34 },
    { outcome: 'expect', expectMs: [5, 6] },
  );
  expect(Object.keys(made)).toEqual([
    ...[
      'outcome',
      'guestMs',
      'firstSerialMs',
      'expectMs',
      'instructions',
      'sleepMs',
      'tiers',
      'exits',
      'regions',
    ],
    'events',
    'fallbacks',
    'exitCode',
  ]);
  expect(made).toMatchObject({ outcome: 'expect', guestMs: 12, instructions: 34, expectMs: [5, 6] });
});

describe('exit status', () => {
  test.each<[Partial<RunReport>, boolean, number]>([
    [{ outcome: 'poweroff' }, false, 0],
    [{ outcome: 'poweroff' }, true, 1],
    [{ outcome: 'poweroff', exitCode: 3 }, false, 1],
    [{ outcome: 'reset' }, false, 0],
    [{ outcome: 'reset' }, true, 1],
    [{ outcome: 'stopped' }, false, 0],
    [{ outcome: 'expect' }, false, 0],
    [{ outcome: 'panic' }, false, 1],
    [{ outcome: 'panic' }, true, 1],
    [{ outcome: 'timeout' }, true, 124],
    [{ outcome: 'timeout' }, false, 124],
    [{ outcome: 'error', error: { code: 'bad-image', message: '' } }, false, 2],
    [{ outcome: 'error', error: { code: 'bad-config', message: '' } }, false, 2],
    [{ outcome: 'error', error: { code: 'not-found', message: '' } }, false, 2],
    [{ outcome: 'error', error: { code: 'too-large', message: '' } }, false, 2],
    [{ outcome: 'error', error: { code: 'guest-hang', message: '' } }, false, 1],
    [{ outcome: 'error', error: { code: 'worker-died', message: '' } }, false, 1],
    [{ outcome: 'error', error: { code: 'out-of-memory', message: '' } }, false, 1],
  ])('%j with an expectation pending: %s → %i', (over, pending, status) => {
    expect(exitStatus(report(over), pending)).toBe(status);
  });
});
