/**
 * System programs on both tiers: real mode, mode switches, segments, gates, tasks, paging, traps, fast system calls, interrupts, system management mode. What they log is compared with what QEMU's
 * processor logged (scripts/gen-x86-system-fixtures.mjs), and for what QEMU does not check with the manual.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LOCAL_LAPIC } from '../../../src/memory/layout.gen.ts';
import { createTestCore, TEST_TIERS, type TestGuest, type TestTier } from '../harness.ts';
import { RESET_VECTOR, x86Guest } from './machine.ts';

const LOG = 0x60000n;
const IMAGE = 0xf0000n;
const MAX_INSTRUCTIONS = 5_000_000;
/** EA 00 00 00 F0: far jump to the image below 1 MiB. */
const RESET_CODE = Uint8Array.of(0xea, 0x00, 0x00, 0x00, 0xf0);

/** A local APIC, whose interrupts to itself come at once. */
const LOCAL = [{ base: 0xfee0_0000n, size: 0x1000n, id: LOCAL_LAPIC }];
/** Models of the programs that do not run on `max`. */
const MODELS: Record<string, Parameters<typeof x86Guest>[0]> = { smm32: 'max32', model: 'qemu64' };

interface Fixture {
  image: string;
  log?: string[];
}

function load(name: string): Fixture {
  return JSON.parse(readFileSync(new URL(`./fixtures/system-${name}.json`, import.meta.url), 'utf8'));
}

/** Runs a program and returns its log, in hexadecimal. */
async function run(name: string, tier: TestTier): Promise<string[]> {
  const guest: TestGuest = { ...x86Guest(MODELS[name] ?? 'max'), local: LOCAL };
  const core = await createTestCore({ tier, guest });
  core.reset();
  core.load(IMAGE, Buffer.from(load(name).image, 'hex'));
  core.load(RESET_VECTOR, RESET_CODE);
  const { reason } = core.run({ pc: RESET_VECTOR, maxInstructions: MAX_INSTRUCTIONS });
  expect(reason).toBe('wfi');
  const words = Number(core.readU64(LOG) & 0xffff_ffffn);
  const bytes = Buffer.from(core.bytes(LOG + 4n, words * 4));
  return Array.from({ length: words }, (_, i) => bytes.readUInt32LE(i * 4).toString(16));
}

const GP = (0xd << 16).toString(16);
const SS = (0xc << 16).toString(16);
const UD = (0x6 << 16).toString(16);
const NM = (0x7 << 16).toString(16);
const XM = (0x13 << 16).toString(16);
const DB = (0x1 << 16).toString(16);
const NONE = '0';

/** The cases of checks.S in their order. SDM 3, 5.3 to 5.5 (limits, types), 2.5 (control registers), 4.4.1 (PDPTEs), 17.2 (debug registers), 13.1 (SSE); SDM 1, 13.8 (XRSTOR). */
const CHECKS: [string, string][] = [
  ['load through a null selector', GP],
  ['store through a null selector with RPL 3', GP],
  ['double word that ends at the limit', NONE],
  ['double word that ends behind the limit', GP],
  ['byte at the limit', NONE],
  ['byte behind the limit', GP],
  ['word that wraps around the address space', GP],
  ['expand-down: byte at the limit', GP],
  ['expand-down: byte above the limit', NONE],
  ['expand-down: double word that begins at or below the limit', GP],
  ['expand-down, 32 bits: last double word', NONE],
  ['expand-down, 16 bits: byte above the limit', NONE],
  ['expand-down, 16 bits: last double word', NONE],
  ['expand-down, 16 bits: double word beyond 64 KiB', GP],
  ['load from readable code', NONE],
  ['store to code', GP],
  ['store through CS', GP],
  ['load from read-only data', NONE],
  ['store to read-only data', GP],
  ['read-modify-write of read-only data', GP],
  ['pop beyond the limit of the stack', SS],
  ['load through SS beyond its limit', SS],
  ['far jump beyond the limit of the code segment', GP],
  ['CR0.PG without PE', GP],
  ['CR0.NW without CD', GP],
  ['reserved bit of CR4', GP],
  ['reserved bit of a page-directory pointer', GP],
  ['LTR of a null selector', GP],
  ['RDMSR of a register that does not exist', GP],
  ['INT1', DB],
  ['general detect', DB],
  ['DR7 after it', '400'],
  ['DR6 after it', '2000'],
  ['MXCSR with everything unmasked', NONE],
  ['0 / 0 unmasked, without CR4.OSXMMEXCPT', UD],
  ['0 / 0 unmasked', XM],
  ['reserved bit of MXCSR in LDMXCSR', GP],
  ['reserved bit of MXCSR in FXRSTOR', GP],
  ['reserved bit of MXCSR in XRSTOR', GP],
  ['XRSTOR of the initial state', NONE],
  ['XSAVE with CR0.TS', NM],
  ['XRSTOR with CR0.TS', NM],
  ['EMMS with CR0.TS', NM],
  ['EMMS with CR0.EM', UD],
];

