/**
 * Model-specific registers: SDM 4; APM 2, appendix A. A number that is not here raises #GP, as on the processor, which is what systems probe for.
 */
import { lapicHasMsr } from '../../irqchip/lapic';
import { lapicBaseRead, lapicBaseWrite, pcMsrRead, pcMsrWrite, pcSetTscOffset } from '../../irqchip/pc';
import { tlbFlush } from '../../softmmu/tlb';
import { guestTicks } from '../../vcpu/clock';
import { STATE_LOADED } from '../../vcpu/state';
import * as X from './cpu';
import { eferAllowed, modelHasLongMode, modelIsMax, x86Tsc } from './features';
import { isCanonical, x86UpdateFlags } from './mode';
import { fault, loaded } from './system-memory';

const MSR_TSC: u32 = 0x10;
const MSR_PLATFORM_ID: u32 = 0x17;
const MSR_APIC_BASE: u32 = 0x1b;
const MSR_POWER_ON: u32 = 0x2a;
const MSR_FEATURE_CONTROL: u32 = 0x3a;
const MSR_TSC_ADJUST: u32 = 0x3b;
const MSR_SPEC_CTRL: u32 = 0x48;
const MSR_PRED_CMD: u32 = 0x49;
const MSR_MICROCODE_UPDATE: u32 = 0x79;
const MSR_MICROCODE: u32 = 0x8b;
const MSR_FSB_FREQUENCY: u32 = 0xcd;
const MSR_MTRR_CAP: u32 = 0xfe;
const MSR_ARCH_CAPABILITIES: u32 = 0x10a;
const MSR_SYSENTER_CS: u32 = 0x174;
const MSR_SYSENTER_ESP: u32 = 0x175;
const MSR_SYSENTER_EIP: u32 = 0x176;
const MSR_MCG_CAP: u32 = 0x179;
const MSR_MCG_STATUS: u32 = 0x17a;
const MSR_MCG_CTL: u32 = 0x17b;
const MSR_PERF_STATUS: u32 = 0x198;
const MSR_MISC_ENABLE: u32 = 0x1a0;
const MSR_DEBUG_CTL: u32 = 0x1d9;
const MSR_MTRR_VARIABLE: u32 = 0x200;
const MSR_MTRR_FIXED_64K: u32 = 0x250;
const MSR_MTRR_FIXED_16K: u32 = 0x258;
const MSR_MTRR_FIXED_4K: u32 = 0x268;
const MSR_PAT: u32 = 0x277;
const MSR_MTRR_DEFAULT: u32 = 0x2ff;
const MSR_MC_BANKS: u32 = 0x400;
const MSR_EFER: u32 = 0xc0000080;
const MSR_STAR: u32 = 0xc0000081;
const MSR_LSTAR: u32 = 0xc0000082;
const MSR_CSTAR: u32 = 0xc0000083;
const MSR_FMASK: u32 = 0xc0000084;
const MSR_FS_BASE: u32 = 0xc0000100;
const MSR_GS_BASE: u32 = 0xc0000101;
const MSR_KERNEL_GS_BASE: u32 = 0xc0000102;
const MSR_TSC_AUX: u32 = 0xc0000103;

/** Eight variable ranges, fixed ranges, write combining. */
const MTRR_CAP: u64 = 0x508;
/** MCG_CTL is there, ten banks. */
const MCG_CAP: u64 = 0x100 | X.MC_BANK_COUNT;
/**
 * RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO: nothing
 * is executed speculatively here.
 */
const ARCH_CAPABILITIES: u64 = 0x400000000d10e17b;
/** IBRS, STIBP, SSBD, BHI_DIS_S: kept, and without effect. */
const SPEC_CTRL_WRITABLE: u64 = 0x407;
/** Of MSR_FSB_FREQ. */
const FSB_100_MHZ: u64 = 5;
/** IA32_FEATURE_CONTROL is locked, VMX off. */
const FEATURE_CONTROL: u64 = 1;

