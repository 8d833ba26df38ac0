/*
 * CPU time of poll, select and epoll by the number of descriptors, as in table 63-9 of M. Kerrisk, The Linux Programming
 * Interface: an operation makes one descriptor ready, chosen at random, waits, finds it and makes it unready.
 *
 *   pollers poll|select|epoll DESCRIPTORS:OPERATIONS...
 *
 * Prints {"cpuSeconds":[...]}, one number an argument. The descriptors are eventfds: a pipe takes two numbers each, and
 * 10,000 have to fit below the usual limit. select(2) gets bit sets as long as needed: the kernel takes them, only
 * glibc's fd_set ends at 1,024.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#define BITS (8 * sizeof(unsigned long))

static int count;
static int *fds;
static int highest;

static struct pollfd *polled;
static unsigned long *wanted, *ready;
static size_t set_bytes;
static int epoll;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void *allocate(size_t number, size_t bytes) {
  void *memory = calloc(number, bytes);
  if (memory == NULL) fail("calloc");
  return memory;
}

static void setup_poll(void) {
  polled = allocate(count, sizeof *polled);
  for (int i = 0; i < count; i++) polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
}

static int wait_poll(void) {
  if (poll(polled, count, -1) != 1) fail("poll");
  for (int i = 0; i < count; i++) {
    if (polled[i].revents & POLLIN) return polled[i].fd;
  }
  return -1;
}

static void setup_select(void) {
  size_t words = highest / BITS + 1;
  set_bytes = words * sizeof(unsigned long);
  wanted = allocate(words, sizeof(unsigned long));
  ready = allocate(words, sizeof(unsigned long));
  for (int i = 0; i < count; i++) wanted[fds[i] / BITS] |= 1ul << (fds[i] % BITS);
}

static int wait_select(void) {
  memcpy(ready, wanted, set_bytes);
  if (select(highest + 1, (fd_set *)ready, NULL, NULL, NULL) != 1) fail("select");
  for (int i = 0; i < count; i++) {
    if (ready[fds[i] / BITS] & (1ul << (fds[i] % BITS))) return fds[i];
  }
  return -1;
}

static void setup_epoll(void) {
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) fail("epoll_create1");
  for (int i = 0; i < count; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) < 0) fail("epoll_ctl");
  }
}

static int wait_epoll(void) {
  struct epoll_event events[64];
  if (epoll_wait(epoll, events, 64, -1) != 1) fail("epoll_wait");
  return events[0].data.fd;
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double measure(int (*wait_one)(void), int operations) {
  uint32_t random = 2463534242u;
  uint64_t one = 1, value;
  double started = cpu_seconds();
  for (int i = 0; i < operations; i++) {
    random ^= random << 13;
    random ^= random >> 17;
    random ^= random << 5;
    int chosen = fds[random % count];
    if (write(chosen, &one, sizeof one) != sizeof one) fail("write");
    int found = wait_one();
    if (found != chosen) fail("a wait reported another descriptor");
    if (read(found, &value, sizeof value) != sizeof value) fail("read");
  }
  return cpu_seconds() - started;
}

static void open_descriptors(void) {
  fds = allocate(count, sizeof *fds);
  for (int i = 0; i < count; i++) {
    fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fds[i] < 0) fail("eventfd");
    if (fds[i] > highest) highest = fds[i];
  }
}

static void close_descriptors(void) {
  if (epoll > 0) close(epoll);
  for (int i = 0; i < count; i++) close(fds[i]);
  free(fds);
  free(polled);
  free(wanted);
  free(ready);
  polled = NULL;
  wanted = ready = NULL;
  highest = epoll = 0;
}

int main(int argc, char **argv) {
  void (*setup)(void) = NULL;
  int (*wait_one)(void) = NULL;
  if (argc > 1 && strcmp(argv[1], "poll") == 0) setup = setup_poll, wait_one = wait_poll;
  if (argc > 1 && strcmp(argv[1], "select") == 0) setup = setup_select, wait_one = wait_select;
  if (argc > 1 && strcmp(argv[1], "epoll") == 0) setup = setup_epoll, wait_one = wait_epoll;
  if (setup == NULL || argc < 3) {
    fprintf(stderr, "usage: pollers poll|select|epoll DESCRIPTORS:OPERATIONS...\n");
    return 2;
  }
  printf("{\"cpuSeconds\":[");
  for (int i = 2; i < argc; i++) {
    int operations;
    if (sscanf(argv[i], "%d:%d", &count, &operations) != 2 || count < 1 || operations < 1) {
      fprintf(stderr, "pollers: not DESCRIPTORS:OPERATIONS: %s\n", argv[i]);
      return 2;
    }
    open_descriptors();
    setup();
    /* Warm caches and branch predictors on a tenth, so that a short run compares with a long one. */
    measure(wait_one, operations / 10 + 1);
    printf("%s%.6f", i > 2 ? "," : "", measure(wait_one, operations));
    close_descriptors();
  }
  printf("]}\n");
  return 0;
}
