/**
 * x87: the pointers that FNSTENV shows, pending exceptions, CR0.TS, and faults of memory operands, which change nothing. The words of the
 * environments are those that an AMD processor stored for the same instructions; the rest is by the manual (SDM 1, 8.1.8; SDM 3, 2.5, 6.15). The program is
 * fixtures/x87-state.s, assembled.
 */
import { describe, expect, it } from 'vitest';
import { TEST_TIERS, type TestTier } from '../harness.ts';
import { MODE, PROGRAM_BASE } from './fixture.ts';
import { createX86Core, RESET_VECTOR } from './machine.ts';

const PROGRAM =
  'dbe3d9e8dc0db8022000d93500103400c7051c10340004002000dbe3d92dc6022000d9e8d835c0022000d93520103400c705' +
  '3c10340024002000dbe2d92dc4022000d9e0d93540103400c7055c10340042002000dbe3d92dc6022000d9e8d835c0022000' +
  '66d93560103400c7057c1034005e002000668cc866a380103400668cd866a382103400c70584103400b8022000c705881034' +
  '00c0022000dbe3d92dc6022000d9e8d835c00220000f20c089c283e0df0f22c0c70500001000c2002000d9e58b1d08001000' +
  '891d00003400c705080010000000000083c8200f22c0c70500001000ea002000d9e58b1d08001000891d04003400c7050800' +
  '100000000000dbe383c80883e0fd0f22c0c7050000100017012000d9e88b1d08001000891d08003400c70508001000000000' +
  '00c70500001000380120009b8b1d08001000891d0c003400c705080010000000000083c8020f22c0c705000010005f012000' +
  '9b8b1d08001000891d10003400c705080010000000000083e0f70f22c00f20e083c8100f22e0c7050000330083000000c705' +
  '0400330003103300c705fc0f33008300c0ffc7050010330003003000c7050410330003003100b8000033000f22d80f20c00d' +
  '000000800f22c0dbe3d9e8c70500001000dd012000db3dfc1f40008b1d08001000891d14003400c7050800100000000000c7' +
  '050000100003022000db2dfa1f40008b1d08001000891d18003400c7050800100000000000c7050000100029022000dd35c0' +
  '1f40008b1d08001000891d1c003400c7050800100000000000c705000010004f022000df1d002040008b1d08001000891d20' +
  '003400c7050800100000000000c7050000100075022000dd25c01f40008b1d08001000891d24003400c70508001000000000' +
  '00c705000010009b022000df35f81f40008b1d08001000891d28003400c7050800100000000000dd3500113400f400000000' +
  '0000f03f000000007f037b03';
const FAULTS = 0x34_0000n;
const ENVIRONMENTS = 0x34_1000n;
const SAVED = 0x34_1100n;
const MAX_INSTRUCTIONS = 3000;
const NONE = 0;
const NM = 0x80 | 7;
const PF = 0x80 | 14;
const MF = 0x80 | 16;

const CASES: readonly [string, number][] = [
  ['a pending exception without CR0.NE', NONE],
  ['a pending exception with CR0.NE', MF],
  ['fld1 with CR0.TS', NM],
  ['fwait with CR0.TS alone', NONE],
  ['fwait with CR0.TS and CR0.MP', NM],
  ['fstp tbyte into an absent page', PF],
  ['fld tbyte from an absent page', PF],
  ['fnsave into an absent page', PF],
  ['fistp into an absent page', PF],
  ['frstor from an absent page', PF],
  ['fbstp into an absent page', PF],
];

async function run(tier: TestTier) {
  const core = await createX86Core({ tier });
  core.load(PROGRAM_BASE, Buffer.from(PROGRAM, 'hex'));
  core.load(MODE, Uint8Array.of(32));
  core.run({ pc: RESET_VECTOR, maxInstructions: MAX_INSTRUCTIONS });
  const view = (address: bigint, length: number) => {
    const bytes = core.bytes(address, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  };
  return { core, view };
}

describe.each(TEST_TIERS)('x87 state (%s)', (tier) => {
  it('raises what the manual says', async () => {
    const { view } = await run(tier);
    const faults = view(FAULTS, CASES.length * 4);
    expect(CASES.map(([title], n) => [title, faults.getUint8(n * 4)])).toEqual(CASES);
  });

  it('keeps the pointers of the last instruction', async () => {
    const { view } = await run(tier);
    const all = view(ENVIRONMENTS, 0x100);
    const word = (at: number) => all.getUint32(at, true);
    const [cs, ds] = [all.getUint16(0x80, true), all.getUint16(0x82, true)];
    const [one, zero] = [word(0x84), word(0x88)];
    const environment = (n: number) => [0, 1, 2, 3, 4, 5, 6].map((i) => word(n * 32 + i * 4));
    const pc = (n: number) => word(n * 32 + 28);
    const high = 0xffff_0000;
    const selector = (opcode: number) => ((opcode << 16) | cs) >>> 0;
    expect(environment(0)).toEqual([
      high + 0x37f,
      high + 0x3800,
      high + 0x3fff,
      pc(0),
      selector(0x40d),
      one,
      high + ds,
    ]);
    expect(environment(1)).toEqual([
      high + 0x37b,
      high + 0xb884,
      high + 0x3fff,
      pc(1),
      selector(0x035),
      zero,
      high + ds,
    ]);
    expect(environment(2).slice(3)).toEqual([pc(2), selector(0x1e0), zero, high + ds]);
    const short = [0, 1, 2, 3, 4, 5, 6].map((i) => all.getUint16(0x60 + i * 2, true));
    expect(short).toEqual([0x37b, 0xb884, 0x3fff, pc(3) & 0xffff, cs, zero & 0xffff, ds]);
  });

  it('changes nothing when it faults', async () => {
    const { core, view } = await run(tier);
    expect([...core.bytes(0x31_0fc0n, 0x40)]).toEqual(Array(0x40).fill(0));
    const saved = view(SAVED, 108);
    // Control, status with TOP 7, tags of one full register; ST(0) = 1.
    expect([0, 4, 8].map((at) => saved.getUint16(at, true))).toEqual([0x37f, 0x3800, 0x3fff]);
    expect([saved.getBigUint64(28, true), saved.getUint16(36, true)]).toEqual([1n << 63n, 0x3fff]);
  });
});
