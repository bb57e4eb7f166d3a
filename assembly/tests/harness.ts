/**
 * Runs small bare-metal programs on a core in Node: RAM, more of it where a machine has ROM or devices, the interrupt controllers of the worker,
 * and no page. A run ends at a WFI or HLT that nothing can wake, or when the budget is used up.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as L from '../../src/memory/layout.gen.ts';
import { hostFma } from '../../src/worker/fma.ts';
import { type CompilerExports, RegionCompiler, type RegionLimits } from '../../src/worker/regions.ts';

/**
 * `jit` runs a program to its end again and again, each time from the same memory, and compiles in between what was interpreted, until (nearly)
 * everything runs in tier 1, in regions with their real loops and successors: the last run counts. `eager` compiles every block
 * before it first runs, one module each, which is slow but right for code that changes. `auto` compiles what gets warm, as machines do.
 * `check` is `jit` with both tiers compared at each region; the first difference ends the
 * run.
 */
export type TestTier = 'interp' | 'jit' | 'eager' | 'auto' | 'check';
export const TEST_TIERS: readonly TestTier[] = ['interp', 'jit'];

/**
 * Rounds of `jit`: how often a block has to be interpreted in the round before to be compiled. What runs often comes first, in case
 * that a program has more blocks than tier 1 takes. The rounds end when
 * everything ran once after it was asked for, and JIT_SHARE of the instructions in tier 1.
 */
const JIT_ROUNDS = [100, 100, 1, 1, 1, 1, 1, 1, 1, 1];
const JIT_SHARE = 0.9995;
/** `jit` asks again for what was evicted: with every descriptor in use, and no room kept for the next batch, the largest fixture fits. */
const TEST_LIMITS: RegionLimits = { modules: 2048, bytes: 24 << 20, regions: 8192 + 32 };
/** Longer than CALL_MS of assembly/vcpu/run.ts: `auto` compiles after each slice. */
export const AUTO_STEP_MS = 5;
/** UNTOUCHED of assembly/testing.ts. */
const UNTOUCHED = 0x8000_0000;
/** Runs before `auto` compiles a block. */
const AUTO_THRESHOLD = 8;

export interface TestRun {
  reason: 'wfi' | 'budget' | 'trap-loop' | 'difference' | 'internal';
  /** Guest instructions retired since the reset. */
  instructions: bigint;
}

export interface TestCore {
  readonly exports: CoreExports;
  readonly memory: WebAssembly.Memory;
  /** Clears RAM, interrupt controllers and the vCPU. */
  reset(): void;
  load(address: bigint, bytes: Uint8Array): void;
  run(options: { pc: bigint; maxInstructions: number }): TestRun;
  /** Goes on where the last run ended. */
  resume(options: { maxInstructions: number }): TestRun;
  readU64(address: bigint): bigint;
  /** All of RAM. */
  ram(): Buffer;
  bytes(address: bigint, length: number): Uint8Array;
  x(index: number): bigint;
  f(index: number): bigint;
  pc(): bigint;
  /** The module that tier 1 makes of the region that begins at a pc which has run; it is not installed. */
  emit(pc: bigint): { module: Uint8Array; instructions: number };
  /** A COUNTER_* of layout.ts. */
  counter(offset: number): number;
  /** Writes RAM as a device does: translated code is invalidated before the vCPU goes on. */
  dma(address: bigint, bytes: Uint8Array): void;
  /** Host time that the core sees, in ms; advances by itself a little at each reading. */
  advanceTime(ms: number): void;
}

export interface CoreExports extends CompilerExports {
  reset(index: number, pc: bigint, hart: bigint, threshold: number): void;
  restart(index: number, pc: bigint, hart: bigint): void;
  queueInterpreted(index: number, runs: number): number;
  queueBlock(index: number, pc: bigint): number;
  run(index: number): number;
  sleepMs(index: number): number;
  check(index: number): void;
  describeCheck(index: number): number;
  slept(index: number, ms: number, timedOut: number): void;
  peekCsr(index: number, csr: number): bigint;
  stateOf(index: number): number;
}

/** What differs between guest architectures. */
export interface TestGuest {
  /** File in build/. */
  readonly core: string;
  /** Guest-physical address of RAM. */
  readonly ram: bigint;
  /** Plain RAM in place of ROM and of the devices that programs touch; sizes in bytes, at most 64 KiB each. */
  readonly scratch: readonly { base: bigint; size: number }[];
  /** Devices that the worker answers: LOCAL_* of layout.ts. */
  readonly local: readonly { base: bigint; size: bigint; id: number }[];
  /** Puts vCPU 0 to where programs begin; `restart` keeps what was translated. */
  reset(exports: CoreExports, pc: bigint, threshold: number): void;
  restart(exports: CoreExports, pc: bigint): void;
  /** Whether a halted vCPU can no longer be woken, although timers run. */
  sleepsForever?(memory: DataView, state: number): boolean;
}

