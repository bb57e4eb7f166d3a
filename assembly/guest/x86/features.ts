/**
 * What the processor models offer: CPUID (SDM 2, CPUID; APM 3, appendix E) and the bits of CR4, EFER and XCR0 that go with it. The models are those
 * of QEMU, as far as this processor has their features, and nothing that it lacks.
 *
 * The clocks are told, so that no guest has to calibrate: leaf 0x15 (TSC), 0x16 (processor) and 0x40000010 (TSC and bus in kHz).
 */
import { lapicBaseRead } from '../../irqchip/pc';
import { guestTicks } from '../../vcpu/clock';
import { STATE_INDEX } from '../../vcpu/state';
import * as X from './cpu';

/** Of the time-stamp counter and of the local APIC's timer. */
export const TSC_HZ: u32 = 1000000000;
const APIC_HZ: u32 = 1000000000;

// Leaf 1, EDX: FPU DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2
const LEAF1_EDX: u32 = 0x078bfbfd;
/** Leaf 1, ECX of qemu64: SSE3, CX16. */
const LEAF1_ECX_QEMU64: u32 = (1 << 0) | (1 << 13);
/** Of max also PCLMULQDQ, SSSE3, SSE4.1, SSE4.2, MOVBE, POPCNT, TSC deadline, AES, XSAVE, RDRAND. */
const LEAF1_ECX_MAX: u32 =
  LEAF1_ECX_QEMU64 |
  (1 << 1) |
  (1 << 9) |
  (1 << 19) |
  (1 << 20) |
  (1 << 22) |
  (1 << 23) |
  (1 << 24) |
  (1 << 25) |
  (1 << 26) |
  (1 << 30);
const ECX_OSXSAVE: u32 = 1 << 27;
const ECX_HYPERVISOR: u32 = (<u32>1) << 31;
/** Leaf 7, EBX: TSC_ADJUST; Linux takes it as a promise that the counter needs no watchdog. */
const LEAF7_EBX: u32 = 1 << 1;
/** Leaf 7, EBX of max: FSGSBASE, TSC_ADJUST, BMI1, SMEP, BMI2, ERMS, ADX, SMAP. */
const LEAF7_EBX_MAX: u32 =
  (1 << 0) | (1 << 1) | (1 << 3) | (1 << 7) | (1 << 8) | (1 << 9) | (1 << 19) | (1 << 20);
/** Leaf 7, ECX of max: UMIP. */
const LEAF7_ECX_MAX: u32 = 1 << 2;
/** Leaf 7, EDX: SPEC_CTRL and ARCH_CAPABILITIES, which tells guests that there is nothing to mitigate: see msr.ts. */
const LEAF7_EDX: u32 = (1 << 26) | (1 << 29);
/** Leaf 7, subleaf 2, EDX: BHI_CTRL, without which Linux clears a branch history at each system call. */
const LEAF7_2_EDX: u32 = 1 << 4;
/** Leaf 0x80000001, EDX. */
const EXTENDED_EDX_SYSCALL: u32 = 1 << 11;
const EXTENDED_EDX_NX: u32 = 1 << 20;
const EXTENDED_EDX_RDTSCP: u32 = 1 << 27;
const EXTENDED_EDX_LM: u32 = 1 << 29;
/** Leaf 0x80000001, ECX. */
const EXTENDED_ECX_LAHF: u32 = 1 << 0;
/** Of max: LZCNT, and PREFETCHW, without which 64-bit Windows does not start. */
const EXTENDED_ECX_MAX: u32 = (1 << 5) | (1 << 8);

/** Size of XSAVE's area: legacy region and header. */
const XSAVE_SIZE: u32 = 576;
/** Leaf 0x0d, subleaf 1, EAX: XSAVEOPT, XSAVEC. */
const XSAVE_OPTIMISED: u32 = 1;
const XSAVE_COMPACT: u32 = 2;

export function modelIsMax(cpu: usize): bool {
  const model = load<u32>(cpu, X.X86_MODEL);
  return model == X.MODEL_MAX || model == X.MODEL_MAX32;
}

