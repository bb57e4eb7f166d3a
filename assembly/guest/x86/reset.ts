/** State after power-on, INIT and SIPI. SDM 3, table 9-1, and 8.4. */
import { pcIrqchipUpdate, pcLocalApicInit, pcLocalRead, pcLocalWrite } from '../../irqchip/pc';
import { tlbFlush } from '../../softmmu/tlb';
import { setGuestKey } from '../../vcpu/exception';
import * as S from '../../vcpu/state';
import { CC_EFLAGS } from './cc';
import * as X from './cpu';
import { sseFastSetup } from './helpers-sse';
import { SIGNATURE } from './features';
import { x86Deadline, x86HasWakeup, x86TakeInterrupt } from './irq';
import { x86DeliverException } from './interrupt';
import { x86BusError, x86PageWalk } from './mmu';
import { x86DataMmu, x86FetchMmu, x86UpdateFlags } from './mode';
import { setSegment } from './segment';
import { x86EndBlock, x86Translate } from './translate';

const RESET_CODE_BASE: u64 = 0xffff0000;
const RESET_CODE_SELECTOR: u32 = 0xf000;
const RESET_EIP: u32 = 0xfff0;
const RESET_PAT: u64 = 0x0007040600070406;
const RESET_SMBASE: u64 = 0x30000;
/** XMM_DAZ is off, all exceptions are masked. */
const RESET_MXCSR: u64 = 0x1f80;
/** FNINIT's control word is 0x37f; power-on leaves 0x40. */
const RESET_X87_CONTROL: u64 = 0x40;
/** Fast strings. */
const RESET_MISC_ENABLE: u64 = 1;
/** As QEMU's for this vendor. */
const RESET_MICROCODE: u64 = 0x100000000;

const DATA_ATTRIBUTES: u32 = X.SEGMENT_PRESENT | X.SEGMENT_S | X.SEGMENT_WRITABLE | X.SEGMENT_ACCESSED;

/** Power-on with a CPUID model (MODEL_*). The state area is zero when this is called, but for what vcpu/run.ts set. */
export function x86Reset(cpu: usize, model: u32): void {
  store<u32>(cpu, model, X.X86_MODEL);
  store<u64>(cpu, X.CR0_ET | X.CR0_NW | X.CR0_CD, X.X86_CR0);
  store<u64>(cpu, RESET_PAT, X.X86_PAT);
  store<u64>(cpu, RESET_SMBASE, X.X86_SMBASE);
  store<u64>(cpu, RESET_MISC_ENABLE, X.X86_MISC_ENABLE);
  store<u64>(cpu, RESET_MICROCODE, X.X86_MICROCODE);
  store<u64>(cpu, RESET_MXCSR, X.MXCSR);
  store<u64>(cpu, RESET_X87_CONTROL, X.X87_CONTROL);
  store<u64>(cpu, X.TAGS_ANY, X.X87_TAGS);
  store<u64>(cpu, 1, X.X86_XCR0);
  for (let bank: u32 = 0; bank < X.MC_BANK_COUNT; bank++)
    store<u64>(cpu + X.X86_MC_BANKS + bank * 32, 0xffffffffffffffff);
  sseFastSetup(cpu);
  setHooks(cpu);
  beginExecution(cpu, RESET_CODE_SELECTOR, RESET_CODE_BASE, RESET_EIP);
  if (load<u32>(cpu, S.STATE_INDEX) != 0) store<u32>(cpu, 1, X.X86_WAIT_SIPI);
}

function setHooks(cpu: usize): void {
  store<u32>(cpu, x86PageWalk.index, S.STATE_HOOK_WALK);
  store<u32>(cpu, x86BusError.index, S.STATE_HOOK_BUS_ERROR);
  store<u32>(cpu, x86Translate.index, S.STATE_GUEST_TRANSLATE);
  store<u32>(cpu, x86EndBlock.index, S.STATE_GUEST_END_BLOCK);
  store<u32>(cpu, x86FetchMmu.index, S.STATE_GUEST_FETCH_MMU);
  store<u32>(cpu, x86DataMmu.index, S.STATE_GUEST_DATA_MMU);
  store<u32>(cpu, pcIrqchipUpdate.index, S.STATE_GUEST_UPDATE_LINES);
  store<u32>(cpu, x86TakeInterrupt.index, S.STATE_GUEST_TAKE_INTERRUPT);
  store<u32>(cpu, x86HasWakeup.index, S.STATE_GUEST_HAS_WAKEUP);
  store<u32>(cpu, x86Deadline.index, S.STATE_GUEST_DEADLINE);
  store<u32>(cpu, x86DeliverException.index, S.STATE_GUEST_DELIVER);
  store<u32>(cpu, pcLocalRead.index, S.STATE_GUEST_LOCAL_READ);
  store<u32>(cpu, pcLocalWrite.index, S.STATE_GUEST_LOCAL_WRITE);
  store<u32>(cpu, X.BLOCK_CODE64, S.STATE_GUEST_WIDE);
}

