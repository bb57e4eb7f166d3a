import type { VmReport } from '../core/vm-api.ts';
import type { Counters } from './session.ts';

/** The report of a machine from what the worker has counted; `run` is what the machine itself knows. */
export function vmReport(
  counters: Counters,
  run: Pick<VmReport, 'outcome' | 'guestMs' | 'firstSerialMs'>,
): VmReport {
  const { mmioRead, mmioWrite, posted, doorbell, shadow, local, halt } = counters;
  return {
    ...run,
    instructions: counters.instructions,
    sleepMs: counters.sleepNs / 1e6,
    tiers: { interp: counters.instructions - counters.jitInstructions, jit: counters.jitInstructions },
    exits: { mmioRead, mmioWrite, posted, doorbell, shadow, local, halt },
    regions: {
      compiled: counters.regions,
      bytes: counters.regionBytes,
      compileMs: counters.compileNs / 1e6,
      evicted: counters.regionsEvicted,
    },
    events: {
      lookups: counters.lookups,
      translated: counters.translated,
      regionEntries: counters.regionEntries,
      regionInstructions: counters.regionInstructions,
      regionsKilled: counters.regionsKilled,
      regionsRefused: counters.regionsRefused,
      checked: counters.checked,
      tlbFills: counters.tlbFills,
      tlbFlushes: counters.tlbFlushes,
      spaceFlushes: counters.spaceFlushes,
      pageFlushes: counters.pageFlushes,
      jumpFlushes: counters.jumpFlushes,
      exceptions: counters.exceptions,
      interrupts: counters.interrupts,
      invalidations: counters.invalidations,
    },
    fallbacks: {
      branchInside: counters.branchInside,
      uncachedPage: counters.uncachedPage,
      engineRefused: counters.engineRefused,
      queueFull: counters.queueFull,
      noDescriptor: counters.noDescriptor,
      rewritten: counters.rewritten,
      remapped: counters.remapped,
      refusedInstructions: counters.refusedInstructions,
      waitingInstructions: counters.waitingInstructions,
      slowAccesses: counters.slowAccesses,
      helperCalls: counters.helperCalls,
    },
  };
}
