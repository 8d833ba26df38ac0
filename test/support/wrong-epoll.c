/* Kernels that are wrong in one way each, put before the C library by LD_PRELOAD; WRONG names the way. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MOST_FDS 1024

/* koffi asks the C library by its name; the whole program is asked, this library first. */
void *dlopen(const char *name, int flags) {
  if (name != NULL && strncmp(name, "libc.so", 7) == 0) name = NULL;
  return REAL(dlopen)(name, flags);
}

static struct entry {
  struct epoll_event event;
  uint64_t first; /* the user data that it was added with, the first time */
  int is_known, is_timer;
} entries[MOST_FDS];
static int after_refusal, writes, repeated = -1;

static int is_wrong(const char *way) {
  const char *wrong = getenv("WRONG");
  return wrong != NULL && strcmp(wrong, way) == 0;
}

static struct entry *of_data(uint64_t data) {
  for (int fd = 0; fd < MOST_FDS; fd++) if (entries[fd].is_known && entries[fd].event.data.u64 == data) return &entries[fd];
  return NULL;
}

int epoll_ctl(int ep, int op, int fd, struct epoll_event *event) {
  struct entry *entry = fd >= 0 && fd < MOST_FDS ? &entries[fd] : NULL;
  struct epoll_event sent = event != NULL ? *event : (struct epoll_event){0};
  if (entry != NULL && after_refusal && is_wrong("drops the change after a bad one")) return after_refusal = 0;
  if (entry != NULL && op != EPOLL_CTL_ADD && (entry->event.events & EPOLLET) && is_wrong("loses an edge when it is armed again")) return 0;
  if (entry != NULL && entry->is_timer && op == EPOLL_CTL_DEL && is_wrong("goes on with a timer that was stopped")) return 0;
  if (entry != NULL && entry->first == 0) entry->first = sent.data.u64;
  if (entry != NULL && is_wrong("delivers a stale token")) sent.data.u64 = entry->first;
  int result = REAL(epoll_ctl)(ep, op, fd, &sent);
  if (result < 0) after_refusal = 1;
  else if (entry != NULL) entry->event = sent, entry->is_known = op != EPOLL_CTL_DEL;
  return result;
}

static int is_timer(struct epoll_event *event) {
  struct entry *entry = of_data(event->data.u64);
  return entry != NULL && entry->is_timer;
}

int epoll_wait(int ep, struct epoll_event *events, int most, int timeout) {
  int count = REAL(epoll_wait)(ep, events, most, timeout);
  if (is_wrong("serves the first of many") && count > 2) count = 2;
  for (int looks = 0; looks < 8 && is_wrong("puts timers last") && count == 1 && is_timer(events); looks++)
    count = REAL(epoll_wait)(ep, events, most, 0);
  for (int index = 0; index < count && is_wrong("delivers a oneshot twice"); index++) {
    struct entry *entry = of_data(events[index].data.u64);
    if (entry != NULL && entry->event.events & EPOLLONESHOT) REAL(epoll_ctl)(ep, EPOLL_CTL_MOD, (int)(entry - entries), &entry->event);
  }
  if (is_wrong("reports a timer twice")) {
    if (repeated >= 0 && count < most) events[count++] = entries[repeated].event;
    repeated = -1;
    for (int index = 0; index < count; index++)
      if (is_timer(&events[index])) repeated = (int)(of_data(events[index].data.u64) - entries);
  }
  return count;
}

int eventfd_write(int fd, eventfd_t value) {
  return is_wrong("swallows a wake") && ++writes % 2 == 0 ? 0 : REAL(eventfd_write)(fd, value);
}

int timerfd_create(clockid_t clock, int flags) {
  int fd = REAL(timerfd_create)(clock, flags);
  if (fd >= 0 && fd < MOST_FDS) entries[fd].is_timer = 1;
  return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *time, struct itimerspec *old) {
  struct itimerspec wrong = *time;
  if (is_wrong("lets timers come at once")) wrong.it_value = (struct timespec){0, 1};
  if (is_wrong("loses a timer")) wrong.it_value = (struct timespec){3600, 0};
  return REAL(timerfd_settime)(fd, flags, &wrong, old);
}

int close(int fd) {
  if (fd >= 0 && fd < MOST_FDS && entries[fd].is_timer && is_wrong("goes on with a timer that was stopped")) return 0;
  if (fd >= 0 && fd < MOST_FDS) entries[fd].is_known = 0, entries[fd].is_timer = 0;
  return REAL(close)(fd);
}
