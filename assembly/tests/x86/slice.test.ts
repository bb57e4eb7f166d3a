/** How promptly the run loop looks at what happened: assembly/vcpu/slice.ts. The clock makes each slice so long that every call of the core is one slice. */
import { describe, expect, it } from 'vitest';
import * as L from '../../../src/memory/layout.gen.ts';
import { createTestCore, type TestCore, type TestTier } from '../harness.ts';
import { RESET_VECTOR, X86 } from './machine.ts';

const PROGRAM = 0x7c00n;
const PORTS = BigInt(L.IO_PORT_BASE);
/** Below 1 MiB, for programs in real mode. */
const HPET = 0xd0000n;
const GUEST = {
  ...X86,
  local: [
    { base: PORTS + 0x20n, size: 2n, id: L.LOCAL_PIC_MASTER },
    { base: PORTS + 0x40n, size: 4n, id: L.LOCAL_PIT },
    { base: HPET, size: 0x400n, id: L.LOCAL_HPET },
  ],
};
const TIERS = ['interp', 'eager'] as const;
const ONE_SLICE_MS = 5;

/** u32 at 0x500: rounds of the loop. */
const COUNT = 0x500n;
/** incl 0x500; jmp to it */
const LOOP = [0x66, 0xff, 0x06, 0x00, 0x05, 0xeb, 0xf9];
/** cli; xor %ax, %ax; mov %ax, %ds; mov %ax, %es; mov %ax, %ss; mov $0x7000, %sp; cld */
const START = [0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x70, 0xfc];

async function start(program: number[], tier: TestTier, options: { icount?: number; onClock?: () => void }) {
  const core = await createTestCore({ tier, guest: GUEST, stepMs: ONE_SLICE_MS, ...options });
  core.reset();
  // ljmp $0, $0x7c00
  core.load(RESET_VECTOR, Uint8Array.of(0xea, 0x00, 0x7c, 0, 0));
  core.load(PROGRAM, Uint8Array.from([...START, ...program]));
  return core;
}

describe.each(TIERS)('a slice (%s)', (tier) => {
  it.each([
    ['port', [0xe4, 0x40, 0xe4, 0x40]], // in $0x40, %al; in $0x40, %al
    ['memory', [0x26, 0x66, 0xa1, 0xf0, 0x00, 0x26, 0x66, 0xa1, 0xf0, 0x00]], // mov %es:0xf0, %eax, twice
  ])('ends at an access to a device after a kick (%s)', async (_name, access) => {
    let core: TestCore | undefined;
    let kicks = 0;
    const onClock = () => {
      // The device reads the clock at its first access.
      if (core?.counter(L.COUNTER_LOCAL) !== 1 || kicks > 0) return;
      kicks += 1;
      Atomics.add(new Int32Array(core.memory.buffer), (L.VCPU_BASE + L.COMM_KICK) >> 2, 1);
    };
    // mov $0xd000, %ax; mov %ax, %es
    core = await start([0xb8, 0x00, 0xd0, 0x8e, 0xc0, ...access, ...LOOP], tier, { onClock });
    core.run({ pc: RESET_VECTOR, maxInstructions: 1 });
    expect(kicks).toBe(1);
    expect(core.readU64(COUNT)).toBe(0n);
    core.resume({ maxInstructions: 1 });
    expect(core.readU64(COUNT)).toBeGreaterThan(1000n);
  });

  it('counts what string instructions move', async () => {
    // mov $0x8000, %cx; mov %cx, %di; rep stosb; incl 0x500; jmp
    const fill = [0xb9, 0x00, 0x80, 0x89, 0xcf, 0xf3, 0xaa, 0x66, 0xff, 0x06, 0x00, 0x05, 0xeb, 0xf2];
    const core = await start(fill, tier, {});
    core.run({ pc: RESET_VECTOR, maxInstructions: 1 });
    core.resume({ maxInstructions: 1 });
    // Two slices of 16,384 instructions, each of which would fill 8 KiB: 128 MiB of 32 KiB a round.
    expect(core.readU64(COUNT)).toBeGreaterThan(0n);
    expect(core.readU64(COUNT)).toBeLessThan(64n);
  });

  it('ends under -icount when a timer is due that was set inside it', async () => {
    const program = [
      ...[0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x08, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21], // 8259: vectors from 8
      ...[0xb0, 0xfe, 0xe6, 0x21], // all but IRQ 0 masked
      ...[0xc7, 0x06, 0x20, 0x00, 0x00, 0x7e, 0xc7, 0x06, 0x22, 0x00, 0x00, 0x00], // vector 8: 0:0x7e00
      ...[0xb0, 0x30, 0xe6, 0x43, 0xb0, 0xe8, 0xe6, 0x40, 0xb0, 0x03, 0xe6, 0x40], // counter 0, mode 0: 1,000 ticks
      ...[0xfb, ...LOOP],
    ];
    const core = await start(program, tier, { icount: 10 });
    core.load(0x7e00n, Uint8Array.of(0xfa, 0xf4)); // cli; hlt
    expect(core.run({ pc: RESET_VECTOR, maxInstructions: 20_000 }).reason).toBe('wfi');
    // 1,001 ticks of 1/1.193182 µs, and two instructions of 1.024 µs a round; the STI and the end of the loop's block come in between.
    const rounds = (1001 / 1.193182 / 1.024 / 2) | 0;
    expect(Math.abs(Number(core.readU64(COUNT) & 0xffffffffn) - rounds)).toBeLessThanOrEqual(2);
  });
});