/** The cases of limits16.S: what is raised, or what is logged after it. SDM 3, 20.1.1 and 5.3; IP and flags of exceptions do not count here. */
const LIMITS16: [string, string][] = [
  ['byte at 64 KiB - 1', NONE],
  ['word there', GP],
  ['store of a word there', GP],
  ['double word at the end', NONE],
  ['double word across the end', GP],
  ['read-modify-write of a word across the end', GP],
  ['CMPXCHG8B at the end', NONE],
  ['CMPXCHG8B across it', GP],
  ['16 bytes at the end', NONE],
  ['16 bytes across it', GP],
  ['FLD of 8 bytes at the end', NONE],
  ['FLD across it', GP],
  ['FNSTENV at the end', NONE],
  ['FNSTENV across it', GP],
  ['LES at the end', NONE],
  ['LES across it', GP],
  ['SGDT across it', GP],
  ['32-bit address of 64 KiB', GP],
  ['32-bit address of 64 KiB - 1', NONE],
  ['word across the end of the stack', SS],
  ['byte at its end', NONE],
  ['POP across it', SS],
  ['PUSH of a double word across it', SS],
  ['LODSW across the end', GP],
  ['REP MOVSW', GP],
  ['CX after it', '2'],
  ['SI after it', 'ffff'],
  ['REP STOSW', GP],
  ['CX after it', '2'],
  ['jump to 64 KiB', GP],
  ['instruction that ends behind 64 KiB', GP],
];

/** What CASE16 of cases16.inc logs, in the form of checks.S. */
function cases16(log: readonly string[]): string[] {
  const cases: string[] = [];
  for (let i = 0; i < log.length; i++) {
    const value = Number.parseInt(log[i], 16);
    const vector = value >>> 16;
    if (value === 0x900d) cases.push(NONE);
    else cases.push(vector ? (vector << 16).toString(16) : log[i]);
    if (vector) i++;
  }
  return cases;
}

const PROGRAMS: readonly string[] = [
  'protected',
  'long',
  'events',
  'state',
  'real',
  'gates16',
  'init',
  'smm32',
  'model',
];

/** Also with every block compiled before it first runs, and with both tiers compared at each region. */
const TIERS: readonly TestTier[] = [...TEST_TIERS, 'eager', 'check'];

describe.each(TIERS)('system programs (%s)', (tier) => {
  it.each(PROGRAMS)('%s.S does what QEMU does', async (name) => {
    expect(await run(name, tier)).toEqual(load(name).log);
  });

  it('checks what the manual wants checked', async () => {
    const log = await run('checks', tier);
    expect(CHECKS.map(([title], i) => [title, log[i]])).toEqual(CHECKS);
    expect(log.length).toBe(CHECKS.length);
  });

  it('checks the limits of real mode', async () => {
    const log = cases16(await run('limits16', tier));
    expect(LIMITS16.map(([title], i) => [title, log[i]])).toEqual(LIMITS16);
    expect(log.length).toBe(LIMITS16.length);
  });
});
