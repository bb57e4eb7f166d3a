import { expect, it } from 'vitest';
import { VmMemory } from '../memory/vm-memory.ts';
import { sampleMemory } from './memory-use.ts';

const MIB = 1 << 20;

it('memory in use is estimated from pages that are not zeros, wherever in them', () => {
  const memory = new VmMemory({
    vcpus: 1,
    slots: [
      { name: 'ram', kind: 'ram', guestBase: 0, size: 16 * MIB },
      { name: 'rom', kind: 'rom', guestBase: 64 * MIB, size: MIB },
    ],
    icount: null,
  });
  expect(sampleMemory(memory)).toEqual({ used: 0, total: 16 * MIB });
  const [{ linear }] = memory.slots;
  // A quarter, by one byte in each page: its first, its last, or between.
  for (let page = 0; page < 1024; page++) memory.u8[linear + page * 4096 + ((page * 1365) % 4096)] = 1;
  for (const shift of [0, 0.5, 0.999]) {
    const { used } = sampleMemory(memory, shift);
    expect(used / MIB).toBeGreaterThan(3.9);
    expect(used / MIB).toBeLessThan(4.1);
  }
});
