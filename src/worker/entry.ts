/**
 * The vCPU worker: instantiates the core on the machine's shared memory and runs it. While it runs it takes no messages; the page speaks to
 * it through the words of the communication block, and it sleeps in Atomics.wait on the kick word.
 */
import * as Comlink from 'comlink';
import * as L from '../memory/layout.gen.ts';
import { WordPoll } from '../memory/word-poll.ts';
import { type CheckExports, describeDifference } from './check-report.ts';
import { coreImports } from './core-imports.ts';
import type { VcpuInit, VcpuWorkerApi } from './messages.ts';
import { describeRegisters } from './registers.ts';
import { type CompilerExports, RegionCompiler } from './regions.ts';
import { warmUp } from './warm-up.ts';

interface CoreExports extends CompilerExports, CheckExports {
  reset(index: number, pc: bigint, hart: bigint, threshold: number): void;
  check(index: number): void;
  run(index: number): number;
  sleepMs(index: number): number;
  slept(index: number, ms: number, timedOut: number): void;
  peekCsr(index: number, csr: number): bigint;
  /** Of x86 cores. */
  peekFlags?(index: number): number;
}

const STATE_KICK_SEEN = 0x268;
/** Longest single sleep. Its end counts the sleep, so a report of a guest that never wakes is at most this old; one wake a second costs nothing. */
const LONGEST_SLEEP_MS = 1000;

/**
 * Executions after which tier 1 takes a block. Measured in alternation on Debian's boot (median s) and on six workloads after it (sum, s): 300: 2.9, 7.8;
 * 1000: 2.2, 7.7; 3000: 2.1, 7.5; 10000: 2.2, 7.5. The time to compile falls with it (300, 160, 110, 65 ms of the boot).
 */
const HOT_THRESHOLD = 3000;
/** The same for the tiers that are there to test tier 1: more of the guest runs in it. */
const TEST_THRESHOLD = 20;

/**
 * With two cores the guest of the warm-up and the engine's compiler take from the page what they save later: from the click to SeaBIOS's boot sector 375 ms
 * against 296 without (medians of 8 in turns), of which 121 against 126 in the guest.
 */
const WARM_UP_CORES = 3;

let arch = '';
let core: CoreExports;
let compiler: RegionCompiler;
let threshold = 0;
let checks = false;
let differs = false;
let index = 0;
let warms = false;
let words: Int32Array;
let area = 0;
let poll: WordPoll;

const origin = performance.timeOrigin;

const wordAt = (field: number): number => (area + field) >> 2;

function setRunState(state: number): void {
  Atomics.store(words, wordAt(L.COMM_RUN_STATE), state);
  Atomics.notify(words, wordAt(L.COMM_RUN_STATE));
  Atomics.add(words, L.VM_PAGE_WAKE >> 2, 1);
  Atomics.notify(words, L.VM_PAGE_WAKE >> 2);
}

/** Sleeps until the next timer or until somebody kicks. The kick word was read before whatever led here, so no wake-up is lost. */
function sleep(): void {
  const ms = Math.min(core.sleepMs(index), LONGEST_SLEEP_MS);
  if (ms <= 0) return core.slept(index, 0, 1);
  const seen = words[(core.stateOf(index) + STATE_KICK_SEEN) >> 2] as number;
  const before = performance.now();
  if (poll.look(seen, ms)) return core.slept(index, performance.now() - before, 0);
  Atomics.store(words, wordAt(L.COMM_RUN_STATE), L.RUN_STATE_HALTED);
  const left = before + ms - performance.now();
  const result = left > 0 ? Atomics.wait(words, wordAt(L.COMM_KICK), seen, left) : 'timed-out';
  Atomics.store(words, wordAt(L.COMM_RUN_STATE), L.RUN_STATE_RUNNING);
  poll.slept();
  core.slept(index, performance.now() - before, result === 'timed-out' && ms < LONGEST_SLEEP_MS ? 1 : 0);
}

/** Sleeps while REQUEST_PAUSE is set. */
function paused(): void {
  setRunState(L.RUN_STATE_PAUSED);
  for (;;) {
    const kick = Atomics.load(words, wordAt(L.COMM_KICK));
    const requests = Atomics.load(words, wordAt(L.COMM_REQUEST));
    if ((requests & L.REQUEST_PAUSE) === 0 || requests & L.REQUEST_STOP) break;
    Atomics.wait(words, wordAt(L.COMM_KICK), kick);
  }
  setRunState(L.RUN_STATE_RUNNING);
}

const api: VcpuWorkerApi = {
  async warmUp({ module, arch }) {
    if (navigator.hardwareConcurrency < WARM_UP_CORES) return;
    warms = true;
    await warmUp(module, arch, () => warms);
  },

  async init(options: VcpuInit) {
    warms = false;
    ({ arch, index } = options);
    area = L.VCPU_BASE + index * L.VCPU_STRIDE;
    words = new Int32Array(options.memory.buffer);
    poll = new WordPoll(words, wordAt(L.COMM_KICK), navigator.hardwareConcurrency);
    const imports = coreImports(options.memory, () => origin + performance.now());
    const instance = await WebAssembly.instantiate(options.module, imports);
    core = instance.exports as unknown as CoreExports;
    compiler = new RegionCompiler(core, options.memory, index);
    const usual = { auto: HOT_THRESHOLD, interp: 0, jit: TEST_THRESHOLD, check: TEST_THRESHOLD }[
      options.tier
    ];
    threshold = options.tier === 'interp' ? 0 : (options.threshold ?? usual);
    checks = options.tier === 'check';
  },

  async reset({ pc, processor }) {
    core.reset(index, pc, BigInt(processor), threshold);
    differs = false;
    if (checks) core.check(index);
  },

  async run() {
    setRunState(L.RUN_STATE_RUNNING);
    try {
      for (;;) {
        const result = core.run(index);
        differs = result === L.RESULT_DIFFERENCE;
        if (differs) return result;
        compiler.compileWaiting();
        if (result === L.RESULT_HALT) sleep();
        else if (result === L.RESULT_PAUSE) paused();
        else if (result !== L.RESULT_SLICE && result !== L.RESULT_COMPILE) return result;
      }
    } finally {
      setRunState(L.RUN_STATE_STOPPED);
    }
  },

  async describe() {
    const lines = describeRegisters(arch, new DataView(words.buffer), core.stateOf(index), (csr) =>
      core.peekCsr(index, csr),
    );
    if (core.peekFlags) lines.push(`rflags  ${(core.peekFlags(index) >>> 0).toString(16).padStart(16, '0')}`);
    if (differs) lines.push('', describeDifference(core, words.buffer, index, arch));
    return lines.join('\n');
  },
};

Comlink.expose(api);
