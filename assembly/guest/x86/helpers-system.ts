/** Helpers of system instructions that are no file of their own: tables, flags, counters, pages, XCR0. SDM 2. */
import { tlbFlushPage } from '../../softmmu/tlb';
import { pcInterruptPending } from '../../irqchip/pc';
import { raise, requestCheck } from '../../vcpu/exception';
import { x86WriteFlags } from './cc';
import * as X from './cpu';
import { x86Tsc } from './features';
import { cplOf, dataMmuOf, interruptFlagChanged, isCanonical, isLongMode, x86UpdateFlags } from './mode';
import { beginShadow } from './segment';
import { probeLinearWrite, writeLinear } from './system-memory';

/** callx, of SLDT, STR, SMSW, SGDT and SIDT above privilege 0. */
export function helperUmip(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (load<u32>(cpu, X.X86_CR4) & X.CR4_UMIP) raise(cpu, X.EXC_GP, 0);
  return 0;
}

/** callx, of LGDT and LIDT: b = limit, c = base, immediate = X86_GDTR or X86_IDTR. */
export function helperLoadTable(cpu: usize, b: u64, c: u64, _third: u64, register: u32): u64 {
  if (isLongMode(cpu) && !isCanonical(c)) {
    raise(cpu, X.EXC_GP, 0);
    return 0;
  }
  store<u32>(cpu + register, <u32>b & 0xffff, X.TABLE_LIMIT);
  store<u64>(cpu + register, c, X.TABLE_BASE);
  return 0;
}

/** callx, of SGDT and SIDT: b = linear address, c = bytes of the base (4 or 8), immediate as for helperLoadTable. */
export function helperStoreTable(cpu: usize, b: u64, c: u64, _third: u64, register: u32): u64 {
  const mmu = dataMmuOf(cpu);
  const bytes = <u32>c;
  if (!probeLinearWrite(cpu, b, bytes + 2, mmu)) return 0;
  if (!writeLinear(cpu, b, load<u32>(cpu + register, X.TABLE_LIMIT), 2, mmu)) return 0;
  writeLinear(cpu, b + 2, load<u64>(cpu + register, X.TABLE_BASE), bytes, mmu);
  return 0;
}

/**
 * callx, of STI where IOPL allows it: b = linear address of the next instruction, immediate = 1 in an interrupt shadow. The shadow begins only if IF
 * was 0. Where no interrupt waits, and mostly none does, it need not begin: only if the run loop looks at interrupts before the next instruction, as at
 * the end of a slice, it does so there (x86TakeInterrupt).
 */
export function helperSti(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const eflags = load<u32>(cpu, X.X86_EFLAGS);
  if (eflags & X.FLAG_IF) return 0;
  store<u64>(cpu, eflags | X.FLAG_IF, X.X86_EFLAGS);
  if (immediate != 0) requestCheck(cpu);
  else if (!pcInterruptPending(cpu)) store<u64>(cpu, b, X.X86_STI_NEXT);
  else {
    requestCheck(cpu);
    beginShadow(cpu, X.SHADOW_STI);
  }
  return 0;
}

/** callg, of POPF: b = value, immediate = logarithm of the operand's bytes. In virtual-8086 mode IOPL was checked. */
export function helperPopf(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  const cpl = cplOf(cpu);
  const iopl = (load<u32>(cpu, X.X86_EFLAGS) & X.FLAG_IOPL) >> X.FLAG_IOPL_SHIFT;
  let mask = X.FLAGS_ARITHMETIC | X.FLAG_DF | X.FLAG_TF | X.FLAG_NT | X.FLAG_RF | X.FLAG_AC | X.FLAG_ID;
  if (cpl == 0) mask |= X.FLAG_IOPL;
  if (cpl <= iopl) mask |= X.FLAG_IF;
  if (immediate == 1) mask &= 0xffff;
  const before = load<u32>(cpu, X.X86_EFLAGS);
  x86WriteFlags(cpu, <u32>b & ~X.FLAG_RF, mask);
  x86UpdateFlags(cpu);
  interruptFlagChanged(cpu, before);
  return 0;
}

/** callx, of CLAC and STAC at privilege 0: immediate = 0 or FLAG_AC. */
export function helperSetAc(cpu: usize, _b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  store<u64>(cpu, (load<u32>(cpu, X.X86_EFLAGS) & ~X.FLAG_AC) | immediate, X.X86_EFLAGS);
  x86UpdateFlags(cpu);
  return 0;
}

/** callx, of RDTSC and RDTSCP. */
export function helperRdtsc(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (load<u32>(cpu, X.X86_CR4) & X.CR4_TSD && cplOf(cpu) != 0) {
    raise(cpu, X.EXC_GP, 0);
    return 0;
  }
  return x86Tsc(cpu);
}

/** callx, of INVLPG at privilege 0: b = linear address. */
export function helperInvlpg(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (!isLongMode(cpu)) b &= 0xffffffff;
  else if (!isCanonical(b)) return 0;
  tlbFlushPage(cpu, b);
  return 0;
}

/** callx, of XGETBV: b = ECX. */
export function helperXgetbv(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if ((load<u32>(cpu, X.X86_CR4) & X.CR4_OSXSAVE) == 0) raise(cpu, X.EXC_UD, 0);
  else if (<u32>b != 0) raise(cpu, X.EXC_GP, 0);
  return load<u64>(cpu, X.X86_XCR0);
}

/** callx, of XSETBV: b = ECX, c = EAX, third = EDX. x87 and SSE are all there is; x87 cannot be switched off. */
export function helperXsetbv(cpu: usize, b: u64, c: u64, third: u64, _immediate: u32): u64 {
  const value = (c & 0xffffffff) | (third << 32);
  if ((load<u32>(cpu, X.X86_CR4) & X.CR4_OSXSAVE) == 0) raise(cpu, X.EXC_UD, 0);
  else if (cplOf(cpu) != 0 || <u32>b != 0 || (value & ~3) != 0 || (value & 1) == 0) raise(cpu, X.EXC_GP, 0);
  else store<u64>(cpu, value, X.X86_XCR0);
  return 0;
}

/** callx, of RDFSBASE and its kin: b = value to be written, 0 of a read. */
export function helperFsgsbase(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if ((load<u32>(cpu, X.X86_CR4) & X.CR4_FSGSBASE) == 0) raise(cpu, X.EXC_UD, 0);
  else if (!isCanonical(b)) raise(cpu, X.EXC_GP, 0);
  return 0;
}

/** callx, of INTO: b = arithmetic flags, immediate = length of the instruction. */
export function helperInto(cpu: usize, b: u64, _c: u64, _third: u64, immediate: u32): u64 {
  if (b & X.FLAG_OF) {
    store<u32>(cpu, X.SOFT_INTO, X.X86_SOFT_INT);
    store<u32>(cpu, immediate, X.X86_SOFT_LENGTH);
    raise(cpu, X.EXC_OF, 0);
  }
  return 0;
}
