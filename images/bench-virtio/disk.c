/* Reads a block device past the page cache: all of it in pieces of 1 MiB, then 4 KiB at random places, one after the other and by several
 * processes at once. Prints name, amount and nanoseconds of each. Usage: disk DEVICE SECONDS */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1 << 20)
#define BLOCK 4096
#define WORKERS 4

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Reads at random places until `end`; returns how many. */
static uint64_t wander(int file, char *buffer, uint64_t blocks, uint64_t end, uint64_t seed) {
  uint64_t count = 0;
  while (now() < end) {
    for (int i = 0; i < 16; i++, count++) {
      seed = seed * 6364136223846793005ull + 1442695040888963407ull;
      if (pread(file, buffer, BLOCK, (off_t)((seed >> 33) % blocks) * BLOCK) != BLOCK) fail("pread");
    }
  }
  return count;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int file = open(argv[1], O_RDONLY | O_DIRECT);
  if (file < 0) fail(argv[1]);
  char *buffer;
  if (posix_memalign((void **)&buffer, BLOCK, PIECE)) fail("memory");
  uint64_t bytes = 0, begin = now(), span = strtoull(argv[2], 0, 10) * 1000000000ull;
  off_t size = lseek(file, 0, SEEK_END);
  while (now() - begin < span) {
    lseek(file, 0, SEEK_SET);
    for (ssize_t n; (n = read(file, buffer, PIECE)) > 0;) bytes += n;
  }
  printf("sequential %llu %llu\n", (unsigned long long)bytes, (unsigned long long)(now() - begin));
  begin = now();
  uint64_t count = wander(file, buffer, size / BLOCK, begin + span, 1);
  printf("random %llu %llu\n", (unsigned long long)count, (unsigned long long)(now() - begin));
  begin = now();
  int pipes[2];
  if (pipe(pipes)) fail("pipe");
  for (int i = 0; i < WORKERS; i++) {
    if (fork()) continue;
    count = wander(file, buffer, size / BLOCK, begin + span, i + 2);
    if (write(pipes[1], &count, sizeof count) != sizeof count) fail("write");
    _exit(0);
  }
  uint64_t total = 0;
  for (int i = 0; i < WORKERS; i++) {
    if (read(pipes[0], &count, sizeof count) != sizeof count) fail("read");
    total += count;
  }
  while (wait(0) > 0) continue;
  printf("random-%d %llu %llu\n", WORKERS, (unsigned long long)total, (unsigned long long)(now() - begin));
  return 0;
}