export function modelHasLongMode(cpu: usize): bool {
  const model = load<u32>(cpu, X.X86_MODEL);
  return model == X.MODEL_QEMU64 || model == X.MODEL_MAX;
}

export function cr4Allowed(cpu: usize): u32 {
  const allowed =
    X.CR4_TSD |
    X.CR4_DE |
    X.CR4_PSE |
    X.CR4_PAE |
    X.CR4_MCE |
    X.CR4_PGE |
    X.CR4_PCE |
    X.CR4_OSFXSR |
    X.CR4_OSXMMEXCPT;
  if (!modelIsMax(cpu)) return allowed;
  const more = X.CR4_UMIP | X.CR4_OSXSAVE | X.CR4_SMEP | X.CR4_SMAP;
  return allowed | more | (modelHasLongMode(cpu) ? X.CR4_FSGSBASE : 0);
}

/** Bits of EFER that can be written. */
export function eferAllowed(cpu: usize): u32 {
  if (load<u32>(cpu, X.X86_MODEL) == X.MODEL_QEMU32) return 0;
  return X.EFER_NXE | (modelHasLongMode(cpu) ? X.EFER_SCE | X.EFER_LME : 0);
}

function answer(cpu: usize, eax: u32, ebx: u32, ecx: u32, edx: u32): void {
  store<u64>(cpu, eax, X.RAX);
  store<u64>(cpu, ebx, X.RBX);
  store<u64>(cpu, ecx, X.RCX);
  store<u64>(cpu, edx, X.RDX);
}

/** Helper (callg) of CPUID. */
export function helperCpuid(cpu: usize, _b: u64, _c: u64, _third: u64, _immediate: u32): u64 {
  const leaf = load<u32>(cpu, X.RAX);
  const subleaf = load<u32>(cpu, X.RCX);
  if (leaf >= 0x80000000) extendedLeaf(cpu, leaf);
  else if (leaf >= 0x40000000 && leaf <= 0x400000ff) hypervisorLeaf(cpu, leaf);
  else basicLeaf(cpu, leaf, subleaf);
  return 0;
}

function basicLeaf(cpu: usize, leaf: u32, subleaf: u32): void {
  const last: u32 = 0x16;
  // Beyond the last leaf: that of the last one.
  switch (leaf > last ? last : leaf) {
    case 0: {
      // "GenuineIntel" for all: of that vendor, Linux believes leaf 0x15.
      answer(cpu, last, 0x756e6547, 0x6c65746e, 0x49656e69);
      break;
    }
    case 1: {
      featureLeaf(cpu);
      break;
    }
    case 2: {
      answer(cpu, 1, 0, 0x4d, 0x2c307d);
      break;
    }
    case 4: {
      cacheLeaf(cpu, subleaf);
      break;
    }
    case 5: {
      answer(cpu, 0, 0, 3, 0);
      break;
    }
    case 7: {
      if (subleaf == 2) answer(cpu, 0, 0, 0, LEAF7_2_EDX);
      else if (subleaf != 0) answer(cpu, 0, 0, 0, 0);
      else if (!modelIsMax(cpu)) answer(cpu, 2, LEAF7_EBX, 0, LEAF7_EDX);
      else answer(cpu, 2, LEAF7_EBX_MAX & ~(modelHasLongMode(cpu) ? 0 : 1), LEAF7_ECX_MAX, LEAF7_EDX);
      break;
    }
    case 0x0d: {
      if (!modelIsMax(cpu) || subleaf > 1) answer(cpu, 0, 0, 0, 0);
      else if (subleaf == 0) answer(cpu, 3, XSAVE_SIZE, XSAVE_SIZE, 0);
      else answer(cpu, XSAVE_OPTIMISED | XSAVE_COMPACT, XSAVE_SIZE, 0, 0);
      break;
    }
    case 0x15: {
      answer(cpu, 1, 1, TSC_HZ, 0);
      break;
    }
    case 0x16: {
      answer(cpu, TSC_HZ / 1000000, TSC_HZ / 1000000, 100, 0);
      break;
    }
    default:
      answer(cpu, 0, 0, 0, 0);
  }
}

