/**
 * Accesses at constant distances from one register, which share a probe of the TLB in tier 1 (ir/passes/probe.ts), where one page does not hold them
 * all: across the end of a page, around 4 GiB, into an absent page. The expectations follow from the addresses by the manual (SDM 1, 3.7.5; SDM 3,
 * 4.7). The program is fixtures/shared-probes.s, assembled.
 */
import { describe, expect, it } from 'vitest';
import { TEST_TIERS } from '../harness.ts';
import { MODE, PROGRAM_BASE } from './fixture.ts';
import { createX86Core, RESET_VECTOR } from './machine.ts';

const PROGRAM =
  '0f20e083c8100f22e0c7050000330083000000c7050400330003103300c705fc0f33008300c0ffc7050010330003103000c7' +
  '050410330003003000b8000033000f22d80f20c00d000000800f22c0c7050000000044444444c705f80f300077777777c705' +
  'fc0f300033333333c7050020300099999999bd32000000c7050000300022222222c705fc1f3000111111118b1db00120008b' +
  '038b4b04a300003400890d040034008b1db40120008b43fc8b4bf8a308003400890d0c0034008b1db80120008b038b4b04a3' +
  '10003400890d140034008b1dbc0120008b43fc8b4bf8a318003400890d1c0034008b1dc0012000c703ddccbbaac743040403' +
  '0201a1f81f3000a320003400a1fc1f3000a324003400a100003000a3280034008925000134008b25c4012000686666666668' +
  '22222222681111111158598b2500013400a32c003400890d30003400a104003000a334003400a1fc1f3000a338003400c705' +
  '00001000800120008b1dc8012000b9785634128b038943fc8b4b04c743fc00000000a33c003400890d40003400a1f80f3000' +
  'a344003400a108001000a3480034000f20d0a34c0034004d0f85cdfefffff490fc0f400004104000fcffffff04000000fa0f' +
  '400008104000fc1f4000';
const RESULTS = 0x34_0000n;
const WORDS = 20;
const MAX_INSTRUCTIONS = 20_000;
const PF = 0x80 | 14;
/** The last double word below 4 GiB is the firmware's. */
const TOP = 0xffff_fffcn;

describe.each(TEST_TIERS)('accesses that share a probe (%s)', (tier) => {
  it('find the bytes of their own addresses', async () => {
    const core = await createX86Core({ tier });
    core.load(PROGRAM_BASE, Buffer.from(PROGRAM, 'hex'));
    core.load(MODE, Uint8Array.of(32));
    expect(core.run({ pc: RESET_VECTOR, maxInstructions: MAX_INSTRUCTIONS }).reason).toBe('wfi');
    const words = (address: bigint, count: number) => {
      const { buffer, byteOffset } = core.bytes(address, count * 4);
      return Array.from({ length: count }, (_, i) => new DataView(buffer, byteOffset).getUint32(i * 4, true));
    };
    const found = words(RESULTS, WORDS);
    const [top] = words(TOP, 1);
    expect(found.slice(0, 4), 'across pages').toEqual([0x11111111, 0x22222222, 0x22222222, 0x11111111]);
    expect(found.slice(4, 8), 'around 4 GiB').toEqual([top, 0x44444444, 0x44444444, top]);
    expect(
      found.slice(8, 11).map((word) => word.toString(16)),
      'stores',
    ).toEqual(['ccdd0000', '304aabb', '22220102']);
    expect(found.slice(11, 15), 'pushes').toEqual([0x11111111, 0x22222222, 0x66666666, 0x11111111]);
    expect(found.slice(15), 'a fault').toEqual([0x33333333, 0x12345678, 0x33333333, PF, 0x402000]);
  });
});
