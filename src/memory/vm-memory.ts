import { VmError } from '../core/errors.ts';
import {
  COMM_KICK,
  COMM_REQUEST,
  IRQ_EDGE,
  IRQ_LEVEL,
  TIMER_COUNT,
  TIMER_DEADLINES,
  VCPU_BASE,
  VCPU_STRIDE,
  VM_CLOCK_EPOCH,
  VM_ICOUNT_SHIFT,
  VM_MAP_GENERATION,
  VM_VCPU_COUNT,
} from './layout.gen.ts';
import { type MemorySlot, type SlotRequest, slotBytes } from './slots.ts';

const WASM_PAGE = 65536;

/** Options of {@link VmMemory}. */
export interface VmMemoryOptions {
  vcpus: number;
  /** RAM, ROM and video memory, placed after the vCPU areas in this order. */
  slots: readonly SlotRequest[];
  /** Shift of `-icount`, or null for the host's clock. */
  icount: number | null;
}

/**
 * The one shared memory of a machine: VM block, vCPU areas, memory slots. The creator fills in the shared state once;
 * every instance of the core finds it there (assembly/layout.ts).
 */
export class VmMemory {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly i64: BigInt64Array;
  readonly view: DataView;
  readonly vcpus: number;
  readonly slots: readonly MemorySlot[];

  /** @throws VmError out-of-memory when the browser gives no memory of that size */
  constructor(options: VmMemoryOptions) {
    this.vcpus = options.vcpus;
    let linear = VCPU_BASE + options.vcpus * VCPU_STRIDE;
    const slots: MemorySlot[] = [];
    for (const request of options.slots) {
      slots.push({ ...request, linear });
      linear += slotBytes(request.size);
    }
    this.slots = slots;
    this.memory = allocate(linear);
    const buffer = this.memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer, 0, (VCPU_BASE + options.vcpus * VCPU_STRIDE) / 4);
    this.i64 = new BigInt64Array(buffer, 0, (VCPU_BASE + options.vcpus * VCPU_STRIDE) / 8);
    this.view = new DataView(buffer);
    Atomics.store(this.i32, VM_VCPU_COUNT >> 2, options.vcpus);
    Atomics.store(this.i32, VM_ICOUNT_SHIFT >> 2, options.icount ?? -1);
    this.view.setFloat64(VM_CLOCK_EPOCH, 0, true);
    for (let i = 0; i < TIMER_COUNT; i++) Atomics.store(this.i64, TIMER_DEADLINES / 8 + i, -1n);
  }

  /** Atomic word at a byte address. */
  load(address: number): number {
    return Atomics.load(this.i32, address >> 2);
  }

  store(address: number, value: number): void {
    Atomics.store(this.i32, address >> 2, value);
  }

  /** Linear address of a vCPU's area. */
  vcpu(index: number): number {
    return VCPU_BASE + index * VCPU_STRIDE;
  }

  /** Wakes one vCPU: whoever calls it has changed the state before (design: kick word protocol). */
  kick(index: number): void {
    const word = (this.vcpu(index) + COMM_KICK) >> 2;
    Atomics.add(this.i32, word, 1);
    Atomics.notify(this.i32, word);
  }

  kickAll(): void {
    for (let i = 0; i < this.vcpus; i++) this.kick(i);
  }

  /** Raises REQUEST_* bits of every vCPU and wakes it. */
  requestAll(bits: number): void {
    for (let i = 0; i < this.vcpus; i++) {
      Atomics.or(this.i32, (this.vcpu(i) + COMM_REQUEST) >> 2, bits);
      this.kick(i);
    }
  }

  /** Takes REQUEST_* bits back on every vCPU and wakes it, so that a paused one notices. */
  withdrawAll(bits: number): void {
    for (let i = 0; i < this.vcpus; i++) {
      Atomics.and(this.i32, (this.vcpu(i) + COMM_REQUEST) >> 2, ~bits);
      this.kick(i);
    }
  }

  /** The memory map is another one: to be called inside an exit, whose answer makes the vCPU forget the old one. */
  mapChanged(): void {
    Atomics.add(this.i32, VM_MAP_GENERATION >> 2, 1);
  }

  /** Drives an IRQ line; a rising edge is latched and wakes the vCPUs. A falling one wakes nobody: no sleeper waits for it. */
  setIrq(line: number, level: boolean): void {
    const word = line >> 5;
    const bit = 1 << (line & 31);
    if (!level) {
      Atomics.and(this.i32, (IRQ_LEVEL >> 2) + word, ~bit);
    } else if ((Atomics.or(this.i32, (IRQ_LEVEL >> 2) + word, bit) & bit) === 0) {
      Atomics.or(this.i32, (IRQ_EDGE >> 2) + word, bit);
      this.kickAll();
    }
  }
}

function allocate(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / WASM_PAGE);
  const mib = Math.ceil((pages * WASM_PAGE) / 1048576);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    const ram = possibleRam(pages);
    throw new VmError(
      'out-of-memory',
      `The browser gave no ${mib} MiB of memory for this machine: choose less RAM (-m)${ram > 0 ? `, such as ${ram}` : ''}, or close other tabs.`,
      { cause },
    );
  }
}

/** What a machine has beside its RAM at most, about, and the step of what is proposed, MiB. */
const BESIDE_RAM = 64;

/** MiB of RAM that a machine could have where the browser does not give so many pages; 0: hardly any. */
function possibleRam(pages: number): number {
  for (let some = pages >> 1; some > (BESIDE_RAM << 20) / WASM_PAGE; some >>= 1) {
    try {
      new WebAssembly.Memory({ initial: some, maximum: some, shared: true });
    } catch {
      continue;
    }
    const mib = (some * WASM_PAGE) / 1048576 - BESIDE_RAM;
    return Math.floor(mib / BESIDE_RAM) * BESIDE_RAM;
  }
  return 0;
}
