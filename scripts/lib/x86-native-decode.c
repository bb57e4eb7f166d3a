// Asks the processor how long instructions are and whether they exist. Standard input: lines of "bits hex", bits 32 or 64, at most
// 15 bytes; standard output for each: length and the first signal, or "0 SIGILL". x86-64 Linux.
//
// The first n bytes of an instruction are placed at the end of an executable page whose successor cannot be read. As long as
// bytes are missing, the fetch faults at the first byte of that page; with the whole instruction anything else happens: a single-step
// trap, some fault, or SIGILL.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <immintrin.h>


enum { PAGE = 4096, CODE = 0x10000000, EDGE = CODE + PAGE, DATA = 0x20000000, DATA_PAGES = 16 };
enum { CODE32_SELECTOR = 0x23, TRAP_FLAG = 0x100, SHORTEST_FLAGS = 0x202 };

static greg_t saved[NGREG];
static volatile int running, signal_number;
static volatile uintptr_t fault_address;
static uintptr_t entry;
static int entry_bits;
static uint64_t fs_base;
static uint8_t alternate[65536] __attribute__((aligned(64)));

static void enter(greg_t *registers) {
  memcpy(saved, registers, sizeof saved);
  // R8 to RCX are the sixteen general registers: all in the middle of readable and writable memory.
  for (int i = REG_R8; i <= REG_RSP; i++) registers[i] = DATA + DATA_PAGES / 2 * PAGE;
  registers[REG_RIP] = entry;
  registers[REG_EFL] = SHORTEST_FLAGS | TRAP_FLAG;
  if (entry_bits == 32) registers[REG_CSGSFS] = (registers[REG_CSGSFS] & ~0xffffLL) | CODE32_SELECTOR;
  running = 1;
}

static void handler(int number, siginfo_t *info, void *context) {
  __asm__ volatile("wrfsbase %0" ::"r"(fs_base));
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  if (!running) {
    enter(registers);
    return;
  }
  signal_number = number;
  fault_address = number == SIGSEGV || number == SIGBUS ? (uintptr_t)info->si_addr : 0;
  running = 0;
  memcpy(registers, saved, sizeof saved);
}

static int run(const uint8_t *bytes, int count, int bits) {
  entry = EDGE - count;
  entry_bits = bits;
  memcpy((void *)entry, bytes, count);
  raise(SIGUSR1);
  __asm__ volatile("fninit; cld");
  _mm_setcsr(0x1f80);
  return signal_number;
}

int main(void) {
  mmap((void *)CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mmap((void *)EDGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  mmap((void *)DATA, DATA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  __asm__ volatile("rdfsbase %0" : "=r"(fs_base));
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  const int numbers[] = {SIGUSR1, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  char text[64];
  int bits;
  while (scanf("%d %63s", &bits, text) == 2) {
    uint8_t bytes[15];
    int count = strlen(text) / 2;
    for (int i = 0; i < count; i++) sscanf(text + 2 * i, "%2hhx", &bytes[i]);
    int length = 0, number = 0;
    while (length < count) {
      number = run(bytes, ++length, bits);
      if (number != SIGSEGV || fault_address != EDGE) break;
    }
    if (number == SIGILL) printf("0 SIGILL\n");
    else if (number == SIGSEGV && fault_address == EDGE) printf("0 more\n");
    else printf("%d %s\n", length, sigabbrev_np(number));
  }
}
