/** Pieces of C that programs of every dialect have in common: descriptors, and what is done to them. */

interface Fragment {
  /** The functions that it defines, by which it is found out whether a program needs it. */
  readonly names: readonly string[];
  readonly includes: readonly string[];
  readonly lines: readonly string[];
}

/** In the order in which C wants them: what is used stands before what uses it. */
export const BASICS: readonly Fragment[] = [
  { names: ['WAIT'], includes: [], lines: ['static int line;', '#define WAIT(time) (line = __LINE__, look(time))'] },
  {
    names: ['fail'],
    includes: ['stdio.h', 'stdlib.h'],
    lines: ['static void fail(int e, const char *what) { printf("line %d, end %d: %s\\n", line, e, what), exit(1); }'],
  },
  {
    names: ['must'],
    includes: ['stdio.h', 'stdlib.h'],
    lines: ['static int must(int got, const char *call) { return got < 0 ? perror(call), exit(2), got : got; }'],
  },
  {
    names: ['now'],
    includes: ['time.h'],
    lines: [
      'static struct timespec t;',
      'static double now(void) { return clock_gettime(CLOCK_MONOTONIC, &t), (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6; }',
    ],
  },
];

/** They use the ends, which the dialect declares. */
export const ENDS: readonly Fragment[] = [
  { names: ['acts'], includes: [], lines: ['static int acts[ENDS]; /* what was done to each pair, so far */'] },
  { names: ['fd_of'], includes: [], lines: ['static int fd_of(int e) { return acts[e / 2]++, end[e].fd; }'] },
  {
    names: ['opened'],
    includes: ['fcntl.h'],
    lines: ['static void opened(int e, int fd) { end[e].fd = must(fd, "open"), fcntl(fd, F_SETFL, O_NONBLOCK); }'],
  },
  {
    names: ['shut_down'],
    includes: ['unistd.h'],
    lines: ['static void shut_down(int e) { close(fd_of(e)), end[e].fd = -1; }'],
  },
];

