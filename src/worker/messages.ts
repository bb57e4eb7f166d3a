/**
 * Control messages between the page and a vCPU worker. Comlink carries them, and only while the vCPU is stopped: a
 * running worker receives no messages. Stop, pause, kick and flush are words in the shared memory (assembly/layout.ts).
 */
export interface VcpuInit {
  memory: WebAssembly.Memory;
  /** The compiled core of the guest's architecture (build/core*.wasm). */
  module: WebAssembly.Module;
  /** Index of the vCPU; its area lies at VCPU_BASE + index * VCPU_STRIDE. */
  index: number;
  /** Guest architecture, as in VmConfig: which registers there are. */
  arch: string;
  tier: 'auto' | 'interp' | 'jit' | 'check';
  /** Executions after which tier 1 takes a block; absent: the default. */
  threshold?: number;
}

export interface VcpuWorkerApi {
  /** Gets the core's functions optimised by running a guest of its own, until that ends or init() is called. Before init(), or not at all. */
  warmUp(options: Pick<VcpuInit, 'module' | 'arch'>): Promise<void>;
  /** Instantiates the core on the shared memory. Call once, before anything else but warmUp(). */
  init(options: VcpuInit): Promise<void>;
  /**
   * Puts the vCPU into its architectural reset state, with the program counter at the board's reset vector. `processor`: what the architecture's
   * reset takes besides, the hart's number on RISC-V, the model on x86.
   */
  reset(options: { pc: bigint; processor: number }): Promise<void>;
  /** Runs until REQUEST_STOP, or until the guest cannot go on; resolves with RESULT_STOP, RESULT_RESET, RESULT_TRAP_LOOP or RESULT_DIFFERENCE. */
  run(): Promise<number>;
  /** A readable dump of the registers, for error reports and the monitor; after RESULT_DIFFERENCE with what differs. The vCPU must be stopped. */
  describe(): Promise<string>;
}
