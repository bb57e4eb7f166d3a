/* Reads and writes block devices past the page cache. Prints name, amount and nanoseconds of each measurement.
 *
 *   disk rates DEVICE SECONDS          all of it in pieces of 1 MiB, then 4 KiB at random places: one after the other, by several processes at once,
 *                                      and by one process that keeps 32 on their way (io_submit)
 *   disk compare RAW QCOW2 SECONDS     the same work on two devices in turns, each name with "raw-" or "qcow2-" before it: writing all of them for the
 *                                      first time, then reading and writing in pieces of 1 MiB and, 32 on their way, of 4 KiB
 *
 * A guest whose code is translated while it runs is slow at first: random reads begin with a second that is not counted. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1 << 20)
#define BLOCK 4096
#define WORKERS 4
#define DEPTH 32
#define ROUNDS 3
#define SECOND 1000000000ull

struct rate {
  uint64_t amount, ns;
};

static char *buffer;
static uint64_t seed;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_device(const char *name) {
  int file = open(name, O_RDWR | O_DIRECT);
  if (file < 0) fail(name);
  return file;
}

static off_t somewhere(uint64_t blocks) {
  seed = seed * 6364136223846793005ull + 1442695040888963407ull;
  return (off_t)((seed >> 33) % blocks) * BLOCK;
}

static uint64_t blocks_of(int file) { return lseek(file, 0, SEEK_END) / BLOCK; }

/* One block after the other until `end`; returns how many. */
static uint64_t wander(int file, uint64_t end) {
  uint64_t count = 0, blocks = blocks_of(file);
  while (now() < end) {
    for (int i = 0; i < 16; i++, count++)
      if (pread(file, buffer, BLOCK, somewhere(blocks)) != BLOCK) fail("pread");
  }
  return count;
}

/* The same with DEPTH requests on their way: as many as have come are sent again in one call. */
static uint64_t crowd(int file, int write, uint64_t end) {
  static struct iocb blocks[DEPTH];
  struct iocb *ready[DEPTH];
  struct io_event events[DEPTH];
  aio_context_t context = 0;
  uint64_t count = 0, all = blocks_of(file);
  int idle = DEPTH;
  if (syscall(SYS_io_setup, DEPTH, &context)) fail("io_setup");
  for (int i = 0; i < DEPTH; i++) {
    memset(&blocks[i], 0, sizeof blocks[i]);
    blocks[i].aio_fildes = file;
    blocks[i].aio_lio_opcode = write ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
    blocks[i].aio_buf = (uintptr_t)(buffer + i * BLOCK);
    blocks[i].aio_nbytes = BLOCK;
    ready[i] = &blocks[i];
  }
  do {
    for (int i = 0; i < idle; i++) ready[i]->aio_offset = somewhere(all);
    if (syscall(SYS_io_submit, context, idle, ready) != idle) fail("io_submit");
    idle = syscall(SYS_io_getevents, context, 1, DEPTH, events, 0);
    if (idle < 1) fail("io_getevents");
    for (int i = 0; i < idle; i++) {
      if (events[i].res != BLOCK) fail("a block");
      ready[i] = (struct iocb *)(uintptr_t)events[i].obj;
    }
    count += idle;
  } while (now() < end);
  if (syscall(SYS_io_destroy, context)) fail("io_destroy");
  return count;
}

/* Reads or writes in pieces until `end`, or once to the device's end if that is 0; returns bytes. */
static uint64_t stream(int file, int write_it, uint64_t end) {
  uint64_t bytes = 0;
  do {
    lseek(file, 0, SEEK_SET);
    ssize_t n;
    off_t size = lseek(file, 0, SEEK_END);
    lseek(file, 0, SEEK_SET);
    for (off_t at = 0; at < size; at += n, bytes += n)
      if ((n = write_it ? write(file, buffer, PIECE) : read(file, buffer, PIECE)) <= 0) fail("a piece");
  } while (end && now() < end);
  return bytes;
}

static void print(const char *prefix, const char *name, struct rate rate) {
  printf("%s%s %llu %llu\n", prefix, name, (unsigned long long)rate.amount, (unsigned long long)rate.ns);
}

static struct rate workers(int file, uint64_t span) {
  struct rate rate = {0, 0};
  uint64_t begin = now(), count;
  int pipes[2];
  if (pipe(pipes)) fail("pipe");
  fflush(stdout);
  for (int i = 0; i < WORKERS; i++) {
    if (fork()) continue;
    seed = i + 2;
    count = wander(file, begin + span);
    if (write(pipes[1], &count, sizeof count) != sizeof count) fail("write");
    _exit(0);
  }
  for (int i = 0; i < WORKERS; i++) {
    if (read(pipes[0], &count, sizeof count) != sizeof count) fail("read");
    rate.amount += count;
  }
  while (wait(0) > 0) continue;
  rate.ns = now() - begin;
  return rate;
}

static void rates(int file, uint64_t span) {
  struct rate rate;
  uint64_t begin = now();
  rate.amount = stream(file, 0, begin + span);
  rate.ns = now() - begin;
  print("", "sequential", rate);
  wander(file, now() + SECOND);
  begin = now();
  rate.amount = wander(file, begin + span);
  rate.ns = now() - begin;
  print("", "random", rate);
  print("", "random-4", workers(file, span));
  crowd(file, 0, now() + SECOND);
  begin = now();
  rate.amount = crowd(file, 0, begin + span);
  rate.ns = now() - begin;
  print("", "random-32", rate);
}

enum work { NEW, READ, WRITE, RANDOM_READ, RANDOM_WRITE, WORKS };
static const char *const NAMES[] = {"new", "read", "write", "random-read", "random-write"};

static void do_work(enum work work, int file, uint64_t span, struct rate *rate) {
  uint64_t begin = now();
  if (work <= WRITE) rate->amount += stream(file, work != READ, work == NEW ? 0 : begin + span);
  else rate->amount += crowd(file, work == RANDOM_WRITE, begin + span);
  rate->ns += now() - begin;
}

static void compare(const int files[2], uint64_t span) {
  struct rate sums[2][WORKS] = {{{0, 0}}};
  for (enum work work = NEW; work < WORKS; work++) {
    for (int round = 0; round < (work == NEW ? 1 : ROUNDS); round++) {
      for (int i = 0; i < 2; i++) {
        /* Each goes first half of the time. */
        int which = (i + round) % 2;
        do_work(work, files[which], span / ROUNDS, &sums[which][work]);
      }
    }
  }
  for (int i = 0; i < 2; i++)
    for (enum work work = NEW; work < WORKS; work++) print(i ? "qcow2-" : "raw-", NAMES[work], sums[i][work]);
}

int main(int argc, char **argv) {
  seed = 1;
  if (posix_memalign((void **)&buffer, BLOCK, PIECE)) fail("memory");
  memset(buffer, 0x5a, PIECE);
  if (argc == 4 && !strcmp(argv[1], "rates")) rates(open_device(argv[2]), strtoull(argv[3], 0, 10) * SECOND);
  else if (argc == 5 && !strcmp(argv[1], "compare")) {
    int files[2] = {open_device(argv[2]), open_device(argv[3])};
    compare(files, strtoull(argv[4], 0, 10) * SECOND);
  } else return 2;
  return 0;
}