/** What main calls, after the dialect's own. */
export const TRAFFIC: readonly Fragment[] = [
  {
    names: ['unix_pair'],
    includes: ['sys/socket.h'],
    lines: [
      'static void unix_pair(int c) {',
      '  int fds[2];',
      '  must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair"), opened(2 * c, fds[0]), opened(2 * c + 1, fds[1]);',
      '}',
    ],
  },
  {
    names: ['pipe_pair'],
    includes: ['unistd.h'],
    lines: [
      'static void pipe_pair(int c) {',
      '  int fds[2];',
      '  must(pipe(fds), "pipe"), opened(2 * c, fds[0]), opened(2 * c + 1, fds[1]);',
      '}',
    ],
  },
  {
    names: ['listener'],
    includes: ['netinet/in.h', 'sys/socket.h'],
    lines: [
      'static struct sockaddr_in address[ENDS];',
      'static void listener(int c) {',
      '  socklen_t size = sizeof *address;',
      '  address[c] = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};',
      '  opened(2 * c, socket(AF_INET, SOCK_STREAM, 0)), end[2 * c + 1].fd = -1;',
      '  must(bind(end[2 * c].fd, (struct sockaddr *)&address[c], size), "bind");',
      '  must(listen(end[2 * c].fd, 128), "listen");',
      '  must(getsockname(end[2 * c].fd, (struct sockaddr *)&address[c], &size), "getsockname");',
      '}',
    ],
  },
  {
    names: ['dial'],
    includes: ['sys/socket.h'],
    lines: [
      'static void dial(int c, int blocking) { /* a client in place of the last one; it may be refused */',
      '  int e = 2 * c + 1, room = 32768;',
      '  if (end[e].fd >= 0) close(end[e].fd);',
      '  end[e].fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");',
      '  setsockopt(fd_of(e), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);',
      '  if (!blocking) fcntl(end[e].fd, F_SETFL, O_NONBLOCK);',
      '  if (connect(end[e].fd, (struct sockaddr *)&address[c], sizeof *address) < 0 && blocking) must(-1, "connect");',
      '}',
    ],
  },
  {
    names: ['tcp_pair'],
    includes: ['sys/socket.h'],
    lines: [
      'static void tcp_pair(int c) { /* the even end connects, the odd one is accepted */',
      '  listener(c), dial(c, 1);',
      '  int accepted = accept(end[2 * c].fd, NULL, NULL);',
      '  close(end[2 * c].fd), opened(2 * c, end[2 * c + 1].fd), opened(2 * c + 1, accepted);',
      '}',
    ],
  },
  {
    names: ['replace'],
    includes: ['unistd.h'],
    lines: [
      'static void replace(int c, void (*open_pair)(int)) { /* under the numbers that are still open */',
      '  int old[2] = {end[2 * c].fd, end[2 * c + 1].fd};',
      '  open_pair(c), acts[c]++;',
      '  for (int i = 0; i < 2; i++) {',
      '    int *fd = &end[2 * c + i].fd;',
      '    if (old[i] >= 0 && *fd >= 0) dup2(*fd, old[i]), close(*fd), *fd = old[i];',
      '    else if (old[i] >= 0) close(old[i]);',
      '  }',
      '}',
    ],
  },
  {
    names: ['put'],
    includes: ['unistd.h'],
    lines: [
      'static char bytes[65536];',
      'static long put(int e, size_t n) { return end[e].fd < 0 ? -1 : write(fd_of(e), bytes, n); }',
    ],
  },
  {
    names: ['get'],
    includes: ['unistd.h'],
    lines: ['static long get(int e, size_t n) { static char to[65536]; return read(fd_of(e), to, n); }'],
  },
  { names: ['drain'], includes: [], lines: ['static void drain(int e) { while (get(e, 65536) > 0) continue; }'] },
  {
    names: ['fill'],
    includes: [],
    lines: ['static void fill(int e) { while (put(e, 65536) > 0 || put(e, 1) > 0) continue; }'],
  },
  {
    names: ['take_one'],
    includes: ['sys/socket.h', 'unistd.h'],
    lines: [
      'static int take_one(int e) { /* a connection that waits to be accepted, if there is one */',
      '  int fd = accept(fd_of(e), NULL, NULL);',
      '  return fd < 0 ? fd : close(fd);',
      '}',
    ],
  },
  { names: ['take_all'], includes: [], lines: ['static void take_all(int e) { while (take_one(e) == 0) continue; }'] },
  {
    names: ['burst'],
    includes: [],
    lines: ['static void burst(size_t n) { for (int e = 0; e < ENDS; e++) put(e, n); }'],
  },
  {
    names: ['load', 'join'],
    includes: ['sys/wait.h', 'unistd.h'],
    lines: [
      'static void load(size_t n) { /* another process writes, on the same open descriptions */',
      '  for (int e = 0; e < ENDS; e++) acts[e]++;',
      '  child = must(fork(), "fork");',
      '  for (int times = 0; child == 0 && times < 16 * ENDS; times++) put(times % ENDS, n);',
      '  if (child == 0) _exit(0);',
      '}',
      'static void join(void) {',
      '  if (child) waitpid(child, NULL, 0);',
      '  child = 0;',
      '  for (int e = 0; e < ENDS; e++) acts[e]++;',
      '}',
    ],
  },
  {
    names: ['reset'],
    includes: ['sys/socket.h'],
    lines: [
      'static void reset(int e) {',
      '  struct linger at_once = {1, 0};',
      '  setsockopt(end[e].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), shut_down(e);',
      '}',
    ],
  },
];

/** The fragments that lines use, and those that these use, in their order. */
export function needed(fragments: readonly Fragment[], lines: readonly string[]): readonly Fragment[] {
  const chosen = new Set<Fragment>();
  for (let size = -1; size !== chosen.size;) {
    size = chosen.size;
    const all = [...lines, ...linesOf([...chosen])];
    for (const fragment of fragments) if (fragment.names.some(name => mentions(all, name))) chosen.add(fragment);
  }
  return fragments.filter(fragment => chosen.has(fragment));
}

export function linesOf(fragments: readonly Fragment[]): readonly string[] {
  return fragments.flatMap(({ lines }) => lines);
}

/** Texts in quotes name nothing. */
export function mentions(lines: readonly string[], name: string): boolean {
  return lines.some(line => new RegExp(`\\b${name}\\b`).test(line.replace(/"[^"]*"/g, '')));
}

/** Whole functions, each from its first line to the next one's. */
export function functionsIn(lines: readonly string[]): readonly Fragment[] {
  const starts = lines.flatMap((line, index) => (line.startsWith('static ') ? [index] : []));
  return starts.map((start, place) => ({
    names: [/(\w+)\(/.exec(lines[start])![1]],
    includes: [],
    lines: lines.slice(start, starts[place + 1]),
  }));
}
