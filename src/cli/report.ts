import type { VmErrorCode, VmOutcome, VmReport } from '../core/vm-api.ts';

/** How a run of the command line ended: what a machine can say, and what only the command line knows. */
export type RunOutcome = VmOutcome | 'expect' | 'timeout';

/** What --json writes: the stable part of design section 5, and the failure if there was one. */
export interface RunReport {
  outcome: RunOutcome;
  guestMs: number;
  firstSerialMs: number | null;
  expectMs: number[];
  instructions: number;
  sleepMs: number;
  tiers: VmReport['tiers'];
  exits: VmReport['exits'];
  regions: VmReport['regions'];
  events: VmReport['events'];
  fallbacks: VmReport['fallbacks'];
  /** Status that the guest gave at power-off (syscon), 0 if none. */
  exitCode: number;
  /** A VmErrorCode, `panic`, or `host` for what the command line itself lacks. */
  error?: { code: VmErrorCode | 'panic' | 'host'; message: string };
}

/** The report of a machine whose vCPU never ran. */
export const EMPTY_REPORT: VmReport = {
  outcome: 'error',
  guestMs: 0,
  firstSerialMs: null,
  instructions: 0,
  sleepMs: 0,
  tiers: { interp: 0, jit: 0 },
  exits: {},
  regions: { compiled: 0, bytes: 0, compileMs: 0, evicted: 0 },
  events: {},
  fallbacks: {},
};

export function makeReport(
  vm: VmReport,
  run: { outcome: RunOutcome; expectMs: readonly number[]; exitCode?: number; error?: RunReport['error'] },
): RunReport {
  return {
    outcome: run.outcome,
    guestMs: vm.guestMs,
    firstSerialMs: vm.firstSerialMs,
    expectMs: [...run.expectMs],
    instructions: vm.instructions,
    sleepMs: vm.sleepMs,
    tiers: vm.tiers,
    exits: vm.exits,
    regions: vm.regions,
    events: vm.events,
    fallbacks: vm.fallbacks,
    exitCode: run.exitCode ?? 0,
    ...(run.error && { error: run.error }),
  };
}

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_TIMEOUT = 124;

/** Failures that are the command line's fault: a wrong option, or a file that cannot be used. */
const USAGE_CODES: ReadonlySet<string> = new Set(['bad-config', 'not-found', 'bad-image', 'too-large']);

/**
 * The exit status. A guest that ended by itself is a success only if nothing is still expected of it; a reset counts
 * as an end because only -no-reboot makes it one, which is how QEMU treats it too.
 */
export function exitStatus(report: RunReport, expectationPending: boolean): number {
  switch (report.outcome) {
    case 'expect':
      return EXIT_OK;
    case 'poweroff':
    case 'reset':
    case 'stopped':
      return expectationPending || report.exitCode !== 0 ? EXIT_FAILED : EXIT_OK;
    case 'timeout':
      return EXIT_TIMEOUT;
    case 'error':
      return report.error && USAGE_CODES.has(report.error.code) ? EXIT_USAGE : EXIT_FAILED;
    case 'panic':
      return EXIT_FAILED;
  }
}
