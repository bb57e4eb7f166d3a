/** Builds and instantiates the interrupt controllers of a PC for their tests. Time is what the test says: -icount with shift 0. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../../scripts/lib/lock.mjs';
import { buildDir, hashFiles, isFresh, listFiles, markFresh, root } from '../../../scripts/lib/project.mjs';
import * as L from '../../../src/memory/layout.gen.ts';

const NAME = 'irqchip-test';
const TARGET = join(buildDir, `${NAME}.wasm`);

interface Exports {
  prepare(index: number): void;
  stateOf(index: number): number;
  setNow(index: number, ns: bigint): void;
  loaded(index: number): bigint;
  pcIrqchipReset(): void;
  pcIrqchipUpdate(cpu: number): void;
  pcInterruptPending(cpu: number): number;
  pcInterruptAcknowledge(cpu: number): number;
  pcIrqchipDeadline(cpu: number): bigint;
  pcEventsPending(cpu: number): number;
  pcEventTake(cpu: number, event: number): number;
  pcSipiVector(cpu: number): number;
  pcNmi(cpu: number): void;
  pcLocalApicInit(cpu: number): void;
  pcLocalRead(cpu: number, id: number, offset: number, size: number): number;
  pcLocalWrite(cpu: number, id: number, offset: number, value: bigint, size: number): number;
  pcMsrRead(cpu: number, msr: number): number;
  pcMsrWrite(cpu: number, msr: number, value: bigint): number;
  lapicBaseRead(cpu: number): bigint;
  lapicBaseWrite(cpu: number, value: bigint, hasX2apic: number): number;
  pcCr8Read(cpu: number): number;
  pcCr8Write(cpu: number, value: number): void;
  pcSetTscOffset(cpu: number, offset: bigint): void;
  recordStart(cpu: number): void;
  replayStart(cpu: number): void;
  recordStop(cpu: number): void;
  pmTimerStatus(now: bigint): number;
  pmTimerClearStatus(now: bigint): void;
  pmTimerDeadline(now: bigint): bigint;
}

function compile(): void {
  const hash = hashFiles(listFiles(['assembly']));
  if (isFresh(NAME, hash, [TARGET])) return;
  mkdirSync(buildDir, { recursive: true });
  const partial = join(buildDir, `.${process.pid}.${NAME}.wasm`);
  const options = ['--runtime', 'stub', '-O1', '--importMemory', '--sharedMemory', '--memoryBase', '4096'];
  options.push('--initialMemory', '1', '--maximumMemory', '65536', '--enable', 'threads,simd', '-o', partial);
  const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
  const args = [asc, 'assembly/irqchip/tests/entry.ts', ...options];
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  renameSync(partial, TARGET);
  markFresh(NAME, hash);
}

/** Ports of the chips by their number on a PC. */
const PORTS: [first: number, last: number, local: number][] = [
  [0x20, 0x21, L.LOCAL_PIC_MASTER],
  [0xa0, 0xa1, L.LOCAL_PIC_SLAVE],
  [0x4d0, 0x4d1, L.LOCAL_PIC_ELCR],
  [0x40, 0x43, L.LOCAL_PIT],
  [0x61, 0x61, L.LOCAL_PORT_61],
  [0x608, 0x60b, L.LOCAL_PM_TIMER],
];
const WINDOWS: [base: number, size: number, local: number][] = [
  [0xfee00000, 0x1000, L.LOCAL_LAPIC],
  [0xfec00000, 0x1000, L.LOCAL_IOAPIC],
  [0xfed00000, 0x400, L.LOCAL_HPET],
];

/** SPEAKER_* of assembly/layout.ts. */
export interface SpeakerWave {
  tick: number;
  level: number;
  first: number;
  second: number;
  third: number;
}

/** The chips of one PC, on a memory of their own. */
export class Chips {
  readonly exports: Exports;
  private readonly view: DataView;
  private wavesSeen = 0;
  /** The vCPU that accesses and takes interrupts. */
  cpu = 0;
  now = 0n;

  constructor(module: WebAssembly.Module, vcpus = 1) {
    const bytes = L.VCPU_BASE + vcpus * L.VCPU_STRIDE;
    const memory = new WebAssembly.Memory({ initial: bytes >> 16, maximum: bytes >> 16, shared: true });
    const now = () => {
      throw new Error("the host's clock was read");
    };
    this.exports = new WebAssembly.Instance(module, { env: { memory, now } }).exports as unknown as Exports;
    this.view = new DataView(memory.buffer);
    this.view.setInt32(L.VM_VCPU_COUNT, vcpus, true);
    this.view.setInt32(L.VM_ICOUNT_SHIFT, 0, true);
    for (let i = 0; i < vcpus; i++) this.exports.prepare(i);
    this.exports.pcIrqchipReset();
  }

  private get vcpu(): number {
    return this.exports.stateOf(this.cpu);
  }

  /** Sets the guest's clock, in ns, and lets the run loop look. */
  at(ns: bigint | number): this {
    this.now = BigInt(ns);
    this.exports.setNow(this.cpu, this.now);
    this.exports.pcIrqchipUpdate(this.vcpu);
    return this;
  }

  after(ns: bigint | number): this {
    return this.at(this.now + BigInt(ns));
  }

