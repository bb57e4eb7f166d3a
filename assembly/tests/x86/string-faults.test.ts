/**
 * Repeated string instructions at faults: registers stop at the element that faulted, nothing of it is written, flags stay. The expectations follow
 * from limits and page addresses by the manual (SDM 2, REP; SDM 3, 5.3). The program is fixtures/string-faults.s, assembled.
 */
import { describe, expect, it } from 'vitest';
import { TEST_TIERS } from '../harness.ts';
import { MODE, PROGRAM_BASE } from './fixture.ts';
import { createX86Core, RESET_VECTOR } from './machine.ts';

const PROGRAM =
  '0f011570032000c705000030000000000066b818008ec08ee0fcc705000010003a002000be00000000bf000f0000b9000100' +
  '00b844332211f3ab9c890d00003400893504003400893d080034008f050c0034008b1d08001000891d10003400c705080010' +
  '000000000066b810008ec0c705000010008b002000be00100000bf00003200b92000000064f3a49c890d2000340089352400' +
  '3400893d280034008f052c0034008b1d08001000891d30003400c7050800100000000000c70500001000d7002000be030000' +
  '00bf03013200b90a000000fd64f3a49c890d40003400893544003400893d480034008f054c0034008b1d08001000891d5000' +
  '3400c7050800100000000000fcc7050000100025012000bff8ff0700b910000500be00000000b07767f3aa9c890d60003400' +
  '893564003400893d680034008f056c0034008b1d08001000891d70003400c7050800100000000000c705000010006c012000' +
  'bf01003100b9204e0000b05af3aa9c890d80003400893584003400893d880034008f058c0034008b1d08001000891d900034' +
  '00c70508001000000000000f20e083c8100f22e0c7050000330083000000c7050400330003103300c705fc0f33008300c0ff' +
  'c7050010330003004000c7050410330003104000c7050c10330003304000b8000033000f22d80f20c00d000000800f22c0c7' +
  '05000010000e022000be00003100bf001f4000b900010000f3a59c890da00034008935a4003400893da80034008f05ac0034' +
  '008b1d08001000891db0003400c7050800100000000000c7050000100058022000be00003100bf021f4000b900010000f3a5' +
  '9c890dc00034008935c4003400893dc80034008f05cc0034008b1d08001000891dd0003400c7050800100000000000c70500' +
  '001000a5022000bf001c4000be00000000b900100000b001f9f2ae9c890de00034008935e4003400893de80034008f05ec00' +
  '34008b1d08001000891df0003400c7050800100000000000c70500001000f0022000be00003100bf00314000b900100000fd' +
  'f3a49c890d00013400893504013400893d080134008f050c0134008b1d08001000891d10013400c7050800100000000000fc' +
  'c705000010003d032000be841f4000bf041f4000b900100000f966f3a79c890d20013400893524013400893d280134008f05' +
  '2c0134008b1d08001000891d30013400c7050800100000000000f4ebfd901f007803200066900000000000000000ffff0000' +
  '009bcf00ffff00000093cf000610000030934000';
const RESULTS = 0x34_0000n;
const STRIDE = 32;
const MAX_INSTRUCTIONS = 3000;
const NONE = 0;
const GP = 0x80 | 13;
const PF = 0x80 | 14;
const CF = 1;

interface Case {
  title: string;
  ecx: number;
  esi: number;
  edi: number;
  fault: number;
  carry?: number;
}

const CASES: readonly Case[] = [
  // 0x41 double words fit between 0xf00 and the limit of 0x1006; the next one would end at 0x1007.
  { title: 'rep stosd beyond the limit of ES', ecx: 0x100 - 0x41, esi: 0, edi: 0x1004, fault: GP },
  { title: 'rep movsb beyond the limit of FS', ecx: 0x20 - 7, esi: 0x1007, edi: 0x32_0007, fault: GP },
  { title: 'rep movsb downwards beyond 0', ecx: 10 - 4, esi: 0xffff_ffff, edi: 0x32_00ff, fault: GP },
  { title: 'a16 rep stosb around 64 KiB', ecx: 0x5_0000, esi: 0, edi: 0x7_0008, fault: NONE },
  { title: 'rep stosb of 20,000 bytes', ecx: 0, esi: 0, edi: 0x31_0001 + 20000, fault: NONE },
  { title: 'rep movsd into an absent page', ecx: 0x100 - 0x40, esi: 0x31_0100, edi: 0x40_2000, fault: PF },
  {
    title: 'rep movsd with an element across the end of the page',
    ecx: 0x100 - 0x3f,
    esi: 0x31_00fc,
    edi: 0x40_1ffe,
    fault: PF,
  },
  { title: 'repne scasb', ecx: 0x1000 - 0x400, esi: 0, edi: 0x40_2000, fault: PF, carry: CF },
  { title: 'rep movsb downwards', ecx: 0x1000 - 0x101, esi: 0x30_feff, edi: 0x40_2fff, fault: PF },
  { title: 'repe cmpsw', ecx: 0x1000 - 0x3e, esi: 0x40_2000, edi: 0x40_1f80, fault: PF, carry: CF },
];

async function run(tier: (typeof TEST_TIERS)[number], times: number) {
  const core = await createX86Core({ tier });
  core.load(PROGRAM_BASE, Buffer.from(PROGRAM, 'hex'));
  core.load(MODE, Uint8Array.of(32));
  for (let i = 0; i < times; i += 1) {
    core.load(RESULTS, new Uint8Array(CASES.length * STRIDE));
    core.run({ pc: RESET_VECTOR, maxInstructions: MAX_INSTRUCTIONS });
  }
  return core;
}

describe.each(TEST_TIERS)('string instructions at faults (%s)', (tier) => {
  it('stop at the element that faults', async () => {
    // The second time in the regions of the first.
    const core = await run(tier, 2);
    const results = core.bytes(RESULTS, CASES.length * STRIDE);
    const view = new DataView(results.buffer, results.byteOffset);
    const found = CASES.map(({ title, carry }, i) => {
      const [ecx, esi, edi, flags, fault] = [0, 4, 8, 12, 16].map((at) =>
        view.getUint32(i * STRIDE + at, true),
      );
      return {
        title,
        ecx,
        esi,
        edi,
        fault: fault & 0xff,
        ...(carry === undefined ? {} : { carry: flags & CF }),
      };
    });
    expect(found).toEqual(CASES);
  });

  it('write what comes before it, and no more', async () => {
    const core = await run(tier, 1);
    const filled = core.bytes(0x31_0000n, 20_002);
    expect([filled[0], filled[20_001]]).toEqual([0, 0]);
    expect(filled.subarray(1, 20_001).every((byte) => byte === 0x5a)).toBe(true);
    expect([...core.bytes(0x30_1000n, 8)]).toEqual([0x44, 0x33, 0x22, 0x11, 0, 0, 0, 0]);
    expect([...core.bytes(0xfff0n, 24)]).toEqual([
      ...Array(8).fill(0),
      ...Array(8).fill(0x77),
      ...Array(8).fill(0),
    ]);
    expect([...core.bytes(0n, 9)]).toEqual([...Array(8).fill(0x77), 0]);
  });
});
