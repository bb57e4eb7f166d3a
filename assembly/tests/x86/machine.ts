/** The core of x86 guests in the harness: RAM from 0 on, and the fixtures' firmware below 4 GiB. */
import {
  type CoreExports,
  createTestCore,
  type TestCore,
  type TestGuest,
  type TestTier,
} from '../harness.ts';
import { loadRom, ROM_BASE, ROM_BYTES } from './fixture.ts';

export const RESET_VECTOR = 0xffff_fff0n;

const X86_EFLAGS = 0x900;
const EFLAGS_IF = 0x200;

/** MODEL_* of assembly/guest/x86/cpu.ts. */
const MODELS = { qemu64: 0n, max: 1n, max32: 3n };

function starting(model: bigint): Pick<TestGuest, 'reset' | 'restart'> {
  return {
    reset: (exports: CoreExports, pc: bigint, threshold: number) => exports.reset(0, pc, model, threshold),
    restart: (exports: CoreExports, pc: bigint) => exports.restart(0, pc, model),
  };
}

export const X86: TestGuest = {
  core: 'core-x86.debug.wasm',
  ram: 0n,
  scratch: [{ base: ROM_BASE, size: ROM_BYTES }],
  local: [],
  ...starting(MODELS.max),
  sleepsForever: (memory: DataView, state: number) =>
    (memory.getUint32(state + X86_EFLAGS, true) & EFLAGS_IF) === 0,
};

let rom: Uint8Array | undefined;

function firmware(): Uint8Array {
  rom ??= loadRom();
  return rom;
}

/** The same with another model of the processor. */
export function x86Guest(model: keyof typeof MODELS): TestGuest {
  return { ...X86, ...starting(MODELS[model]) };
}

/** After a reset of the test's machine, which clears its memory. */
export function loadFirmware(core: TestCore): void {
  core.load(ROM_BASE, firmware());
}

/** A machine whose firmware is loaded; programs begin at the reset vector. */
export async function createX86Core(options: {
  tier: TestTier;
  icount?: number;
  stepMs?: number;
}): Promise<TestCore> {
  const core = await createTestCore({ ...options, guest: X86 });
  core.reset();
  loadFirmware(core);
  return core;
}
