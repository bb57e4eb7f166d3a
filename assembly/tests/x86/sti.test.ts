/**
 * The shadow of STI at the end of a slice: the instruction behind an STI runs before an interrupt that comes up just then (SDM 2, STI). A loop in real
 * mode sets a flag, enables interrupts and clears the flag with the next instruction; the handler of IRQ 4 must never see it set.
 */
import { describe, expect, it } from 'vitest';
import { IO_PORT_BASE, IRQ_EDGE, IRQ_LEVEL, LOCAL_PIC_MASTER } from '../../../src/memory/layout.gen.ts';
import { createTestCore, TEST_TIERS } from '../harness.ts';
import { RESET_VECTOR, X86 } from './machine.ts';

const IMAGE = 0xf_0000n;
/** Far jump to the image. */
const RESET_CODE = Uint8Array.of(0xea, 0x00, 0x00, 0x00, 0xf0);
/** u8: what handlers saw of the flag; u16: how many ran. */
const SEEN = 0x501n;
const COUNT = 0x502n;
const IRQ = 1 << 4;
const ROUNDS = 300;

const SETUP = [
  ...[0xfa], // cli
  ...[0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c], // ax = ds = ss = 0, sp = 0x7c00
  ...[0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x08, 0xe6, 0x21], // ICW1, ICW2: vectors from 8 on
  ...[0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21], // ICW3, ICW4
  ...[0xb0, 0xef, 0xe6, 0x21], // all but IRQ 4 masked
];
const LOOP = [
  ...[0xfa], // cli
  ...[0xc6, 0x06, 0x00, 0x05, 0x01], // mov byte [0x500], 1
  ...[0xfb], // sti
  ...[0xc6, 0x06, 0x00, 0x05, 0x00], // mov byte [0x500], 0
  ...[0x41, 0x42], // inc cx; inc dx
];
const HANDLER = [
  ...[0x50, 0xa0, 0x00, 0x05], // push ax; mov al, [0x500]
  ...[0x08, 0x06, 0x01, 0x05], // or [0x501], al
  ...[0xff, 0x06, 0x02, 0x05], // inc word [0x502]
  ...[0xb0, 0x20, 0xe6, 0x20], // EOI
  ...[0x58, 0xcf], // pop ax; iret
];
const VECTOR_BYTES = 12;
const handlerAt = SETUP.length + VECTOR_BYTES + LOOP.length + 2;
const PROGRAM = Uint8Array.from([
  ...SETUP,
  ...[0xc7, 0x06, 0x30, 0x00, handlerAt, 0x00], // mov word [0x30], handler
  ...[0xc7, 0x06, 0x32, 0x00, 0x00, 0xf0], // mov word [0x32], 0xf000
  ...LOOP,
  ...[0xeb, 0x100 - LOOP.length - 2], // jmp loop
  ...HANDLER,
]);

describe.each(TEST_TIERS)('an interrupt that comes up behind STI at the end of a slice (%s)', (tier) => {
  it('waits for the next instruction', async () => {
    const local = [{ base: BigInt(IO_PORT_BASE) + 0x20n, size: 2n, id: LOCAL_PIC_MASTER }];
    // By this clock each slice takes too long, so that every call is one slice. With 7 instructions in the loop and 8 in the handler every other one
    // ends behind the STI.
    const core = await createTestCore({ tier, stepMs: 5, guest: { ...X86, local } });
    core.reset();
    core.load(IMAGE, PROGRAM);
    core.load(RESET_VECTOR, RESET_CODE);
    core.run({ pc: RESET_VECTOR, maxInstructions: 1000 });
    const lines = new Int32Array(core.memory.buffer);
    for (let i = 0; i < ROUNDS; i++) {
      Atomics.or(lines, IRQ_LEVEL >> 2, IRQ);
      Atomics.or(lines, IRQ_EDGE >> 2, IRQ);
      core.resume({ maxInstructions: 1 });
      Atomics.and(lines, IRQ_LEVEL >> 2, ~IRQ);
    }
    expect(Buffer.from(core.bytes(COUNT, 2)).readUInt16LE(0)).toBe(ROUNDS);
    expect([...core.bytes(SEEN, 1)]).toEqual([0]);
  });
});
