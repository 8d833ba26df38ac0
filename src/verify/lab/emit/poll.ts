/** A program in the calls of poll(2), whose witness is poll(2) of one descriptor alone. */
import { READABLE, WRITABLE } from '../../../backends/contract.js';
import { isEdge, isOneshot } from '../../../backends/kit/modes.js';
import { platform } from '../../../sys/ffi/platform.js';
import { isLoose, when, type Dialect } from './dialect.js';
import { POLL_BITS, TIMERFD } from './descriptors.js';

const OF_REGISTRATIONS: readonly string[] = ['dead', 'duplicate', 'oneshot', 'no cause', 'starved'];

export const poll: Dialect = {
  includes: ({ timers, wakes }) => [
    ...['poll.h', 'stdint.h'],
    ...when(timers > 0, 'sys/timerfd.h'),
    ...when(timers > 0 || wakes, 'unistd.h'),
  ],
  registersAtOnce: true,
  wake: 'must((int)write(waker[1], "", 1), "write"), woken = 1;',

  cannotBreak(rule, { timers }) {
    if (rule === 'counters') return 'what a backend counts is no call of the kernel';
    if (OF_REGISTRATIONS.includes(rule)) {
      return 'poll(2) keeps no registrations and no batches: these are the backend’s own';
    }
    if (timers > 0 && platform !== 'linux') return 'it takes timerfd to wait for timers by poll(2)';
    return undefined;
  },

  state({ edges, oneshots, wakes, timers }) {
    return [
      '#ifndef POLLRDHUP',
      '#define POLLRDHUP 0',
      '#endif',
      'static struct end {',
      '  int fd, copy, id; /* -1: closed; id 0: not asked about */',
      `  uint32_t asked, before;${edges ? ' uint32_t interest; int edge;' : ''}${oneshots ? ' int oneshot;' : ''}` +
        `${timers > 0 ? ' int expired; double due;' : ''}`,
      '} end[ENDS];',
      ...when(wakes, 'static int waker[2], woken;'),
    ];
  },

  calls({ edges, timers }) {
    return [
      ...POLL_BITS,
      ...when(
        edges,
        'static void would_block(int e, uint32_t way) {',
        '  if (!(holds(e) & (way | POLLHUP | POLLERR))) end[e].asked |= end[e].interest & way;',
        '}',
      ),
      ...when(timers > 0, ...TIMERFD),
    ];
  },

  wait(features) {
    const { wakes, edges, oneshots, timers } = features;
    const loose = isLoose(features) ? ' & ~loose(e)' : '';
    return [
      'static void look(int ms) {',
      `  struct pollfd p[ENDS${wakes ? ' + 1' : ''}];`,
      '  double begun = now();',
      '  for (int e = 0; e < ENDS; e++) {',
      '    struct end *at = &end[e];',
      '    at->before = holds(e);',
      '    p[e] = (struct pollfd){.fd = at->asked ? at->fd : -1, .events = (short)at->asked};',
      '  }',
      ...when(wakes, '  p[ENDS] = (struct pollfd){.fd = waker[0], .events = POLLIN};'),
      '  int n = must(poll(p, sizeof p / sizeof *p, ms), "poll");',
      '  if (n == 0 && now() - begun < ms) fail(-1, "the wait ended before its time, with nothing");',
      ...when(
        wakes,
        '  char byte;',
        '  if (woken != (p[ENDS].revents == POLLIN)) fail(-1, "a pipe that was written to and not reported, or the reverse");',
        '  while (read(waker[0], &byte, 1) > 0) woken = 0;',
      ),
      '  for (int e = 0; e < ENDS; e++) {',
      '    struct end *at = &end[e];',
      `    uint32_t got = (uint32_t)p[e].revents, may = at->asked ? at->asked | POLLERR | POLLHUP : 0, after = holds(e);`,
      '    if (got & ~may) fail(e, "an event that was not asked for");',
      `    if (got & ~(at->before | after${isLoose(features) ? ' | loose(e)' : ''})) fail(e, "what was reported does not hold");`,
      `    if (at->before & after & may & ~got${loose}) fail(e, "it is ready, there was room, and it was not reported");`,
      ...when(edges, '    if (at->edge) at->asked &= ~(got | (got & POLLIN ? POLLRDHUP : 0));'),
      ...when(oneshots, '    if (at->oneshot && got) at->asked = 0;'),
      ...when(timers > 0, '    if (e >= TIMERS && got) expire(e);'),
      '  }',
      '}',
    ];
  },

  start: ({ wakes }) => when(wakes, 'must(pipe(waker), "pipe"), fcntl(waker[0], F_SETFL, O_NONBLOCK);'),

  change(end, interest, mode) {
    const events =
      [
        ...when((interest & READABLE) !== 0, 'POLLIN', 'POLLRDHUP'),
        ...when((interest & WRITABLE) !== 0, 'POLLOUT'),
      ].join(' | ') || '0';
    const edge = isEdge(mode) && !isOneshot(mode) ? `, end[${end}].edge = 1, end[${end}].interest = ${events}` : '';
    return `end[${end}].asked = ${events}${edge}${isOneshot(mode) ? `, end[${end}].oneshot = 1` : ''};`;
  },

  remove: end => `end[${end}].asked = 0;`,
  refused: () => undefined,
  bit: direction => (direction === READABLE ? 'POLLIN' : 'POLLOUT'),
  timeout: timeoutMs => String(Math.ceil(timeoutMs)),
  noteEnded: () => undefined,
  timeLeft: '(int)(last - now()) + 1',
  looseBits: 'POLLOUT | POLLERR',

  startTimer(timer, delayMs, { channelEnds }) {
    const end = channelEnds + timer;
    return `start(${end}, ${delayMs}), end[${end}].asked = POLLIN, end[${end}].id = 1;`;
  },

  stopTimer(timer, { channelEnds }) {
    const end = channelEnds + timer;
    return `end[${end}].asked = 0, end[${end}].id = 0, shut_down(${end});`;
  },
};
