/** What programs for epoll(7) and poll(2) share: poll(2) as the witness, and timers, which are descriptors too. */

/** What holds at an end, with the end of the stream. */
export const POLL_BITS: readonly string[] = [
  'static uint32_t holds(int e) {',
  '  struct pollfd p = {.fd = end[e].fd, .events = POLLIN | POLLOUT | POLLRDHUP};',
  '  return poll(&p, 1, 0) > 0 ? (uint32_t)p.revents : 0;',
  '}',
];

/** A call in that direction would have blocked: its next edge is owed. */
export const WOULD_BLOCK: readonly string[] = [
  'static void would_block(int e, uint32_t way) {',
  '  if (!(holds(e) & (way | POLLHUP | POLLERR))) end[e].owed |= way;',
  '}',
];

export const TIMERFD: readonly string[] = [
  'static void start(int e, int ms) {',
  '  struct itimerspec at = {.it_value = {ms / 1000, ms % 1000 * 1000000 + !ms}};',
  '  end[e].due = now() + ms;',
  '  opened(e, timerfd_create(CLOCK_MONOTONIC, 0)), must(timerfd_settime(end[e].fd, 0, &at, NULL), "timerfd_settime");',
  '}',
  'static void expire(int e) {',
  '  uint64_t times = 0;',
  '  if (now() < end[e].due) fail(e, "a timer came before its time");',
  '  if (read(end[e].fd, &times, 8) != 8 || times != 1 || end[e].expired++) fail(e, "it has not expired once");',
  '}',
];