/** Offset in the state of a register that is simply kept, or 0. */
function keptAt(cpu: usize, msr: u32): u32 {
  if (msr >= MSR_MTRR_VARIABLE && msr < MSR_MTRR_VARIABLE + X.MTRR_VARIABLE_COUNT * 2)
    return X.X86_MTRR_VARIABLE + (msr - MSR_MTRR_VARIABLE) * 8;
  if (msr >= MSR_MC_BANKS && msr < MSR_MC_BANKS + X.MC_BANK_COUNT * 4)
    return X.X86_MC_BANKS + (msr - MSR_MC_BANKS) * 8;
  if (msr >= MSR_MTRR_FIXED_4K && msr < MSR_MTRR_FIXED_4K + 8)
    return X.X86_MTRR_FIXED + (3 + msr - MSR_MTRR_FIXED_4K) * 8;
  switch (msr) {
    case MSR_MTRR_FIXED_64K:
      return X.X86_MTRR_FIXED;
    case MSR_MTRR_FIXED_16K:
    case MSR_MTRR_FIXED_16K + 1:
      return X.X86_MTRR_FIXED + (1 + msr - MSR_MTRR_FIXED_16K) * 8;
    case MSR_MTRR_DEFAULT:
      return X.X86_MTRR_DEFAULT;
    case MSR_PAT:
      return X.X86_PAT;
    case MSR_MISC_ENABLE:
      return X.X86_MISC_ENABLE;
    case MSR_MCG_STATUS:
      return X.X86_MCG_STATUS;
    case MSR_MCG_CTL:
      return X.X86_MCG_CTL;
    case MSR_DEBUG_CTL:
      return X.X86_DEBUG_CTL;
    case MSR_SPEC_CTRL:
      return X.X86_SPEC_CTRL;
    case MSR_SYSENTER_CS:
      return X.X86_SYSENTER_CS;
    case MSR_SYSENTER_ESP:
      return X.X86_SYSENTER_ESP;
    case MSR_SYSENTER_EIP:
      return X.X86_SYSENTER_EIP;
    case MSR_TSC_AUX:
      return modelIsMax(cpu) ? X.X86_TSC_AUX : 0;
  }
  if (!modelHasLongMode(cpu)) return 0;
  switch (msr) {
    case MSR_STAR:
      return X.X86_STAR;
    case MSR_LSTAR:
      return X.X86_LSTAR;
    case MSR_CSTAR:
      return X.X86_CSTAR;
    case MSR_FMASK:
      return X.X86_FMASK;
    case MSR_FS_BASE:
      return X.SEG_BASE + X.SEG_FS * 8;
    case MSR_GS_BASE:
      return X.SEG_BASE + X.SEG_GS * 8;
    case MSR_KERNEL_GS_BASE:
      return X.X86_KERNEL_GS_BASE;
  }
  return 0;
}

/** Helper (callg) of RDMSR, at privilege 0: b = ECX; writes RAX and RDX. */
export function helperRdmsr(cpu: usize, b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  if (!readMsr(cpu, <u32>b)) return 0;
  const value = loaded(cpu);
  store<u64>(cpu, value & 0xffffffff, X.RAX);
  store<u64>(cpu, value >> 32, X.RDX);
  return 0;
}

function give(cpu: usize, value: u64): bool {
  store<u64>(cpu, value, STATE_LOADED);
  return true;
}

function readMsr(cpu: usize, msr: u32): bool {
  const at = keptAt(cpu, msr);
  if (at != 0) return give(cpu, load<u64>(cpu + at));
  if (lapicHasMsr(msr)) return pcMsrRead(cpu, msr) ? true : fault(cpu, X.EXC_GP, 0);
  switch (msr) {
    case MSR_TSC:
      return give(cpu, x86Tsc(cpu));
    case MSR_TSC_ADJUST:
      return give(cpu, load<u64>(cpu, X.X86_TSC_ADJUST));
    case MSR_APIC_BASE:
      return give(cpu, lapicBaseRead(cpu));
    case MSR_MICROCODE:
      return give(cpu, load<u64>(cpu, X.X86_MICROCODE));
    case MSR_MTRR_CAP:
      return give(cpu, MTRR_CAP);
    case MSR_ARCH_CAPABILITIES:
      return give(cpu, ARCH_CAPABILITIES);
    case MSR_MCG_CAP:
      return give(cpu, MCG_CAP);
    case MSR_FEATURE_CONTROL:
      return give(cpu, FEATURE_CONTROL);
    // Bus ratio 10, as in leaf 0x16: 100 MHz.
    case MSR_PERF_STATUS:
      return give(cpu, 0x0a0000000a00);
    case MSR_FSB_FREQUENCY:
      return give(cpu, FSB_100_MHZ);
    case MSR_PLATFORM_ID:
    case MSR_POWER_ON:
    case MSR_MICROCODE_UPDATE:
      return give(cpu, 0);
    case MSR_EFER:
      if (eferAllowed(cpu) != 0) return give(cpu, load<u64>(cpu, X.X86_EFER));
  }
  if (isIdle(msr)) return give(cpu, 0);
  return fault(cpu, X.EXC_GP, 0);
}

/** Helper (callg) of WRMSR, at privilege 0: b = ECX, c = EAX, third = EDX. */
export function helperWrmsr(cpu: usize, b: u64, c: u64, third: u64, _immediate: u32): u64 {
  if (!writeMsr(cpu, <u32>b, (c & 0xffffffff) | (third << 32))) fault(cpu, X.EXC_GP, 0);
  return 0;
}

