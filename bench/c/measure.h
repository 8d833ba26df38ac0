/*
 * What the loads of bench/c share: an end with a reason, the clock, and latencies by powers of two, each cut into 64 parts, so
 * that a bucket is at most 1.6 per cent wide.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PARTS 64
#define BUCKETS (PARTS * 40)

static uint32_t histogram[BUCKETS];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + time.tv_nsec;
}

static int bucket_of(uint64_t ns) {
  if (ns < PARTS) return (int)ns;
  int shift = 63 - __builtin_clzll(ns) - 6;
  int bucket = (shift + 1) * PARTS + (int)((ns >> shift) - PARTS);
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static uint64_t bucket_start_ns(int bucket) {
  if (bucket < PARTS) return bucket;
  return (uint64_t)(bucket % PARTS + PARTS) << (bucket / PARTS - 1);
}

static uint64_t percentile_ns(uint64_t total, double share) {
  uint64_t wanted = (uint64_t)(total * share), seen = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket++) {
    seen += histogram[bucket];
    if (seen > wanted) return bucket_start_ns(bucket);
  }
  return 0;
}

/* One line of JSON for what a run has done. */
static void print_result(uint64_t requests, uint64_t elapsed_ns) {
  printf("{\"requests\":%llu,\"elapsedNs\":%llu,\"p50Ns\":%llu,\"p99Ns\":%llu}\n", (unsigned long long)requests,
         (unsigned long long)elapsed_ns, (unsigned long long)percentile_ns(requests, 0.5),
         (unsigned long long)percentile_ns(requests, 0.99));
  fflush(stdout);
}
