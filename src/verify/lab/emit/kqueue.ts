/** A program for kqueue(2): one filter a direction, changes in the call that waits. Its witness is poll(2). */
import { READABLE, WRITABLE, type Interest, type RegistrationMode } from '../../../backends/contract.js';
import { isEdge, isOneshot } from '../../../backends/kit/modes.js';
import { isLoose, judgesCauses, when, type Dialect, type Features } from './dialect.js';

export const kqueue: Dialect = {
  // The others first: on some systems sys/event.h takes its types from there.
  includes: () => ['sys/types.h', 'sys/event.h', 'poll.h', 'stdint.h', 'errno.h'],
  registersAtOnce: false,
  wake: 'wake(NOTE_TRIGGER, 0), woken = 1;',

  cannotBreak(rule) {
    return rule === 'counters' ? 'what a backend counts is no call of the kernel' : undefined;
  },

  state(features) {
    const { wakes, edges, oneshots, judgesTurns, timers, registrations } = features;
    return [
      'enum { READ = 1, WRITE = 2 };',
      'static struct end { /* fd -1: closed; id 0: not registered */',
      '  int fd, copy, id, asked, known, before, got; /* directions: armed, with a filter, ready, reported */',
      `  int disarmed${halfCloses(features) ? ', ended' : ''}${edges ? ', edge, owed' : ''}${oneshots ? ', oneshot' : ''}` +
        `${judgesCauses(features) ? ', seen[3]' : ''}${timers > 0 ? ', expired' : ''};${timers > 0 ? ' double due;' : ''}`,
      '} end[ENDS];',
      `static int kq, ids, changes${judgesTurns ? `, stood[2 * ${registrations + 1}], passed[2 * ENDS], since[2 * ENDS], waits, wakes` : ''}${wakes ? ', woken' : ''};`,
      'static struct kevent change[512];',
    ];
  },

  calls(features) {
    const { wakes, edges, oneshots, timers } = features;
    return [
      ...(halfCloses(features)
        ? [
            'static int holds(int e) { /* that a Unix socket has hung up is a sign only where its peer may have ended */',
            '  struct pollfd p = {.fd = end[e].fd, .events = POLLIN | POLLOUT};',
            "  int hup = POLLERR | (kinds[e / 2] != 'u' || end[e ^ 1].fd < 0 || end[e ^ 1].ended ? POLLHUP : 0);",
          ]
        : [
            'static int holds(int e) {',
            '  struct pollfd p = {.fd = end[e].fd, .events = POLLIN | POLLOUT}; int hup = POLLERR | POLLHUP;',
          ]),
      '  if (poll(&p, 1, 0) <= 0) return 0;',
      '  return (p.revents & (POLLIN | hup) ? READ : 0) | (p.revents & (POLLOUT | hup) ? WRITE : 0);',
      '}',
      'static void filter(int e, int way, int flags) {',
      '  void *tag = (void *)(uintptr_t)(end[e].id * 256 + e);',
      '  EV_SET(&change[changes++], (uintptr_t)end[e].fd, way == READ ? EVFILT_READ : EVFILT_WRITE, flags, 0, 0, tag);',
      '}',
      'static void ask(int e, int asked, int mode) {',
      '  struct end *at = &end[e];',
      '  if (!at->id) at->id = ++ids;',
      '  for (int way = READ; way <= WRITE; way++) {',
      `    if (asked & way && (${oneshots ? 'mode & EV_DISPATCH || ' : ''}!(at->asked & way))) filter(e, way, EV_ADD | EV_ENABLE | mode);`,
      '    else if (at->known & way & ~asked) filter(e, way, EV_DISABLE);',
      ...when(judgesCauses(features), '    at->seen[way] = -1;'),
      '  }',
      ...when(
        edges,
        '  at->edge = (mode & (EV_CLEAR | EV_DISPATCH)) == EV_CLEAR, at->owed = (at->owed | ~at->asked) & asked;',
      ),
      ...when(oneshots, '  at->oneshot = (mode & EV_DISPATCH) != 0, at->disarmed = 0;'),
      '  at->known |= asked, at->asked = asked;',
      '}',
      'static void drop(int e) {',
      '  struct kevent gone;',
      '  for (int way = READ; way <= WRITE; way++) {',
      '    EV_SET(&gone, (uintptr_t)end[e].fd, way == READ ? EVFILT_READ : EVFILT_WRITE, EV_DELETE, 0, 0, NULL);',
      '    if (end[e].known & way) kevent(kq, &gone, 1, NULL, 0, NULL);',
      '  }',
      '  end[e].id = end[e].asked = end[e].known = 0;',
      '}',
      ...when(edges, 'static void would_block(int e, int way) {', '  if (!(holds(e) & way)) end[e].owed |= way;', '}'),
      ...when(
        wakes,
        'static void wake(unsigned note, int flags) {',
        '  struct kevent user;',
        '  EV_SET(&user, 1, EVFILT_USER, flags, note, 0, (void *)(uintptr_t)ENDS);',
        '  must(kevent(kq, &user, 1, NULL, 0, NULL), "kevent");',
        '}',
      ),
      ...when(
        timers > 0,
        'static void start(int e, int ms) {',
        '  struct kevent timer;',
        '  end[e].due = now() + ms, end[e].id = ++ids;',
        '  EV_SET(&timer, (uintptr_t)e, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, ms, (void *)(uintptr_t)(end[e].id * 256 + e));',
        '  must(kevent(kq, &timer, 1, NULL, 0, NULL), "kevent");',
        '}',
        'static void stop(int e) { /* one that has expired is gone already */',
        '  struct kevent timer;',
        '  EV_SET(&timer, (uintptr_t)e, EVFILT_TIMER, EV_DELETE, 0, 0, NULL);',
        '  kevent(kq, &timer, 1, NULL, 0, NULL), end[e].id = 0;',
        '}',
      ),
    ];
  },

  wait(features) {
    const { wakes, edges, oneshots, crowded, judgesTurns, timers, load } = features;
    const loose = isLoose(features) ? ' & ~loose(e)' : '';
    return [
      'static void look(long ns) {',
      '  struct kevent ev[MOST]; struct timespec limit = {ns / 1000000000, ns % 1000000000};',
      `  int due[ENDS], n${mayRefuse(features) ? ', again' : ''}${wakes ? ', was_woken = woken' : ''};`,
      judgesTurns ? '  waits++;' : '  double begun = now();',
      '  for (int e = 0; e < TIMERS; e++) {',
      '    struct end *at = &end[e]; at->got = 0, at->before = holds(e);',
      `    due[e] = ${oneshots ? 'at->disarmed ? 0 : ' : ''}at->before & at->asked${edges ? ' & (at->edge ? at->owed : ~0)' : ''};`,
      ...when(
        oneshots,
        '    for (int way = READ; at->disarmed && way <= WRITE; way++)',
        '      if (at->asked & way) filter(e, way, EV_DISABLE), at->asked &= ~way; /* the other direction of a oneshot */',
      ),
      '  }',
      ...(mayRefuse(features)
        ? [
            '  do { /* a change that was refused is told in place of events: a pipe without reader, a filter that has gone */',
            '    n = must(kevent(kq, change, changes, ev, MOST, &limit), "kevent"), changes = again = 0;',
            '    for (int i = 0; i < n && ev[i].flags & EV_ERROR; i++, again = 1) {',
            '      int e = (uintptr_t)ev[i].udata % 256;',
            '      if (ev[i].data == EPIPE) end[e].asked &= ~WRITE, end[e].known &= ~WRITE;',
            '      else if (ev[i].data != ENOENT && ev[i].data != EBADF) fail(e, "refused");',
            '    }',
            '  } while (again);',
          ]
        : ['  n = must(kevent(kq, change, changes, ev, MOST, &limit), "kevent"), changes = 0;']),
      ...when(
        !judgesTurns,
        '  if (n == 0 && (now() - begun) * 1e6 < (double)ns) fail(-1, "the wait ended too early, with nothing");',
      ),
      '  for (int i = 0; i < n; i++) {',
      '    int e = (uintptr_t)ev[i].udata % 256, id = (int)((uintptr_t)ev[i].udata / 256);',
      '    int way = ev[i].filter == EVFILT_READ ? READ : WRITE; struct end *at = &end[e];',
      ...when(
        wakes,
        '    if (e == ENDS && !woken) fail(-1, "the user event was reported, and nobody has triggered it again");',
        `    if (e == ENDS) { woken = 0${judgesTurns ? ', wakes++' : ''}; continue; }`,
      ),
      ...when(!mayRefuse(features), '    if (ev[i].flags & EV_ERROR) fail(e, "a change was refused");'),
      '    if (e >= ENDS || !id || at->id != id) fail(e, "an event of a registration that is gone");',
      ...when(
        timers > 0,
        '    if (e >= TIMERS && now() < at->due) fail(e, "a timer came before its time");',
        '    if (e >= TIMERS && (at->expired++ || ev[i].data != 1)) fail(e, "a timer expired more than once");',
        '    if (e >= TIMERS) continue;',
      ),
      ...when(!judgesTurns, '    if (at->got & way) fail(e, "two events of one filter");'),
      ...when(
        oneshots,
        '    if (at->disarmed) fail(e, "a filter with EV_DISPATCH was reported again without EV_ENABLE");',
      ),
      ...when(!judgesTurns, '    if (way & ~at->asked) fail(e, "an event that was not asked for");'),
      ...when(
        !judgesTurns,
        `    if (way & ~(at->before | holds(e)${isLoose(features) ? ' | loose(e)' : ''})) fail(e, "what was reported does not hold");`,
      ),
      ...when(
        judgesCauses(features),
        `    if (at->edge && !(way & at->owed) && at->seen[way] == acts[e / 2]${load ? ' && !child' : ''})`,
        '      fail(e, "EV_CLEAR: reported again, and nothing has happened");',
        '    if (!(ev[i].flags & EV_EOF && ev[i].fflags)) at->seen[way] = acts[e / 2];',
      ),
      '    at->got |= way;',
      ...when(edges, '    at->owed &= ~way;'),
      ...when(
        features.program.channels.includes('pipe'),
        '    if (ev[i].flags & EV_ONESHOT) at->asked &= ~way, at->known &= ~way; /* a pipe without reader: the last event */',
      ),
      '  }',
      ...when(
        wakes,
        `  if (was_woken && woken${crowded ? ' && n < MOST' : ''}) fail(-1, "a trigger was not reported");`,
      ),
      ...(judgesTurns
        ? [
            '  for (int p = 0, e = 0; p < 2 * TIMERS; e = ++p / 2) {',
            `    int way = p % 2 + 1, steady = end[e].before & holds(e) & end[e].asked${loose} & way;`,
            '    int missing = due[e] & steady & ~end[e].got;',
            `    if ((end[e].got & way) || ${oneshots ? '(end[e].oneshot ? missing : steady)' : 'steady'}) stood[2 * end[e].id + way - 1] = waits;`,
            '    if (missing && n < MOST) fail(e, "it is ready, there was room, and it was not reported");',
            '    passed[p] = missing ? passed[p] + 1 : 0, since[p] = passed[p] == 1 ? waits : since[p];',
            '  }',
            '  for (int p = 0; p < 2 * TIMERS; p++) {',
            '    int crowd = wakes + ENDS - TIMERS;',
            '    for (int i = 0; i < (int)(sizeof stood / sizeof *stood); i++) crowd += stood[i] >= since[p];',
            '    if (passed[p] > (crowd + MOST - 1) / MOST + 1) fail(p / 2, "others were reported again and again meanwhile");',
            '  }',
          ]
        : [
            '  for (int e = 0; e < TIMERS; e++)',
            `    if (due[e] & end[e].asked & holds(e) & ~end[e].got${loose}${crowded ? ' && n < MOST' : ''}) fail(e, "it is ready, there was room, and it was not reported");`,
          ]),
      ...when(
        oneshots,
        '  for (int e = 0; e < TIMERS; e++)',
        '    if (end[e].oneshot && end[e].got) end[e].disarmed = 1, end[e].asked &= ~end[e].got;',
      ),
      '}',
    ];
  },

  start: ({ wakes }) => ['kq = must(kqueue(), "kqueue");', ...when(wakes, 'wake(0, EV_ADD | EV_CLEAR);')],

  change(end, interest, mode, before) {
    if (interest === 0 && before === undefined) return undefined;
    return `ask(${end}, ${directions(interest)}, ${flags(mode)});`;
  },

  remove: (end, before) => (before === undefined ? undefined : `drop(${end});`),

  refused(change, end) {
    if (change === 'register twice') return undefined;
    return end < 0 ? undefined : `filter(${end}, READ, EV_DELETE);`;
  },

  bit: direction => directions(direction),
  timeout: timeoutMs => String(Math.round(timeoutMs * 1e6)),
  noteEnded: (ends, hasEnded) => `${ends.map(end => `end[${end}].ended = `).join('')}${hasEnded ? 1 : 0};`,
  timeLeft: '((long)(last - now()) + 1) * 1000000',
  looseBits: 'WRITE',
  startTimer: (timer, delayMs, { channelEnds }) => `start(${channelEnds + timer}, ${delayMs});`,
  stopTimer: (timer, { channelEnds }) => `stop(${channelEnds + timer});`,
};

/** Whether the kernel may refuse a change and be right. */
function mayRefuse({ program }: Features): boolean {
  const dead = ['modify-dead', 'unregister-dead'];
  return program.channels.includes('pipe') || program.steps.some(({ op }) => dead.includes(op));
}

/** On FreeBSD 15 poll(2) says POLLHUP of a Unix socket whose own writing has been ended. */
function halfCloses({ program }: Features): boolean {
  return program.steps.some(({ op }) => op === 'half-close');
}

function directions(interest: Interest): string {
  return (
    [...when((interest & READABLE) !== 0, 'READ'), ...when((interest & WRITABLE) !== 0, 'WRITE')].join(' | ') || '0'
  );
}

function flags(mode: RegistrationMode): string {
  return [...when(isEdge(mode), 'EV_CLEAR'), ...when(isOneshot(mode), 'EV_DISPATCH')].join(' | ') || '0';
}
