import { beforeEach, describe, expect, it } from 'vitest';
import * as L from '../memory/layout.gen.ts';
import { VmMemory } from '../memory/vm-memory.ts';
import { STALL_LOOKS, StallWatch } from './stall-watch.ts';

let vm: VmMemory;
let watch: StallWatch;

beforeEach(() => {
  vm = new VmMemory({
    vcpus: 2,
    icount: null,
    slots: [{ name: 'ram', kind: 'ram', guestBase: 0, size: 65536 }],
  });
  for (let i = 0; i < 2; i++) vm.store(vm.vcpu(i) + L.COMM_RUN_STATE, L.RUN_STATE_RUNNING);
  watch = new StallWatch(vm);
});

const count = (index: number, counter: number): void => {
  Atomics.add(vm.i64, (vm.vcpu(index) + counter) / 8, 1n);
};

/** Looks `times` times; what the last look said. */
function look(times: number, before: () => void = () => {}): boolean {
  let stalled = false;
  for (let i = 0; i < times; i++) {
    before();
    stalled = watch.look();
  }
  return stalled;
}

const alive = (): void => {
  count(0, L.COUNTER_INSTRUCTIONS);
  count(1, L.COUNTER_SLEEP_NS);
};

describe('a vCPU', () => {
  it('lives while it retires instructions or counts its sleep', () => {
    expect(look(5 * STALL_LOOKS, alive)).toBe(false);
  });

  it.each([
    ['running', L.RUN_STATE_RUNNING],
    ['halted', L.RUN_STATE_HALTED],
    ['paused, although nobody asks for it any more', L.RUN_STATE_PAUSED],
  ])('is dead when it counts nothing for all looks: %s', (_name, state) => {
    look(3, alive);
    vm.store(vm.vcpu(1) + L.COMM_RUN_STATE, state);
    const other = () => count(0, L.COUNTER_INSTRUCTIONS);
    expect(look(STALL_LOOKS - 1, other)).toBe(false);
    expect(look(1, other)).toBe(true);
  });

  it('is given all looks anew after a sign of life', () => {
    expect(look(STALL_LOOKS, () => count(0, L.COUNTER_INSTRUCTIONS))).toBe(false);
    alive();
    expect(look(STALL_LOOKS, () => count(0, L.COUNTER_INSTRUCTIONS))).toBe(false);
  });

  it.each<[string, (area: number) => void]>([
    [
      'paused as asked',
      (area) => {
        vm.store(area + L.COMM_RUN_STATE, L.RUN_STATE_PAUSED);
        vm.store(area + L.COMM_REQUEST, L.REQUEST_PAUSE);
      },
    ],
    ['in an exit', (area) => vm.store(area + L.COMM_EXIT_PENDING, 1)],
    [
      'before a full ring',
      (area) => {
        vm.store(area + L.COMM_RING_HEAD, -3);
        vm.store(area + L.COMM_RING_TAIL, L.RING_ENTRIES - 3);
      },
    ],
  ])('that waits for the page is not suspected: %s', (_name, enter) => {
    enter(vm.vcpu(1));
    expect(look(5 * STALL_LOOKS, () => count(0, L.COUNTER_INSTRUCTIONS))).toBe(false);
  });
});
