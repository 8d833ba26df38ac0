/** A failure as a C program of the kernel's own calls: what one attaches to a report about the kernel. */
import { isEdge, isOneshot } from '../../../backends/kit/modes.js';
import type { Failure } from '../campaign.js';
import type { Program, Step } from '../program.js';
import { isLoose, when, type Dialect, type Features } from './dialect.js';
import { epoll } from './epoll.js';
import { BASICS, ENDS, functionsIn, linesOf, mentions, needed, TRAFFIC } from './fragments.js';
import { kqueue } from './kqueue.js';
import { poll } from './poll.js';
import { Translation } from './translation.js';

/** A C program, or why there is none. */
export type CProgram = { readonly text: string } | { readonly reason: string };

/** Beyond this, statements share lines: nobody reads a report of several screens. */
const MOST_LINES = 99;
const WIDTH = 118;
/** What the judge says of what lost its turn. */
const PASSED_OVER = 'passed over';
const INDENT = '  ';
const MODEL = 'model:';

/**
 * @param subject the name of the backend that failed; a model's program is that of the kernel that it plays.
 * @param kernel on which it failed, for people.
 * @returns C that exits 1 while the kernel breaks the promise, 0 where it keeps it (the bug is the backend's then), and
 *   2 where it can't tell.
 */
export function cProgramOf(failure: Failure, subject: string, kernel: string): CProgram {
  const dialect = dialectOf(subject);
  if (dialect === undefined) return { reason: `no C is written for the backend ${subject}` };
  const { program, unbatched } = failure;
  const found = featuresOf(program);
  const rehearsal = new Translation(program, dialect, found, unbatched, failure.rule === 'dead').run();
  const features = {
    ...found,
    // A timer that never comes is found by waiting for it.
    judgesTurns: failure.message.includes(PASSED_OVER),
    crowded: rehearsal.mostAlive * (dialect === kqueue ? 2 : 1) + (found.wakes ? 1 : 0) >= program.maxEvents,
    registrations: rehearsal.registered,
  };
  const reason = dialect.cannotBreak(failure.rule, features);
  if (reason !== undefined) return { reason };
  return { text: assemble(features, dialect, rehearsal.statements, header(failure, subject, kernel)) };
}

function dialectOf(subject: string): Dialect | undefined {
  if (subject.startsWith(MODEL)) return kqueue;
  return { epoll, kqueue, poll }[subject];
}

function featuresOf(program: Program): Features {
  const { steps, channels } = program;
  const modes = steps.flatMap(step => ('mode' in step ? [step.mode] : []));
  const has = (op: Step['op']) => steps.some(step => step.op === op);
  return {
    program,
    channelEnds: 2 * channels.length,
    timers: steps.filter(({ op }) => op === 'timer').length,
    wakes: has('wake'),
    edges: modes.some(isEdge),
    oneshots: modes.some(isOneshot),
    load: has('fork'),
    judgesTurns: false,
    crowded: true,
    registrations: 0,
  };
}

function header({ message, seed, stepsBefore, program }: Failure, subject: string, kernel: string): string[] {
  const backend = subject.startsWith(MODEL) ? `--backend ${subject}` : `--backend ${subject}, ${kernel}`;
  return [
    `/* ${message}`,
    ` * Found by: pollux stress events --seed ${seed} ${backend}; shrunk from ${stepsBefore} steps to ${program.steps.length}.`,
    ' * Exits 1 while the kernel has the bug, 0 where it has not, 2 where it cannot tell. Ends 2n and 2n + 1 are a pair. */',
  ];
}

/** @param statements of main, after its start. @param head a comment. */
function assemble(
  features: Features,
  dialect: Dialect,
  statements: readonly string[],
  head: readonly string[],
): string {
  const { program, channelEnds, timers, load } = features;
  const writes = ['put', 'fill', 'burst', 'load'].some(name => mentions(statements, name));
  // Ends that are open from the start need no number that says otherwise.
  const hasClosed = program.channels.includes('listener') || (timers > 0 && dialect !== kqueue);
  const main = [
    ...when(writes, 'signal(SIGPIPE, SIG_IGN);'),
    ...when(hasClosed, 'for (int e = 0; e < ENDS; e++) end[e].fd = -1;'),
    ...dialect.start(features),
    ...statements,
    'return 0;',
  ];
  const after = linesOf(needed(functionsIn(settle(dialect)), main));
  const judge = [...dialect.wait(features), ...after];
  const all = [...dialect.calls(features), ...(isLoose(features) ? loose(dialect) : [])];
  const calls = linesOf(needed(functionsIn(all), [...judge, ...main]));
  const traffic = needed(TRAFFIC, [...judge, ...main]);
  const ends = needed(ENDS, [...calls, ...judge, ...linesOf(traffic), ...main]);
  const body = [...linesOf(ends), ...calls, ...judge, ...linesOf(traffic)];
  const basics = needed(BASICS, [...body, ...main]);
  const kinds = program.channels.map(kind => kind[0]).join('');
  const text = [
    `enum { ENDS = ${channelEnds + timers}, TIMERS = ${channelEnds}, MOST = ${program.maxEvents} }; /* MOST events a wait */`,
    ...when(mentions(body, 'kinds'), `static const char kinds[] = "${kinds}"; /* unix, pipe, tcp, listener */`),
    ...when(load, 'static pid_t child;'),
    ...linesOf(basics),
    ...dialect.state(features),
    ...body,
    'int main(void) {',
  ];
  const includes = new Set([...when(writes, 'signal.h'), ...dialect.includes(features)]);
  for (const fragment of [...basics, ...ends, ...traffic]) for (const each of fragment.includes) includes.add(each);
  if (!['errno', 'EPIPE', 'ENOENT'].some(name => mentions(body, name))) includes.delete('errno.h');
  const fixed = [...head, '#define _GNU_SOURCE', ...[...includes].map(name => `#include <${name}>`), ...text];
  const isShort = fixed.length + main.length < MOST_LINES;
  return [...fixed, ...(isShort ? main.map(each => INDENT + each) : packed(main)), '}', ''].join('\n');
}

/** After the last step: a timer that is left must come, a second late at most. */
function settle({ timeLeft }: Dialect): readonly string[] {
  return [
    'static void settle(int e) {',
    '  double last = (now() > end[e].due ? now() : end[e].due) + 1000;',
    `  while (end[e].id && !end[e].expired && now() <= last) look(${timeLeft});`,
    '  if (end[e].id && !end[e].expired) fail(e, "a timer has not come a second after its time");',
    '}',
  ];
}

function loose({ looseBits }: Dialect): readonly string[] {
  return [
    'static unsigned loose(int e) { /* while another process writes, room on the network comes and goes */',
    `  return child && e < TIMERS && (kinds[e / 2] == 't' || kinds[e / 2] == 'l') ? ${looseBits} : 0;`,
    '}',
  ];
}

/** Statements that share lines. */
function packed(statements: readonly string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const statement of statements) {
    const isAlone = statement.startsWith('for ') || line.startsWith(`${INDENT}for `);
    const longer = line === '' ? INDENT + statement : `${line} ${statement}`;
    const isFull = line !== '' && (isAlone || longer.length > WIDTH);
    if (isFull) lines.push(line);
    line = isFull ? INDENT + statement : longer;
  }
  return [...lines, line];
}