/** False: #GP, of a number or a value. */
function writeMsr(cpu: usize, msr: u32, value: u64): bool {
  const at = keptAt(cpu, msr);
  if (at != 0) {
    if (!isAllowed(cpu, msr, value)) return false;
    store<u64>(cpu + at, value);
    return true;
  }
  if (lapicHasMsr(msr)) return pcMsrWrite(cpu, msr, value);
  switch (msr) {
    case MSR_TSC: {
      const offset = <i64>value - guestTicks(cpu, 1);
      const moved = offset - load<i64>(cpu, X.X86_TSC_OFFSET);
      store<i64>(cpu, load<i64>(cpu, X.X86_TSC_ADJUST) + moved, X.X86_TSC_ADJUST);
      setTscOffset(cpu, offset);
      return true;
    }
    case MSR_TSC_ADJUST: {
      const moved = <i64>value - load<i64>(cpu, X.X86_TSC_ADJUST);
      store<u64>(cpu, value, X.X86_TSC_ADJUST);
      setTscOffset(cpu, load<i64>(cpu, X.X86_TSC_OFFSET) + moved);
      return true;
    }
    case MSR_APIC_BASE:
      return lapicBaseWrite(cpu, value, false);
    case MSR_EFER:
      return setEfer(cpu, value);
    // No update is ever loaded, and the revision is written with 0 before it is read.
    case MSR_MICROCODE_UPDATE:
    case MSR_MICROCODE:
    case MSR_POWER_ON:
    case MSR_PERF_STATUS + 1:
      return true;
    case MSR_PRED_CMD:
      return (value & ~1) == 0;
  }
  return isIdle(msr);
}

/**
 * Registers of the model that CPUID's signature names (SDM 4, table 2-3) that read 0 here and ignore what is written: machine-check records of the P5,
 * branch records, performance counters, clock modulation, temperature, bus control.
 */
function isIdle(msr: u32): bool {
  switch (msr) {
    case 0x0:
    case 0x1:
    case 0xc1:
    case 0xc2:
    case 0xe7:
    case 0xe8:
    case 0x11e:
    case 0x186:
    case 0x187:
    case 0x1c9:
    case 0x1dd:
    case 0x1de:
    case 0x345:
    case 0x3f1:
      return true;
  }
  return (
    (msr >= 0x40 && msr <= 0x43) ||
    (msr >= 0x60 && msr <= 0x63) ||
    (msr >= 0x199 && msr <= 0x19d) ||
    (msr >= 0x309 && msr <= 0x30b) ||
    (msr >= 0x38d && msr <= 0x390)
  );
}

function setTscOffset(cpu: usize, offset: i64): void {
  store<i64>(cpu, offset, X.X86_TSC_OFFSET);
  pcSetTscOffset(cpu, offset);
}

/** Whether a kept register takes a value. */
function isAllowed(cpu: usize, msr: u32, value: u64): bool {
  switch (msr) {
    case MSR_PAT: {
      // Types 0, 1, 4 to 7.
      for (let i = 0; i < 8; i++) {
        const type = (value >> (i * 8)) & 0xff;
        if (type > 7 || (type & 6) == 2) return false;
      }
      return true;
    }
    case MSR_SPEC_CTRL:
      return (value & ~SPEC_CTRL_WRITABLE) == 0;
    case MSR_MTRR_DEFAULT:
      return (value & ~0xcff) == 0 && isMemoryType(value & 0xff);
    case MSR_MCG_STATUS:
      return (value & ~7) == 0;
    case MSR_MCG_CTL:
      return value == 0 || value == 0xffffffffffffffff;
    case MSR_TSC_AUX:
      return value >> 32 == 0;
    case MSR_LSTAR:
    case MSR_CSTAR:
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
    case MSR_SYSENTER_ESP:
    case MSR_SYSENTER_EIP:
      return !modelHasLongMode(cpu) || isCanonical(value);
  }
  if (msr >= MSR_MC_BANKS && msr < MSR_MC_BANKS + X.MC_BANK_COUNT * 4) {
    // Control: all or nothing; status, address, miscellaneous: only 0.
    return value == 0 || ((msr & 3) == 0 && value == 0xffffffffffffffff);
  }
  return true;
}

function isMemoryType(type: u64): bool {
  return type <= 6 && type != 2 && type != 3;
}

/** SDM 3, 2.2.1: LMA is not written, LME not while paging is on. */
function setEfer(cpu: usize, value: u64): bool {
  const allowed = eferAllowed(cpu);
  if (allowed == 0 || value & ~(<u64>(allowed | X.EFER_LMA))) return false;
  const old = load<u32>(cpu, X.X86_EFER);
  const changes = (<u32>value ^ old) & allowed;
  if (changes & X.EFER_LME && load<u32>(cpu, X.X86_CR0) & X.CR0_PG) return false;
  store<u64>(cpu, old ^ changes, X.X86_EFER);
  if (changes & X.EFER_NXE) tlbFlush(cpu);
  x86UpdateFlags(cpu);
  return true;
}
