import { COMM_REGISTERS, COMM_REGISTERS_CHANGED } from '../memory/layout.gen.ts';
import type { VmMemory } from '../memory/vm-memory.ts';
import type { PortRegisters } from '../hw/input/vmport.ts';

/** The registers of the vCPU whose access to a port is being answered; there is one vCPU. */
export class ExitRegisters implements PortRegisters {
  private readonly vm: VmMemory;

  constructor(vm: VmMemory) {
    this.vm = vm;
  }

  get(register: number): number {
    return this.vm.load(this.vm.vcpu(0) + COMM_REGISTERS + register * 4) >>> 0;
  }

  set(register: number, value: number): void {
    const area = this.vm.vcpu(0);
    this.vm.store(area + COMM_REGISTERS + register * 4, value);
    this.vm.store(
      area + COMM_REGISTERS_CHANGED,
      this.vm.load(area + COMM_REGISTERS_CHANGED) | (1 << register),
    );
  }
}
