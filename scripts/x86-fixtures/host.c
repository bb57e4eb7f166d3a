/*
 * Runs a fixture's program on the host's CPU: maps memory at the program's own addresses, loads the files named on the command line, enters the
 * program in 64-bit code or, through selector 0x23, in 32-bit code, and writes the results when it executes HLT.
 *
 *   host MODE(32|64) OUT RESULT_BYTES PROGRAM TABLES      addresses come from layout.mjs as -D options
 *
 * An exception stores 0x80 | vector at FAULT and goes on at the address in RESUME with a fresh stack, as the guest's handlers do.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static const char *out_path;
static size_t out_bytes;

static void fail(const char *what) {
  perror(what);
  _exit(1);
}

static void finish(void) {
  FILE *out = fopen(out_path, "wb");
  if (!out || fwrite((void *)(uintptr_t)RESULT_BASE, 1, out_bytes, out) != out_bytes || fclose(out)) fail(out_path);
  _exit(0);
}

static void on_exception(int number, siginfo_t *info, void *context) {
  (void)info;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  uintptr_t pc = registers[REG_RIP];
  if (pc >= CONTROL && pc < MEMORY_END && *(uint8_t *)pc == 0xf4) finish();
  uint64_t resume = *(uint64_t *)(uintptr_t)RESUME;
  if (!resume || *(uint8_t *)(uintptr_t)FAULT) {
    fprintf(stderr, "exception %lld (signal %d) at 0x%lx in the harness\n", (long long)registers[REG_TRAPNO], number, pc);
    _exit(1);
  }
  *(uint8_t *)(uintptr_t)FAULT = 0x80 | registers[REG_TRAPNO];
  registers[REG_RIP] = resume;
  registers[REG_RSP] = STACK;
}

static void load(const char *path, uintptr_t address) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  fread((void *)address, 1, MEMORY_END - address, file);
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  out_path = argv[2];
  out_bytes = strtoul(argv[3], 0, 10);
  void *memory = mmap((void *)(uintptr_t)CONTROL, MEMORY_END - CONTROL, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  load(argv[4], PROGRAM_BASE);
  load(argv[5], TABLE_BASE);
  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_sigaction = on_exception, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  int signals[] = {SIGSEGV, SIGFPE, SIGILL, SIGBUS, SIGTRAP};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i += 1) sigaction(signals[i], &action, 0);
  static struct {
    uint32_t offset;
    uint16_t selector;
  } __attribute__((packed)) entry = {PROGRAM_BASE, 0x23};
  if (strcmp(argv[1], "32") == 0)
    asm volatile("mov $0x2b, %%eax\n mov %%eax, %%ds\n mov %%eax, %%es\n mov %0, %%esp\n ljmp *%1" ::"i"(STACK), "m"(entry) : "rax");
  asm volatile("mov %0, %%rsp\n jmp *%1" ::"i"(STACK), "r"((uintptr_t)PROGRAM_BASE));
}
