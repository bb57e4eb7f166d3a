/**
 * The JavaScript half of tier 1: makes the modules that the core emits, puts their functions into the shared table, and reuses the slots
 * of modules that are dead. Everything here is synchronous and runs in the vCPU worker between two slices.
 */
import * as L from '../memory/layout.gen.ts';

export interface CompilerExports {
  table: WebAssembly.Table;
  queued(index: number): number;
  compile(index: number, base: number): number;
  moduleHead(index: number): number;
  moduleHeadSize(index: number): number;
  moduleCode(index: number): number;
  moduleCodeSize(index: number): number;
  install(index: number, base: number, module: number): void;
}

/** Slots that a batch may need: BATCH_MAX of assembly/tb/compile.ts. */
const BATCH_SLOTS = 32;
/** How much the table grows at a time. */
const TABLE_STEP = 1024;

export class RegionCompiler {
  readonly #core: CompilerExports;
  readonly #memory: WebAssembly.Memory;
  readonly #index: number;
  readonly #counters: BigUint64Array;
  readonly #imports: WebAssembly.Imports;
  #next: number;
  #modules = 0;

  constructor(core: CompilerExports, memory: WebAssembly.Memory, index: number) {
    this.#core = core;
    this.#memory = memory;
    this.#index = index;
    this.#counters = new BigUint64Array(memory.buffer);
    this.#next = core.table.length;
    const imports: Record<string, WebAssembly.ImportValue> = { m: memory, t: core.table };
    for (const [name, value] of Object.entries(core)) if (name.length === 1) imports[name] = value;
    this.#imports = { e: imports };
  }

  /** Compiles one batch of waiting blocks, if there are any. */
  compileWaiting(): void {
    if (this.#core.queued(this.#index) === 0) return;
    const start = performance.now();
    const { table } = this.#core;
    const base = this.#next;
    if (base + BATCH_SLOTS > table.length) table.grow(TABLE_STEP);
    const regions = this.#core.compile(this.#index, base);
    if (regions > 0) {
      new WebAssembly.Instance(new WebAssembly.Module(this.#bytes()), this.#imports);
      this.#core.install(this.#index, base, ++this.#modules);
      this.#next += regions;
    }
    const counter = (L.VCPU_BASE + this.#index * L.VCPU_STRIDE + L.COUNTER_COMPILE_NS) >> 3;
    this.#counters[counter] =
      (this.#counters[counter] as bigint) + BigInt(Math.round((performance.now() - start) * 1e6));
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    const head = this.#core.moduleHeadSize(this.#index);
    const code = this.#core.moduleCodeSize(this.#index);
    const bytes = new Uint8Array(head + code);
    bytes.set(new Uint8Array(this.#memory.buffer, this.#core.moduleHead(this.#index), head));
    bytes.set(new Uint8Array(this.#memory.buffer, this.#core.moduleCode(this.#index), code), head);
    return bytes;
  }
}