  private region(address: number, port: boolean): [local: number, offset: number] {
    for (const [first, last, local] of port ? PORTS : [])
      if (address >= first && address <= last) return [local, address - first];
    for (const [base, size, local] of port ? [] : WINDOWS)
      if (address >= base && address < base + size) return [local, address - base];
    throw new Error(`nothing at ${address.toString(16)}`);
  }

  private access(address: number, port: boolean, size: number): bigint {
    const [local, offset] = this.region(address, port);
    if (!this.exports.pcLocalRead(this.vcpu, local, offset, size)) return -1n;
    return this.exports.loaded(this.cpu) & 0xffff_ffff_ffff_ffffn;
  }

  in8(port: number): number {
    return Number(this.access(port, true, 1));
  }

  in32(port: number): number {
    return Number(this.access(port, true, 4));
  }

  out8(port: number, ...values: number[]): this {
    const [local, offset] = this.region(port, true);
    for (const value of values) this.exports.pcLocalWrite(this.vcpu, local, offset, BigInt(value), 1);
    return this;
  }

  /** -1: the access is not answered. */
  read(address: number, size = 4): number {
    return Number(this.access(address, false, size));
  }

  read64(address: number): bigint {
    return this.access(address, false, 8);
  }

  write(address: number, value: number | bigint, size = 4): this {
    const [local, offset] = this.region(address, false);
    this.exports.pcLocalWrite(this.vcpu, local, offset, BigInt(value), size);
    return this;
  }

  /** Writes a register of the IOAPIC. */
  ioapic(register: number, value: number): this {
    return this.write(0xfec00000, register).write(0xfec00010, value);
  }

  ioapicRead(register: number): number {
    return this.write(0xfec00000, register).read(0xfec00010);
  }

  /** Drives an IRQ line as VmMemory.setIrq does. */
  line(line: number, level: boolean): this {
    const bit = 1 << line;
    const before = this.view.getInt32(L.IRQ_LEVEL, true);
    this.view.setInt32(L.IRQ_LEVEL, level ? before | bit : before & ~bit, true);
    if (level && !(before & bit))
      this.view.setInt32(L.IRQ_EDGE, this.view.getInt32(L.IRQ_EDGE, true) | bit, true);
    this.exports.pcIrqchipUpdate(this.vcpu);
    return this;
  }

  /** Waves of the speaker that were written since the last call. */
  waves(): SpeakerWave[] {
    const { view } = this;
    const waves: SpeakerWave[] = [];
    const tail = view.getUint32(L.SPEAKER_TAIL, true);
    for (; this.wavesSeen < tail; this.wavesSeen++) {
      const at = L.SPEAKER_RING + (this.wavesSeen % L.SPEAKER_ENTRIES) * L.SPEAKER_STRIDE;
      const [level, first, second, third] = [
        L.SPEAKER_LEVEL,
        L.SPEAKER_FIRST,
        L.SPEAKER_SECOND,
        L.SPEAKER_THIRD,
      ].map((field) => view.getUint32(at + field, true));
      waves.push({ tick: view.getFloat64(at + L.SPEAKER_TICK, true), level, first, second, third });
    }
    return waves;
  }

  /** Writes a word of the VM block. */
  setWord(address: number, value: number): void {
    this.view.setInt32(address, value, true);
  }

  /** All state of the chips, but for what pcIrqchipUpdate keeps to look again. */
  state(): Buffer {
    const end = L.PC_LAPIC_STATE + this.view.getInt32(L.VM_VCPU_COUNT, true) * L.PC_LAPIC_STRIDE;
    const bytes = Buffer.from(new Uint8Array(this.view.buffer, L.PC_IRQCHIP_BASE, end - L.PC_IRQCHIP_BASE));
    return bytes.fill(0, 0x5c0, 0x600);
  }

  /** Vector of the interrupt that the vCPU takes, or -1 if none waits. */
  take(): number {
    this.exports.pcIrqchipUpdate(this.vcpu);
    return this.exports.pcInterruptPending(this.vcpu) ? this.exports.pcInterruptAcknowledge(this.vcpu) : -1;
  }

  /** INTA without a look at what waits. */
  acknowledge(): number {
    return this.exports.pcInterruptAcknowledge(this.vcpu);
  }

  /** Guest ns of the next timer. */
  deadline(): bigint {
    return this.exports.pcIrqchipDeadline(this.vcpu);
  }

  /** LAPIC_EVENT_* that wait; they are taken. */
  events(): number {
    const waiting = this.exports.pcEventsPending(this.vcpu);
    this.exports.pcEventTake(this.vcpu, waiting);
    return waiting;
  }

  /** RDMSR, or null for #GP. */
  rdmsr(msr: number): bigint | null {
    return this.exports.pcMsrRead(this.vcpu, msr) ? this.exports.loaded(this.cpu) : null;
  }

  /** WRMSR; false: #GP. */
  wrmsr(msr: number, value: bigint | number): boolean {
    return this.exports.pcMsrWrite(this.vcpu, msr, BigInt(value)) !== 0;
  }

  setBase(value: bigint): boolean {
    return this.exports.lapicBaseWrite(this.vcpu, value, 1) !== 0;
  }
}

/** Compiles tests/entry.ts if anything changed. */
/** The module, built if it is stale. */
export async function compileChips(): Promise<WebAssembly.Module> {
  await withLock(NAME, async () => compile());
  return new WebAssembly.Module(readFileSync(TARGET));
}

export async function loadChips(): Promise<(vcpus?: number) => Chips> {
  const module = await compileChips();
  return (vcpus) => new Chips(module, vcpus);
}