/** hart 0 of `virt`: RAM at 0x80000000, plain RAM where its test device and UART are. */
export const RISCV: TestGuest = {
  core: 'core.debug.wasm',
  ram: 0x8000_0000n,
  scratch: [
    { base: 0x0010_0000n, size: 0x1000 },
    { base: 0x1000_0000n, size: 0x1000 },
  ],
  local: [
    { base: 0x0200_0000n, size: 0x10000n, id: L.LOCAL_ACLINT_MSWI_MTIMER },
    { base: 0x0c00_0000n, size: 0x60_0000n, id: L.LOCAL_PLIC },
  ],
  reset: (exports, pc, threshold) => exports.reset(0, pc, 0n, threshold),
  restart: (exports, pc) => exports.restart(0, pc, 0n),
};

const RAM_BYTES = 64 << 20;
const SCRATCH_STRIDE = 0x10000;
const STATE_PC = 0x200;
const X = 0x000;
const F = 0x100;

function corePath(name: string): string {
  const path = fileURLToPath(new URL(`../../build/${name}`, import.meta.url));
  if (!existsSync(path)) throw new Error(`build/${name} is missing: run \`npm run build\``);
  return path;
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

function compiledCore(name: string): Promise<WebAssembly.Module> {
  let module = compiled.get(name);
  if (!module) {
    module = WebAssembly.compile(readFileSync(corePath(name)));
    compiled.set(name, module);
  }
  return module;
}

/** Makes a machine with one vCPU; `debug` builds of the core check every block they make. */
export async function createTestCore({
  tier,
  guest = RISCV,
  icount = -1,
  stepMs,
  limits,
  alter,
  onClock,
}: {
  tier: TestTier;
  guest?: TestGuest;
  icount?: number;
  stepMs?: number;
  limits?: RegionLimits;
  /** Changes the code of each module before it is made: what a wrong emission would be. */
  alter?: (code: Uint8Array) => void;
  /** Called when the core reads the host's clock. */
  onClock?: () => void;
}): Promise<TestCore> {
  const module = await compiledCore(guest.core);
  const ramBase = L.VCPU_BASE + L.VCPU_STRIDE;
  const scratchBase = ramBase + RAM_BYTES;
  const memoryEnd = scratchBase + guest.scratch.length * SCRATCH_STRIDE;
  const pages = memoryEnd >> 16;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const view = new DataView(memory.buffer);
  const all = new Uint8Array(memory.buffer);
  let time = 0;
  const step = stepMs ?? (tier === 'auto' ? AUTO_STEP_MS : 0.001);
  const instance = await WebAssembly.instantiate(module, {
    env: {
      memory,
      fma: hostFma(),
      now: () => {
        onClock?.();
        time += step;
        return time;
      },
      abort: (_message: number, _file: number, line: number, column: number) => {
        throw new Error(`assertion failed in the core, line ${line}:${column}`);
      },
    },
  });
  const exports = instance.exports as unknown as CoreExports;
  const compiler = new RegionCompiler(
    alter
      ? {
          ...exports,
          compile(index, base, most) {
            const regions = exports.compile(index, base, most);
            const code = exports.moduleCode(index);
            alter(all.subarray(code, code + exports.moduleCodeSize(index)));
            return regions;
          },
        }
      : exports,
    memory,
    0,
    limits ?? TEST_LIMITS,
  );
  const threshold = { interp: 0, jit: 0, eager: 1, auto: AUTO_THRESHOLD, check: 0 }[tier];

  let regions = 0;
  const addRegion = (base: bigint, size: bigint, kind: number, linear: number) => {
    const at = L.REGION_TABLE + regions++ * L.REGION_STRIDE;
    view.setBigUint64(at + L.REGION_BASE, base, true);
    view.setBigUint64(at + L.REGION_SIZE, size, true);
    view.setUint32(at + L.REGION_KIND, kind, true);
    view.setUint32(at + L.REGION_LINEAR, linear, true);
  };
  const memories = [{ base: guest.ram, size: RAM_BYTES, linear: ramBase }];
  guest.scratch.forEach(({ base, size }, index) => {
    memories.push({ base, size, linear: scratchBase + index * SCRATCH_STRIDE });
  });
  for (const { base, size, linear } of memories) addRegion(base, BigInt(size), L.REGION_KIND_RAM, linear);
  for (const { base, size, id } of guest.local) addRegion(base, size, L.REGION_KIND_LOCAL, id);
  view.setInt32(L.VM_REGION_COUNT, regions, true);
  view.setInt32(L.VM_VCPU_COUNT, 1, true);
  view.setInt32(L.VM_ICOUNT_SHIFT, icount, true);
  for (let timer = 0; timer < L.TIMER_COUNT; timer++)
    view.setBigInt64(L.TIMER_DEADLINES + timer * 8, -1n, true);

  const state = exports.stateOf(0);
  const linear = (address: bigint): number => {
    const memory = memories.find(({ base, size }) => address >= base && address < base + BigInt(size));
    if (!memory) throw new RangeError(`0x${address.toString(16)} is outside the test RAM`);
    return memory.linear + Number(address - memory.base);
  };
  const instructions = () => view.getBigUint64(L.VCPU_BASE + L.COUNTER_INSTRUCTIONS, true);
  const go = (maxInstructions: number): TestRun => {
    const end = instructions() + BigInt(maxInstructions);
    for (;;) {
      const result = exports.run(0);
      if (result !== L.RESULT_DIFFERENCE) compiler.compileWaiting();
      if (result === L.RESULT_HALT) {
        const ms = exports.sleepMs(0);
        if (!Number.isFinite(ms) || guest.sleepsForever?.(view, state))
          return { reason: 'wfi', instructions: instructions() };
        time += ms;
        exports.slept(0, ms, 1);
      } else if (result === L.RESULT_TRAP_LOOP) return { reason: 'trap-loop', instructions: instructions() };
      else if (result === L.RESULT_DIFFERENCE) return { reason: 'difference', instructions: instructions() };
      else if (result !== L.RESULT_SLICE && result !== L.RESULT_COMPILE)
        return { reason: 'internal', instructions: instructions() };
      if (result !== L.RESULT_COMPILE && instructions() >= end)
        return { reason: 'budget', instructions: instructions() };
    }
  };

  const counter = (offset: number) => Number(view.getBigUint64(L.VCPU_BASE + offset, true));
  /** Writes as a device would: code that it changes is invalidated. */
  const writeAsDevice = (bytes: Uint8Array, at: number) => {
    for (let page = at >> L.PAGE_BITS; page <= (at + bytes.length - 1) >> L.PAGE_BITS; page++) {
      if (all[L.CODE_PAGES + page] === 0) continue;
      const from = Math.max(page << L.PAGE_BITS, at);
      const to = Math.min((page + 1) << L.PAGE_BITS, at + bytes.length);
      if (Buffer.from(memory.buffer, from, to - from).equals(bytes.subarray(from - at, to - at))) continue;
      all[L.STALE_PAGES + (page >> 3)] |= 1 << (page & 7);
    }
    all.set(bytes, at);
    Atomics.or(new Int32Array(memory.buffer), (L.VCPU_BASE + L.COMM_REQUEST) >> 2, L.REQUEST_INVALIDATE);
  };
  const runInTier1 = (pc: bigint, maxInstructions: number): TestRun => {
    const saved = all.slice(ramBase, memoryEnd);
    guest.reset(exports, pc, UNTOUCHED);
    let run = go(maxInstructions);
    for (const runs of JIT_ROUNDS) {
      if (exports.queueInterpreted(0, runs) === 0) continue;
      // A program with more regions than fit would ask for ever.
      const full = () => counter(L.COUNTER_REGION_EVICTED) + counter(L.COUNTER_NO_DESCRIPTOR);
      const before = full();
      do compiler.compileWaiting();
      while (exports.queueInterpreted(0, runs) > 0 && full() === before);
      writeAsDevice(saved, ramBase);
      guest.restart(exports, pc);
      if (tier === 'check') exports.check(0);
      run = go(maxInstructions);
      if (run.reason === 'difference') break;
      if (runs === 1 && counter(L.COUNTER_JIT_INSTRUCTIONS) >= JIT_SHARE * counter(L.COUNTER_INSTRUCTIONS))
        break;
    }
    return run;
  };

  return {
    exports,
    memory,
    reset() {
      all.fill(0, ramBase, memoryEnd);
      guest.reset(exports, guest.ram, threshold);
    },
    load(address, bytes) {
      all.set(bytes, linear(address));
    },
    run({ pc, maxInstructions }) {
      if (tier === 'jit' || tier === 'check') return runInTier1(pc, maxInstructions);
      guest.reset(exports, pc, threshold);
      return go(maxInstructions);
    },
    resume({ maxInstructions }) {
      return go(maxInstructions);
    },
    readU64: (address) => view.getBigUint64(linear(address), true),
    ram: () => Buffer.from(memory.buffer, ramBase, RAM_BYTES),
    bytes: (address, length) => all.slice(linear(address), linear(address) + length),
    x: (index) => view.getBigUint64(state + X + 8 * index, true),
    f: (index) => view.getBigUint64(state + F + 8 * index, true),
    pc: () => view.getBigUint64(state + STATE_PC, true),
    counter,
    emit(pc) {
      if (!exports.queueBlock(0, pc)) throw new Error(`no block begins at 0x${pc.toString(16)}`);
      const before = counter(L.COUNTER_REGION_INSNS);
      if (exports.compile(0, exports.table.length, 1) === 0) throw new Error('tier 1 refuses the block');
      const head = exports.moduleHead(0);
      const code = exports.moduleCode(0);
      const module = Buffer.concat([
        all.slice(head, head + exports.moduleHeadSize(0)),
        all.slice(code, code + exports.moduleCodeSize(0)),
      ]);
      return { module, instructions: counter(L.COUNTER_REGION_INSNS) - before };
    },
    dma: (address, bytes) => writeAsDevice(bytes, linear(address)),
    advanceTime(ms) {
      time += ms;
    },
  };
}
