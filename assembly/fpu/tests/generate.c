/*
 * Runs one floating-point operation on real hardware (x86-64) or under qemu-riscv64 and records what it
 * gives.
 *
 *   generate NAME < operands > results
 *
 * operands: three little-endian 64-bit words a, b, c per case; binary32 values and 32-bit integers in the low
 *           half
 * results:  per case and rounding mode (RISC-V's numbers 0..4) a 64-bit result and a 64-bit set of fflags; the
 *           flags are all ones where this architecture lacks the mode
 *
 * Status 3: this architecture lacks the operation.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef u64 (*Operation)(u64 a, u64 b, u64 c);
struct Entry {
  const char *name;
  Operation run;
};

#define MODES 5
#define UNAVAILABLE (~(u64)0)

#ifdef __riscv

static int modeAvailable(u32 rm) { return rm < MODES; }
static void setMode(u32 rm) { __asm__ volatile("fsrm %0\n\tfsflags zero" : : "r"((u64)rm)); }
static u64 getFlags(void) {
  u64 flags;
  __asm__ volatile("frflags %0" : "=r"(flags));
  return flags;
}

#define RISCV(NAME, IN, CODE, OUT)                                                         \
  static u64 NAME(u64 a, u64 b, u64 c) {                                                   \
    u64 r;                                                                                 \
    __asm__ volatile(IN CODE "\n\t" OUT                                                    \
                     : "=&r"(r)                                                            \
                     : "r"(a), "r"(b), "r"(c)                                              \
                     : "ft0", "ft1", "ft2", "ft3", "t0", "t1");                            \
    return r;                                                                              \
  }
#define IN64 "fmv.d.x ft0, %1\n\tfmv.d.x ft1, %2\n\tfmv.d.x ft2, %3\n\t"
#define IN32 "fmv.w.x ft0, %1\n\tfmv.w.x ft1, %2\n\tfmv.w.x ft2, %3\n\t"
#define OUT64 "fmv.x.d %0, ft0"
#define OUT32 "fmv.x.w %0, ft0\n\tslli %0, %0, 32\n\tsrli %0, %0, 32"
#define OUT_X32 "slli %0, %0, 32\n\tsrli %0, %0, 32"
#define OUT_X ""

#define BOTH(NAME, INSN, ARGS)                    \
  RISCV(f64##NAME, IN64, INSN ".d " ARGS, OUT64)  \
  RISCV(f32##NAME, IN32, INSN ".s " ARGS, OUT32)
#define BOTH_X(NAME, INSN, ARGS)                  \
  RISCV(f64##NAME, IN64, INSN ".d " ARGS, OUT_X)  \
  RISCV(f32##NAME, IN32, INSN ".s " ARGS, OUT_X)

BOTH(Add, "fadd", "ft0, ft0, ft1")
BOTH(Sub, "fsub", "ft0, ft0, ft1")
BOTH(Mul, "fmul", "ft0, ft0, ft1")
BOTH(Div, "fdiv", "ft0, ft0, ft1")
BOTH(Sqrt, "fsqrt", "ft0, ft0")
BOTH(Fma, "fmadd", "ft0, ft0, ft1, ft2")
BOTH(Min, "fmin", "ft0, ft0, ft1")
BOTH(Max, "fmax", "ft0, ft0, ft1")
BOTH_X(Eq, "feq", "%0, ft0, ft1")
BOTH_X(Lt, "flt", "%0, ft0, ft1")
BOTH_X(Le, "fle", "%0, ft0, ft1")
BOTH_X(Classify, "fclass", "%0, ft0")

#define TO_INTEGER(SUFFIX, CODE, OUT)                                    \
  RISCV(f64To##SUFFIX, IN64, "fcvt." CODE ".d %0, ft0, dyn", OUT)        \
  RISCV(f32To##SUFFIX, IN32, "fcvt." CODE ".s %0, ft0, dyn", OUT)
TO_INTEGER(I32, "w", OUT_X32)
TO_INTEGER(U32, "wu", OUT_X32)
TO_INTEGER(I64, "l", OUT_X)
TO_INTEGER(U64, "lu", OUT_X)

RISCV(i32ToF64, "", "fcvt.d.w ft0, %1", OUT64)
RISCV(u32ToF64, "", "fcvt.d.wu ft0, %1", OUT64)
RISCV(i64ToF64, "", "fcvt.d.l ft0, %1, dyn", OUT64)
RISCV(u64ToF64, "", "fcvt.d.lu ft0, %1, dyn", OUT64)
RISCV(i32ToF32, "", "fcvt.s.w ft0, %1, dyn", OUT32)
RISCV(u32ToF32, "", "fcvt.s.wu ft0, %1, dyn", OUT32)
RISCV(i64ToF32, "", "fcvt.s.l ft0, %1, dyn", OUT32)
RISCV(u64ToF32, "", "fcvt.s.lu ft0, %1, dyn", OUT32)
RISCV(f32ToF64, IN32, "fcvt.d.s ft0, ft0", OUT64)
RISCV(f64ToF32, IN64, "fcvt.s.d ft0, ft0, dyn", OUT32)

/* Without Zfa, an integral value comes by way of an integer; from 2^52 (2^23) up a value is integral already. */
#define INTEGRAL(NAME, WIDTH, FRACTION, BIAS, QUIET_ADD, IN, F, OUT)                                             \
  RISCV(viaInteger##WIDTH, IN, "fcvt.l." F " t0, ft0, dyn\n\tfcvt." F ".l ft1, t0\n\tfsgnj." F " ft0, ft1, ft0", \
        OUT)                                                                                                     \
  RISCV(addZero##WIDTH, IN, QUIET_ADD, OUT)                                                                      \
  static u64 NAME(u64 a, u64 b, u64 c) {                                                                         \
    u32 exponent = (u32)(a >> FRACTION) & ((1u << (WIDTH - 1 - FRACTION)) - 1);                                  \
    return exponent >= BIAS + FRACTION ? addZero##WIDTH(a, a, c) : viaInteger##WIDTH(a, b, c);                   \
  }
INTEGRAL(f64RoundToIntegralExact, 64, 52, 1023, "fmax.d ft0, ft0, ft1", IN64, "d", OUT64)
INTEGRAL(f32RoundToIntegralExact, 32, 23, 127, "fmax.s ft0, ft0, ft1", IN32, "s", OUT32)

#define ENTRY(NAME) {#NAME, NAME}
static const struct Entry entries[] = {
    ENTRY(f64Add),   ENTRY(f64Sub),   ENTRY(f64Mul),   ENTRY(f64Div),      ENTRY(f64Sqrt),     ENTRY(f64Fma),
    ENTRY(f32Add),   ENTRY(f32Sub),   ENTRY(f32Mul),   ENTRY(f32Div),      ENTRY(f32Sqrt),     ENTRY(f32Fma),
    ENTRY(f64Min),   ENTRY(f64Max),   ENTRY(f32Min),   ENTRY(f32Max),      ENTRY(f64Classify), ENTRY(f32Classify),
    ENTRY(f64Eq),    ENTRY(f64Lt),    ENTRY(f64Le),    ENTRY(f32Eq),       ENTRY(f32Lt),       ENTRY(f32Le),
    ENTRY(f64ToI32), ENTRY(f64ToU32), ENTRY(f64ToI64), ENTRY(f64ToU64),    ENTRY(f32ToI32),    ENTRY(f32ToU32),
    ENTRY(f32ToI64), ENTRY(f32ToU64), ENTRY(i32ToF64), ENTRY(u32ToF64),    ENTRY(i64ToF64),    ENTRY(u64ToF64),
    ENTRY(i32ToF32), ENTRY(u32ToF32), ENTRY(i64ToF32), ENTRY(u64ToF32),    ENTRY(f32ToF64),    ENTRY(f64ToF32),
    ENTRY(f64RoundToIntegralExact),   ENTRY(f32RoundToIntegralExact),
};
static int entryAvailable(const char *name) { return name != 0; }

#elif defined(__x86_64__)

static int modeAvailable(u32 rm) { return rm < 4; }
static void setMode(u32 rm) {
  static const u32 control[4] = {0, 3, 1, 2};
  u32 mxcsr = 0x1f80 | (control[rm] << 13);
  __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}
static u64 getFlags(void) {
  u32 mxcsr;
  __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
  return (mxcsr & 1 ? 16 : 0) | (mxcsr & 4 ? 8 : 0) | (mxcsr & 8 ? 4 : 0) | (mxcsr & 16 ? 2 : 0) | (mxcsr & 32 ? 1 : 0);
}

#define X86(NAME, CODE, OUT)                                                                     \
  static u64 NAME(u64 a, u64 b, u64 c) {                                                         \
    u64 r = 0;                                                                                   \
    __asm__ volatile("movq %1, %%xmm0\n\tmovq %2, %%xmm1\n\tmovq %3, %%xmm2\n\t" CODE "\n\t" OUT \
                     : "+&r"(r)                                                                  \
                     : "r"(a), "r"(b), "r"(c)                                                    \
                     : "xmm0", "xmm1", "xmm2", "cc");                                            \
    return r;                                                                                    \
  }
#define OUT64 "movq %%xmm0, %0"
#define OUT32 "movd %%xmm0, %k0"
#define OUT_X ""
#define BOTH(NAME, INSN, ARGS)             \
  X86(f64##NAME, INSN "sd " ARGS, OUT64)   \
  X86(f32##NAME, INSN "ss " ARGS, OUT32)
#define BOTH_X(NAME, BEFORE, INSN, AFTER)           \
  X86(f64##NAME, BEFORE INSN "sd " AFTER, OUT_X)    \
  X86(f32##NAME, BEFORE INSN "ss " AFTER, OUT_X)

BOTH(Add, "add", "%%xmm1, %%xmm0")
BOTH(Sub, "sub", "%%xmm1, %%xmm0")
BOTH(Mul, "mul", "%%xmm1, %%xmm0")
BOTH(Div, "div", "%%xmm1, %%xmm0")
BOTH(Sqrt, "sqrt", "%%xmm0, %%xmm0")
/* The manual writes form 132 as a * b + c with a in the destination: a NaN in a comes first, then b, then c. */
BOTH(Fma, "vfmadd132", "%%xmm1, %%xmm2, %%xmm0")
BOTH(RoundToIntegralExact, "round", "$4, %%xmm0, %%xmm0")
BOTH(RoundToIntegral, "round", "$12, %%xmm0, %%xmm0")
BOTH_X(Eq, "", "ucomi", "%%xmm1, %%xmm0\n\tsete %b0\n\tjnp 1f\n\txorl %k0, %k0\n\t1:")
BOTH_X(Lt, "", "comi", "%%xmm0, %%xmm1\n\tseta %b0")
BOTH_X(Le, "", "comi", "%%xmm0, %%xmm1\n\tsetae %b0")
BOTH_X(LtQuiet, "", "ucomi", "%%xmm0, %%xmm1\n\tseta %b0")
BOTH_X(LeQuiet, "", "ucomi", "%%xmm0, %%xmm1\n\tsetae %b0")

X86(f64ToI32, "cvtsd2si %%xmm0, %k0", OUT_X)
X86(f64ToI64, "cvtsd2si %%xmm0, %0", OUT_X)
X86(f32ToI32, "cvtss2si %%xmm0, %k0", OUT_X)
X86(f32ToI64, "cvtss2si %%xmm0, %0", OUT_X)
X86(f64ToU32, "vcvtsd2usi %%xmm0, %k0", OUT_X)
X86(f64ToU64, "vcvtsd2usi %%xmm0, %0", OUT_X)
X86(f32ToU32, "vcvtss2usi %%xmm0, %k0", OUT_X)
X86(f32ToU64, "vcvtss2usi %%xmm0, %0", OUT_X)
X86(i32ToF64, "cvtsi2sd %k1, %%xmm0", OUT64)
X86(i64ToF64, "cvtsi2sd %1, %%xmm0", OUT64)
X86(i32ToF32, "cvtsi2ss %k1, %%xmm0", OUT32)
X86(i64ToF32, "cvtsi2ss %1, %%xmm0", OUT32)
X86(u32ToF64, "vcvtusi2sd %k1, %%xmm0, %%xmm0", OUT64)
X86(u64ToF64, "vcvtusi2sd %1, %%xmm0, %%xmm0", OUT64)
X86(u32ToF32, "vcvtusi2ss %k1, %%xmm0, %%xmm0", OUT32)
X86(u64ToF32, "vcvtusi2ss %1, %%xmm0, %%xmm0", OUT32)
X86(f32ToF64, "cvtss2sd %%xmm0, %%xmm0", OUT64)
X86(f64ToF32, "cvtsd2ss %%xmm0, %%xmm0", OUT32)

#define ENTRY(NAME) {#NAME, NAME}
static const struct Entry entries[] = {
    ENTRY(f64Add),   ENTRY(f64Sub),     ENTRY(f64Mul),     ENTRY(f64Div),   ENTRY(f64Sqrt),    ENTRY(f64Fma),
    ENTRY(f32Add),   ENTRY(f32Sub),     ENTRY(f32Mul),     ENTRY(f32Div),   ENTRY(f32Sqrt),    ENTRY(f32Fma),
    ENTRY(f64Eq),    ENTRY(f64Lt),      ENTRY(f64Le),      ENTRY(f32Eq),    ENTRY(f32Lt),      ENTRY(f32Le),
    ENTRY(f64LtQuiet), ENTRY(f64LeQuiet), ENTRY(f32LtQuiet), ENTRY(f32LeQuiet),
    ENTRY(f64ToI32), ENTRY(f64ToU32),   ENTRY(f64ToI64),   ENTRY(f64ToU64), ENTRY(f32ToI32),   ENTRY(f32ToU32),
    ENTRY(f32ToI64), ENTRY(f32ToU64),   ENTRY(i32ToF64),   ENTRY(u32ToF64), ENTRY(i64ToF64),   ENTRY(u64ToF64),
    ENTRY(i32ToF32), ENTRY(u32ToF32),   ENTRY(i64ToF32),   ENTRY(u64ToF32), ENTRY(f32ToF64),   ENTRY(f64ToF32),
    ENTRY(f64RoundToIntegralExact),     ENTRY(f32RoundToIntegralExact),
    ENTRY(f64RoundToIntegral),          ENTRY(f32RoundToIntegral),
};
static int entryAvailable(const char *name) {
  if (strstr(name, "Fma")) return __builtin_cpu_supports("fma");
  if (strstr(name, "Integral")) return __builtin_cpu_supports("sse4.1");
  if (strstr(name, "U32") || strstr(name, "U64") || name[0] == 'u') return __builtin_cpu_supports("avx512f");
  return 1;
}

#else
#error "The generator knows x86-64 and riscv64"
#endif

int main(int argc, char **argv) {
  Operation run = 0;
  for (unsigned i = 0; argc == 2 && i < sizeof entries / sizeof *entries; i++) {
    if (strcmp(entries[i].name, argv[1]) == 0 && entryAvailable(argv[1])) run = entries[i].run;
  }
  if (!run) return 3;
  u64 operands[3];
  while (fread(operands, sizeof operands, 1, stdin) == 1) {
    u64 results[MODES][2];
    for (u32 rm = 0; rm < MODES; rm++) {
      results[rm][0] = 0;
      results[rm][1] = UNAVAILABLE;
      if (!modeAvailable(rm)) continue;
      setMode(rm);
      results[rm][0] = run(operands[0], operands[1], operands[2]);
      results[rm][1] = getFlags();
      setMode(0);
    }
    if (fwrite(results, sizeof results, 1, stdout) != 1) return 1;
  }
  return 0;
}
