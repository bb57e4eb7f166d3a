import type { VmMemory } from './vm-memory.ts';

/**
 * The page's side of an interrupt status register that the vCPU reads and acknowledges by itself (`acknowledge` in assembly/softmmu/device.ts).
 *
 * Each side changes the status, then sets the line to what the status says, then looks whether it still says so. Whichever sets the line last has
 * looked after it; had the status changed since, the one who changed it would set the line after that. So the line ends up as the status says.
 */
export class IrqLatch {
  private readonly vm: VmMemory;
  private readonly word: number;
  private readonly line: number;

  /** @param status linear address of the status word */
  constructor(vm: VmMemory, status: number, line: number) {
    this.vm = vm;
    this.word = status >> 2;
    this.line = line;
  }

  get bits(): number {
    return Atomics.load(this.vm.i32, this.word) >>> 0;
  }

  raise(bits: number): void {
    Atomics.or(this.vm.i32, this.word, bits);
    this.drive();
  }

  acknowledge(bits: number): void {
    Atomics.and(this.vm.i32, this.word, ~bits);
    this.drive();
  }

  private drive(): void {
    let up: boolean;
    do {
      up = this.bits !== 0;
      this.vm.setIrq(this.line, up);
    } while (up !== (this.bits !== 0));
  }
}
