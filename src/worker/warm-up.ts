/**
 * Has the core optimised before its guest starts. An engine runs a module as baseline code first and compiles a function anew, in the background, once it has used
 * up a budget: V8 after 13 MB of its code, which firmware reaches when it is nearly done, and then the compiler takes 40 ms for the interpreter alone. Counts
 * and code belong to the module, not to its instances; so a small guest runs in an instance of its own while the page still loads images.
 */
import * as L from '../memory/layout.gen.ts';
import { RegionTable } from '../memory/region-table.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import { coreImports } from './core-imports.ts';
import { WARM_UP_GUESTS, WARM_UP_RAM } from './warm-up-guests.ts';

interface WarmUpExports {
  reset(index: number, pc: bigint, processor: bigint, threshold: number): void;
  run(index: number): number;
}

/** By the clock that the guest sees a slice takes longer than run() may (CALL_MS of assembly/vcpu/run.ts), so that each call runs one. */
const CLOCK_STEP_MS = 5;

/**
 * @param wanted whether to go on; asked between slices, after a turn for the worker's messages
 * @returns how its last slice ended (RESULT_HALT: it came to its end), and its counters (COUNTER_*)
 */
export async function warmUp(
  module: WebAssembly.Module,
  arch: string,
  wanted: () => boolean,
): Promise<{ result: number; counter: (counter: number) => number }> {
  const guest = WARM_UP_GUESTS[arch];
  const vm = new VmMemory({
    vcpus: 1,
    slots: [{ name: 'ram', kind: 'ram', guestBase: guest.ramBase, size: WARM_UP_RAM }],
    icount: null,
  });
  const [ram] = vm.slots;
  const table = new RegionTable(vm);
  table.addSlot(ram);
  vm.u8.set(guest.program, ram.linear + guest.programAt);
  guest.finish(vm, table, ram);
  let clock = 0;
  const now = () => {
    clock += CLOCK_STEP_MS;
    return clock;
  };
  const instance = await WebAssembly.instantiate(module, coreImports(vm.memory, now));
  const core = instance.exports as unknown as WarmUpExports;
  core.reset(0, guest.pc, 0n, 0);
  const turns = new MessageChannel();
  let result: number = L.RESULT_SLICE;
  while (result === L.RESULT_SLICE && wanted()) {
    result = core.run(0);
    await new Promise<unknown>((resolve) => {
      turns.port1.onmessage = resolve;
      turns.port2.postMessage(null);
    });
  }
  turns.port1.close();
  return { result, counter: (at) => Number(vm.i64[(vm.vcpu(0) + at) / 8]) };
}