/** INIT: general registers, segments, control and debug registers; not x87, SSE, MSRs, and CR0's cache bits. SDM 3, table 9-1. */
export function x86Init(cpu: usize): void {
  const cacheBits = load<u32>(cpu, X.X86_CR0) & (X.CR0_NW | X.CR0_CD);
  store<u64>(cpu, X.CR0_ET | cacheBits, X.X86_CR0);
  store<u64>(cpu, 0, X.X86_CR2);
  store<u64>(cpu, 0, X.X86_CR3);
  store<u64>(cpu, 0, X.X86_CR4);
  store<u64>(cpu, load<u32>(cpu, X.X86_EFER) & ~X.EFER_LMA, X.X86_EFER);
  store<u32>(cpu, 0, X.X86_SHADOW);
  store<u32>(cpu, 0, X.X86_DEBUG_PENDING);
  store<u32>(cpu, 0, X.X86_NMI_BLOCKED);
  pcLocalApicInit(cpu);
  beginExecution(cpu, RESET_CODE_SELECTOR, RESET_CODE_BASE, RESET_EIP);
  if (load<u32>(cpu, S.STATE_INDEX) != 0) store<u32>(cpu, 1, X.X86_WAIT_SIPI);
}

/** SIPI: real mode at vector << 12. SDM 3, 8.4.3. */
export function x86Startup(cpu: usize, vector: u32): void {
  store<u32>(cpu, 0, X.X86_WAIT_SIPI);
  beginExecution(cpu, vector << 8, (<u64>vector) << 12, 0);
}

/** Registers and segments as INIT leaves them, with CS:EIP at a place. */
function beginExecution(cpu: usize, selector: u32, base: u64, eip: u32): void {
  for (let i: u32 = 0; i < 16; i++) store<u64>(cpu + X.GPR + i * 8, 0);
  store<u64>(cpu, SIGNATURE, X.RDX);
  store<u64>(cpu, CC_EFLAGS, X.CC_OP);
  store<u64>(cpu, 0, X.CC_SRC);
  store<i64>(cpu, 1, X.DF);
  store<u64>(cpu, 0, X.X86_EFLAGS);
  store<u32>(cpu, 0, X.X86_CPL);
  for (let segment: u32 = 0; segment < 6; segment++) setSegment(cpu, segment, 0, 0, 0xffff, DATA_ATTRIBUTES);
  setSegment(cpu, X.SEG_CS, selector, base, 0xffff, DATA_ATTRIBUTES | X.SEGMENT_CODE);
  setSystemSegment(cpu, X.X86_LDTR, X.TYPE_LDT);
  setSystemSegment(cpu, X.X86_TR, X.TYPE_TSS32_BUSY);
  setTable(cpu, X.X86_GDTR);
  setTable(cpu, X.X86_IDTR);
  for (let i: u32 = 0; i < 4; i++) store<u64>(cpu + X.X86_DR + i * 8, 0);
  store<u64>(cpu, X.DR6_FIXED, X.X86_DR6);
  store<u64>(cpu, X.DR7_FIXED, X.X86_DR7);
  tlbFlush(cpu);
  setGuestKey(cpu, <u32>base);
  store<u64>(cpu, base + eip, S.STATE_PC);
  store<u32>(cpu, 0, S.STATE_CHAIN_FROM);
  x86UpdateFlags(cpu);
}

function setSystemSegment(cpu: usize, register: u32, type: u32): void {
  store<u64>(cpu + register, 0, X.SEG_SELECTOR);
  store<u32>(cpu + register, 0xffff, X.SEG_LIMIT);
  store<u32>(cpu + register, X.SEGMENT_PRESENT | (type << X.SEGMENT_TYPE_SHIFT), X.SEG_ATTRIBUTES);
  store<u64>(cpu + register, 0, X.SYSTEM_BASE);
}

function setTable(cpu: usize, register: u32): void {
  store<u64>(cpu + register, 0, X.TABLE_BASE);
  store<u32>(cpu + register, 0xffff, X.TABLE_LIMIT);
}
