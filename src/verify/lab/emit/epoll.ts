/** A program in the calls of epoll(7). Its witness is poll(2), whose bits are the same on Linux. */
import { READABLE, WRITABLE, type Interest, type RegistrationMode } from '../../../backends/contract.js';
import { isEdge, isOneshot } from '../../../backends/kit/modes.js';
import { isLoose, judgesCauses, when, type Dialect, type Features } from './dialect.js';
import { POLL_BITS, TIMERFD, WOULD_BLOCK } from './descriptors.js';

export const epoll: Dialect = {
  includes: ({ timers, wakes }) => [
    ...['errno.h', 'poll.h', 'stdint.h', 'sys/epoll.h'],
    ...when(wakes, 'sys/eventfd.h'),
    ...when(timers > 0, 'sys/timerfd.h', 'unistd.h'),
  ],
  registersAtOnce: true,
  wake: 'eventfd_write(waker, 1), woken = 1;',

  cannotBreak(rule) {
    return rule === 'counters' ? 'what a backend counts is no call of the kernel' : undefined;
  },

  state(features) {
    return [
      'static struct end { /* fd -1: closed; id 0: not registered; asked: what epoll_ctl was told */',
      `  int fd, copy${features.oneshots ? ', disarmed' : ''}${features.judgesTurns ? ', passed, since' : ''}` +
        `${judgesCauses(features) ? ', seen' : ''}${features.timers > 0 ? ', expired; double due' : ''};`,
      `  uint32_t id, asked, before, got${features.edges ? ', owed' : ''};`,
      '} end[ENDS];',
      `static int ep${features.judgesTurns ? `, stood[2 * ${features.registrations + 1}], waits, wakes` : ''}${features.wakes ? ', waker, woken' : ''};`,
    ];
  },

  calls(features) {
    return [
      ...POLL_BITS,
      'static void ctl(int op, int e, uint32_t events) {',
      '  static uint32_t ids; struct end *at = &end[e];',
      '  if (op == EPOLL_CTL_ADD) at->id = ++ids;',
      '  struct epoll_event ev = {.events = events, .data = {.u64 = (uint64_t)at->id << 32 | (uint32_t)e}};',
      '  if (epoll_ctl(ep, op, at->fd, &ev) < 0) perror("epoll_ctl"), fail(e, "refused");',
      ...when(
        features.edges,
        '  at->owed = (op == EPOLL_CTL_ADD ? events : (at->owed & events) | (events & ~at->asked)) & (EPOLLIN | EPOLLOUT);',
      ),
      `  ${features.oneshots ? 'at->disarmed = 0, ' : ''}${judgesCauses(features) ? 'at->seen = -1, ' : ''}at->asked = events;`,
      '  if (op == EPOLL_CTL_DEL) at->id = 0;',
      '}',
      'static void refused(int op, int fd, int error) {',
      '  if (epoll_ctl(ep, op, fd, &(struct epoll_event){.events = EPOLLIN}) == 0 || errno != error) fail(-1, "epoll_ctl took what it must refuse");',
      '}',
      ...when(features.edges, ...WOULD_BLOCK),
      ...when(features.timers > 0, ...TIMERFD),
    ];
  },

  wait(features) {
    const { wakes, edges, oneshots, crowded, judgesTurns, timers } = features;
    const loose = isLoose(features) ? ' & ~loose(e)' : '';
    const anEdge = '(at->asked & (EPOLLET | EPOLLONESHOT)) == EPOLLET';
    return [
      'static uint32_t may(struct end *at) { return at->asked ? at->asked | EPOLLERR | EPOLLHUP : 0; }',
      'static void look(int ms) {',
      '  struct epoll_event ev[MOST];',
      `  uint32_t due[ENDS]${wakes ? ', was_woken = (uint32_t)woken' : ''};`,
      judgesTurns ? '  waits++;' : '  double begun = now();',
      '  for (int e = 0; e < ENDS; e++) {',
      '    struct end *at = &end[e]; at->got = 0, at->before = holds(e);',
      `    due[e] = ${oneshots ? 'at->disarmed ? 0 : ' : ''}at->before & may(at)${edges ? ` & (${anEdge} ? at->owed : ~0u)` : ''};`,
      '  }',
      '  int n = must(epoll_wait(ep, ev, MOST, ms), "epoll_wait");',
      ...when(
        !judgesTurns,
        `  if (n == 0 && now() - begun < ms) fail(-1, "the wait ended before its time, with nothing");`,
      ),
      '  for (int i = 0; i < n; i++) {',
      '    uint32_t e = (uint32_t)ev[i].data.u64, got = ev[i].events; struct end *at = &end[e];',
      ...when(
        wakes,
        '    if (e == ENDS && !woken) fail(-1, "the eventfd was reported, and nobody has written to it again");',
        `    if (e == ENDS) { woken = 0${judgesTurns ? ', wakes++' : ''}; continue; }`,
      ),
      '    if (e >= ENDS || at->id != ev[i].data.u64 >> 32) fail((int)e, "an event of a registration that is gone");',
      ...when(!judgesTurns, '    if (at->got) fail((int)e, "two events of one registration");'),
      ...when(oneshots, '    if (at->disarmed) fail((int)e, "a oneshot was reported again without EPOLL_CTL_MOD");'),
      ...when(!judgesTurns, '    if (got & ~may(at)) fail((int)e, "an event that was not asked for");'),
      `    if (got & ~(at->before | holds((int)e)${isLoose(features) ? ' | loose((int)e)' : ''})) fail((int)e, "what was reported does not hold");`,
      ...when(
        judgesCauses(features),
        `    if (${anEdge} && !(got & at->owed) && at->seen == acts[e / 2]${features.load ? ' && !child' : ''})`,
        '      fail((int)e, "an edge was reported again, and nothing has happened");',
        '    if (!(got & EPOLLERR)) at->seen = acts[e / 2];',
      ),
      `    at->got = got;${edges ? ' at->owed &= ~got;' : ''}${oneshots ? ' at->disarmed = (at->asked & EPOLLONESHOT) != 0;' : ''}`,
      ...when(timers > 0, '    if (e >= TIMERS) expire((int)e);'),
      '  }',
      ...when(
        wakes,
        `  if (was_woken && woken${crowded ? ' && n < MOST' : ''}) fail(-1, "a write to the eventfd was not reported");`,
      ),
      '  for (int e = 0; e < ENDS; e++) {',
      '    struct end *at = &end[e];',
      `    uint32_t steady = at->before & holds(e)${loose}, missing = due[e] & steady & ~at->got;`,
      ...(judgesTurns ? standInLine(features) : []),
      `    if (missing${crowded ? ' && n < MOST' : ''}) fail(e, "it is ready, there was room, and it was not reported");`,
      '  }',
      ...when(
        judgesTurns,
        '  for (int e = 0; e < ENDS; e++) {',
        '    struct end *at = &end[e]; int crowd = wakes;',
        '    for (int i = 0; at->passed && i < (int)(sizeof stood / sizeof *stood); i++) crowd += stood[i] >= at->since;',
        '    if (at->passed > (crowd + MOST - 1) / MOST + 1) fail(e, "others were reported again and again meanwhile");',
        '  }',
      ),
      '}',
    ];
  },

  start({ wakes }) {
    return [
      'ep = must(epoll_create1(0), "epoll_create1");',
      ...when(
        wakes,
        'waker = must(eventfd(0, EFD_NONBLOCK), "eventfd");',
        'struct epoll_event wake = {.events = EPOLLIN | EPOLLET, .data = {.u64 = ENDS}};',
        'must(epoll_ctl(ep, EPOLL_CTL_ADD, waker, &wake), "epoll_ctl");',
      ),
    ];
  },

  change(end, interest, mode, before) {
    const has = before !== undefined && before !== 0;
    if (interest === 0) return has ? this.remove(end, before) : undefined;
    return `ctl(EPOLL_CTL_${has ? 'MOD' : 'ADD'}, ${end}, ${events(interest, mode)});`;
  },

  remove(end, before) {
    return before === undefined || before === 0 ? undefined : `ctl(EPOLL_CTL_DEL, ${end}, 0);`;
  },

  refused(change, end) {
    const op = { modify: 'MOD', unregister: 'DEL', 'register twice': 'ADD' }[change];
    const error = end < 0 ? 'EBADF' : change === 'register twice' ? 'EEXIST' : 'ENOENT';
    return `refused(EPOLL_CTL_${op}, ${end < 0 ? '-1' : `end[${end}].fd`}, ${error});`;
  },

  bit: direction => (direction === READABLE ? 'EPOLLIN' : 'EPOLLOUT'),

  timeout: timeoutMs => String(Math.ceil(timeoutMs)),
  noteEnded: () => undefined,
  timeLeft: '(int)(last - now()) + 1',
  looseBits: 'EPOLLOUT | EPOLLERR',

  startTimer(timer, delayMs, { channelEnds }) {
    const end = channelEnds + timer;
    return `start(${end}, ${delayMs}), ctl(EPOLL_CTL_ADD, ${end}, EPOLLIN);`;
  },

  stopTimer(timer, { channelEnds }, isDoubted) {
    const end = channelEnds + timer;
    const doubt = isDoubted ? ` refused(EPOLL_CTL_DEL, end[${end}].fd, ENOENT);` : '';
    return `ctl(EPOLL_CTL_DEL, ${end}, 0);${doubt} shut_down(${end});`;
  },
};

function events(interest: Interest, mode: RegistrationMode): string {
  return [
    ...when((interest & READABLE) !== 0, 'EPOLLIN', 'EPOLLRDHUP'),
    ...when((interest & WRITABLE) !== 0, 'EPOLLOUT'),
    ...when(isEdge(mode), 'EPOLLET'),
    ...when(isOneshot(mode), 'EPOLLONESHOT'),
  ].join(' | ');
}

/** Both directions of a registration stand in line for a batch that is full. */
function standInLine({ oneshots }: Features): readonly string[] {
  return [
    `    uint32_t queued = at->got | ${oneshots ? '(at->asked & EPOLLONESHOT ? due[e] : may(at) & steady)' : '(may(at) & steady)'};`,
    '    for (int out = 0; out < 2; out++) if (queued & (out ? EPOLLOUT : EPOLLIN)) stood[2 * at->id + out] = waits;',
    '    if (!missing) at->passed = 0;',
    '    else if (!at->passed++) at->since = waits;',
  ];
}