/** Family 6, model 15, stepping 11: the first model of its vendor with long mode, and one that guests know no errata of that concern us. */
export const SIGNATURE: u32 = 0x000006fb;

function featureLeaf(cpu: usize): void {
  let ecx = (modelIsMax(cpu) ? LEAF1_ECX_MAX : LEAF1_ECX_QEMU64) | ECX_HYPERVISOR;
  if (!modelHasLongMode(cpu)) ecx &= ~((<u32>1) << 13);
  if (load<u32>(cpu, X.X86_CR4) & X.CR4_OSXSAVE) ecx |= ECX_OSXSAVE;
  let edx = LEAF1_EDX;
  // The APIC can be switched off in its base register.
  if ((lapicBaseRead(cpu) & 0x800) == 0) edx &= ~((<u32>1) << 9);
  answer(cpu, SIGNATURE, (load<u32>(cpu, STATE_INDEX) << 24) | 0x10800, ecx, edx);
}

/** SDM 2, leaf 4: what QEMU tells, 32 KiB of level 1 for data and for code, 4 MiB of level 2. */
function cacheLeaf(cpu: usize, subleaf: u32): void {
  if (subleaf == 0) answer(cpu, 0x121, 0x01c0003f, 63, 1);
  else if (subleaf == 1) answer(cpu, 0x122, 0x01c0003f, 63, 1);
  else if (subleaf == 2) answer(cpu, 0x143, 0x03c0003f, 4095, 1);
  else answer(cpu, 0, 0, 0, 0);
}

/** "TCGTCGTCGTCG": Linux knows no such hypervisor, and still uses the timing leaf of a guest. */
function hypervisorLeaf(cpu: usize, leaf: u32): void {
  if (leaf == 0x40000000) answer(cpu, 0x40000010, 0x54474354, 0x43544743, 0x47435447);
  else if (leaf == 0x40000010) answer(cpu, TSC_HZ / 1000, APIC_HZ / 1000, 0, 0);
  else answer(cpu, 0, 0, 0, 0);
}

function extendedLeaf(cpu: usize, leaf: u32): void {
  const last: u32 = 0x80000008;
  if (leaf > last) {
    basicLeaf(cpu, 0x16, 0);
    return;
  }
  switch (leaf) {
    case 0x80000000: {
      answer(cpu, last, 0x756e6547, 0x6c65746e, 0x49656e69);
      break;
    }
    case 0x80000001: {
      const max = modelIsMax(cpu);
      const long = modelHasLongMode(cpu);
      let edx: u32 = 0;
      if (eferAllowed(cpu) & X.EFER_NXE) edx |= EXTENDED_EDX_NX;
      if (long) edx |= EXTENDED_EDX_SYSCALL | EXTENDED_EDX_LM;
      if (max) edx |= EXTENDED_EDX_RDTSCP;
      answer(cpu, SIGNATURE, 0, (long || max ? EXTENDED_ECX_LAHF : 0) | (max ? EXTENDED_ECX_MAX : 0), edx);
      break;
    }
    // "Snowglobe virtual CPU", 48 characters.
    case 0x80000002: {
      answer(cpu, 0x776f6e53, 0x626f6c67, 0x69762065, 0x61757472);
      break;
    }
    case 0x80000003: {
      answer(cpu, 0x5043206c, 0x55, 0, 0);
      break;
    }
    case 0x80000006: {
      answer(cpu, 0, 0x42004200, 0x02008140, 0);
      break;
    }
    case 0x80000007: {
      // Invariant TSC.
      answer(cpu, 0, 0, 0, 1 << 8);
      break;
    }
    case 0x80000008: {
      const virtualBits: u32 = modelHasLongMode(cpu) ? 48 : 32;
      answer(cpu, X.PHYSICAL_BITS | (virtualBits << 8), 0, 0, 0);
      break;
    }
    default:
      answer(cpu, 0, 0, 0, 0);
  }
}

/** The time-stamp counter: guest time in ns, plus what the guest added to it. */
export function x86Tsc(cpu: usize): u64 {
  return <u64>(guestTicks(cpu, 1) + load<i64>(cpu, X.X86_TSC_OFFSET));
}
