/**
 * The JavaScript half of tier 1: makes the modules that the core emits, puts their functions into the shared table, reuses the slots of
 * modules that are dead, and has the coldest module dropped when there are too many. Everything here is synchronous and runs in the vCPU
 * worker between two slices.
 */
import * as L from '../memory/layout.gen.ts';

export interface CompilerExports {
  table: WebAssembly.Table;
  queued(index: number): number;
  compile(index: number, base: number, most: number): number;
  moduleHead(index: number): number;
  moduleHeadSize(index: number): number;
  moduleCode(index: number): number;
  moduleCodeSize(index: number): number;
  install(index: number, base: number, module: number): void;
  discard(index: number): void;
  moduleLive(index: number, module: number): number;
  regions(index: number): number;
  evict(index: number): number;
  nextEpoch(index: number): void;
}

/** Regions in a module: more share an instance, and so cheap tail calls; fewer keep the pause of one batch short. */
const BATCH_SLOTS = 32;
/** How much the table grows at a time. */
const TABLE_STEP = 1024;
/** How much code may be alive at once. */
export interface RegionLimits {
  /** Modules: at most REGION_MODULES_MAX of assembly/scratch.ts. */
  modules: number;
  /** Bytes of Wasm. V8's code for them is several times as large; Debian's boot and a benchmark suite need 7 MB. */
  bytes: number;
  /** Regions: at most as many as there are descriptors, CPU_REGIONS of assembly/layout.ts in steps of REGION_D_SIZE. */
  regions: number;
}

const LIMITS: RegionLimits = { modules: 2048, bytes: 24 << 20, regions: 8192 };
/** Length of an epoch, ms: how finely the use of modules is told apart when one has to go. */
const EPOCH_MS = 1000;

interface Module {
  base: number;
  slots: number;
  bytes: number;
}

export class RegionCompiler {
  readonly #core: CompilerExports;
  readonly #memory: WebAssembly.Memory;
  readonly #index: number;
  readonly #counters: BigUint64Array;
  readonly #imports: WebAssembly.Imports;
  readonly #limits: RegionLimits;
  readonly #modules: (Module | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  /** Runs of free table slots, merged with their neighbours: [first, count], by first. */
  #free: [number, number][] = [];
  #bytes = 0;
  #buffer = new Uint8Array(1 << 16);
  #epochEnd = 0;

  constructor(
    core: CompilerExports,
    memory: WebAssembly.Memory,
    index: number,
    limits: RegionLimits = LIMITS,
  ) {
    this.#limits = limits;
    this.#core = core;
    this.#memory = memory;
    this.#index = index;
    this.#counters = new BigUint64Array(memory.buffer);
    const imports: Record<string, WebAssembly.ImportValue> = { m: memory, t: core.table };
    for (const [name, value] of Object.entries(core)) if (name.length === 1) imports[name] = value;
    this.#imports = { e: imports };
  }

  /** Compiles one batch of waiting blocks, if there are any. */
  compileWaiting(): void {
    if (this.#core.queued(this.#index) === 0) return;
    const start = performance.now();
    if (start > this.#epochEnd) {
      this.#epochEnd = start + EPOCH_MS;
      this.#core.nextEpoch(this.#index);
      this.#collect();
    }
    this.#makeRoom();
    const [base, most] = this.#slots();
    const regions = this.#core.compile(this.#index, base, most);
    if (regions > 0) {
      const bytes = this.#take();
      if (!this.#instantiate(bytes)) return;
      const number = this.#freeNumbers.pop() ?? this.#modules.length;
      this.#modules[number] = { base, slots: regions, bytes: bytes.length };
      this.#bytes += bytes.length;
      this.#claim(base, regions);
      this.#core.install(this.#index, base, number);
    }
    const counter = (L.VCPU_BASE + this.#index * L.VCPU_STRIDE + L.COUNTER_COMPILE_NS) >> 3;
    this.#counters[counter] =
      (this.#counters[counter] as bigint) + BigInt(Math.round((performance.now() - start) * 1e6));
  }

  /** Makes the module; if the engine refuses it (out of code space, or a defect of ours), its blocks stay in tier 0, counted as refused. */
  #instantiate(bytes: Uint8Array<ArrayBuffer>): boolean {
    try {
      new WebAssembly.Instance(new WebAssembly.Module(bytes), this.#imports);
      return true;
    } catch (error) {
      console.warn('Snowglobe: the engine refused a module of translated code; it stays interpreted.', error);
      this.#core.discard(this.#index);
      return false;
    }
  }

  /** Has modules dropped until the next one fits the bounds. */
  #makeRoom(): void {
    const full = () =>
      this.#bytes > this.#limits.bytes ||
      this.#core.regions(this.#index) + BATCH_SLOTS > this.#limits.regions ||
      this.#modules.length - this.#freeNumbers.length >= this.#limits.modules;
    if (!full()) return;
    this.#collect();
    while (full()) {
      const number = this.#core.evict(this.#index);
      if (number < 0) return;
      this.#drop(number);
    }
  }

  /** Drops the modules whose regions have all been invalidated. */
  #collect(): void {
    for (const number of this.#modules.keys()) {
      if (this.#modules[number] && this.#core.moduleLive(this.#index, number) === 0) this.#drop(number);
    }
  }

  /** Empties a module's slots, so that the engine can free its code. */
  #drop(number: number): void {
    const { base, slots, bytes } = this.#modules[number] as Module;
    for (let i = 0; i < slots; i++) this.#core.table.set(base + i, null);
    this.#modules[number] = undefined;
    this.#freeNumbers.push(number);
    this.#bytes -= bytes;
    this.#release(base, slots);
  }

  /** A run of free slots for the next batch; the table grows when there is none that holds a whole one. */
  #slots(): [number, number] {
    const run = this.#free.find(([, count]) => count >= BATCH_SLOTS);
    if (run) return [run[0], BATCH_SLOTS];
    const first = this.#core.table.grow(TABLE_STEP);
    this.#release(first, TABLE_STEP);
    return this.#slots();
  }

  #claim(base: number, slots: number): void {
    const at = this.#free.findIndex(([first]) => first === base);
    const [first, count] = this.#free[at] as [number, number];
    if (count === slots) this.#free.splice(at, 1);
    else this.#free[at] = [first + slots, count - slots];
  }

  #release(base: number, slots: number): void {
    const runs: [number, number][] = [...this.#free, [base, slots]];
    runs.sort(([a], [b]) => a - b);
    this.#free = [];
    for (const [first, count] of runs) {
      const last = this.#free.at(-1);
      if (last && last[0] + last[1] === first) last[1] += count;
      else this.#free.push([first, count]);
    }
  }

  /** The module's bytes, valid until the next one is taken. */
  #take(): Uint8Array<ArrayBuffer> {
    const head = this.#core.moduleHeadSize(this.#index);
    const size = head + this.#core.moduleCodeSize(this.#index);
    // One buffer for all: V8 copies what it keeps, and buffers of their own would be garbage of as many megabytes as are emitted.
    if (this.#buffer.length < size) this.#buffer = new Uint8Array(size * 2);
    this.#buffer.set(new Uint8Array(this.#memory.buffer, this.#core.moduleHead(this.#index), head));
    const code = new Uint8Array(this.#memory.buffer, this.#core.moduleCode(this.#index), size - head);
    this.#buffer.set(code, head);
    return this.#buffer.subarray(0, size);
  }
}
