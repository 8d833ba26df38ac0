/** One frame of `pollux top`, as the lines of a terminal. */
import { bytes, count, duration, milliseconds } from './numbers.js';
import type { Paint, Style } from './palette.js';
import { clip, fitted, row, table, titles, wrapped, type Column } from './table.js';
import type { ConnectionRates, ProcessRates, ThreadRates } from './rates.js';

/** What connections are sorted by. */
export const SORTS = ['out', 'in', 'queued'] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  readonly columns: number;
  /** Lines that there are; Infinity where nobody scrolls. */
  readonly rows: number;
  readonly sort: Sort;
  readonly paint: Paint;
}

const NAME = 13;
const BAR = 8;
const LEAST_COLUMNS = 60;
/** From these on a number is worth a look, and then a worry. */
const LATE_MS = { look: 10, worry: 100 };
const BUSY = { look: 0.8, worry: 0.95 };

const threadColumns: readonly Column<ThreadRates>[] = [
  { title: ' THREAD', width: -NAME, text: ({ name }) => ` ${name}`, style: () => 'bold' },
  {
    title: 'BUSY',
    width: -14,
    text: ({ busy }) => `${bar(busy)} ${percent(busy).padStart(4)}`,
    style: ({ busy }) => level(busy, BUSY) ?? 'green',
  },
  { title: 'LAG', width: 8, text: ({ lagMs }) => milliseconds(lagMs), style: ({ lagMs }) => level(lagMs, LATE_MS) },
  {
    title: 'TURN',
    width: 8,
    droppedAt: 3,
    text: ({ turnMs }) => milliseconds(turnMs),
    style: ({ turnMs }) => level(turnMs, LATE_MS),
  },
  { title: 'EVENTS', width: 7, droppedAt: 1, text: ({ eventsPerTurn }) => eventsPerTurn.toFixed(1) },
  { title: 'CALLS/s', width: 8, droppedAt: 2, text: ({ calls }) => count(calls) },
  { title: 'IN/s', width: 8, text: ({ receivedBytes }) => bytes(receivedBytes) },
  { title: 'OUT/s', width: 8, text: ({ sentBytes }) => bytes(sentBytes) },
  { title: 'CONN', width: 6, text: ({ connections }) => count(connections) },
];

const connectionColumns: readonly Column<ConnectionRates>[] = [
  { title: ' THREAD', width: -NAME, text: ({ thread }) => ` ${thread}` },
  { title: 'PEER', width: -22, growsTo: 48, text: ({ remote }) => remote, style: () => 'cyan' },
  {
    title: 'STATE',
    width: -12,
    droppedAt: 1,
    text: ({ state }) => state,
    style: ({ state }) => (state === 'open' ? undefined : 'yellow'),
  },
  { title: 'IN/s', width: 8, text: ({ receivedBytes }) => bytes(receivedBytes) },
  { title: 'OUT/s', width: 8, text: ({ sentBytes }) => bytes(sentBytes) },
  {
    title: 'QUEUED',
    width: 9,
    text: ({ queuedBytes }) => bytes(queuedBytes),
    style: ({ queuedBytes }) => (queuedBytes > 0 ? 'yellow' : undefined),
  },
];

const sortKeys: Readonly<Record<Sort, keyof ConnectionRates & `${string}Bytes`>> = {
  out: 'sentBytes',
  in: 'receivedBytes',
  queued: 'queuedBytes',
};

/** @returns lines, none of them wider or more than the view has room for. */
export function renderFrame(rates: ProcessRates, view: View): string[] {
  const { paint } = view;
  const columns = Math.max(LEAST_COLUMNS, view.columns);
  const key = sortKeys[view.sort];
  const sorted = [...rates.connections].sort((a, b) => b[key] - a[key] || b.receivedBytes - a.receivedBytes);
  const head = [
    ...header(rates, columns, paint),
    '',
    ...threadTable(rates.threads, columns, paint),
    '',
    ...summary(rates, columns, paint),
  ];
  const room = view.rows - head.length - 2;
  const lines = [...head];
  if (sorted.length > 0 && room > 0) {
    const shown = sorted.slice(0, room);
    const left = rates.openConnections - shown.length;
    const more = left > 0 ? [paint('dim', ` … and ${left} more connections`)] : [];
    const rows = more.length > 0 && shown.length === room ? shown.slice(0, -1) : shown;
    lines.push('', ...table(fitted(connectionColumns, columns), rows, paint), ...more);
  }
  return lines.slice(0, Math.max(1, view.rows)).map(line => clip(line, columns));
}

function header(rates: ProcessRates, columns: number, paint: Paint): string[] {
  const { frame, cpu, openConnections, receivedBytes, sentBytes } = rates;
  const { title, pid, uptimeMs, node, thread, rssBytes } = frame;
  const about = `pid ${pid} · up ${duration(uptimeMs)} · node ${node} · ${thread.backend}`;
  const facts: [string, string][] = [
    ['cpu', percent(cpu)],
    ['rss', bytes(rssBytes)],
    ['connections', count(openConnections)],
    ['in', `${bytes(receivedBytes)}/s`],
    ['out', `${bytes(sentBytes)}/s`],
  ];
  return [
    ` ${paint('bold', title)}  ${paint('dim', about)}`,
    ...wrapped(
      facts.map(([name, value]) => `${paint('dim', name)} ${paint('bold', value)}`),
      { columns, first: ' ', indent: 1 },
    ),
  ];
}

/** What does not answer has no numbers to show. */
function threadTable(threads: readonly ThreadRates[], columns: number, paint: Paint): string[] {
  const shown = fitted(threadColumns, columns);
  const lines = [titles(shown, paint)];
  for (const thread of threads) {
    const { name, state, restarts } = thread;
    const again = restarts > 0 ? ` (started again: ${restarts})` : '';
    if (state === 'running') lines.push(row(shown, thread, paint));
    else
      lines.push(
        ` ${paint('bold', name.padEnd(NAME - 1))}${paint(state === 'hung' ? 'red' : 'yellow', wordFor(state) + again)}`,
      );
  }
  return lines;
}

function wordFor(state: ThreadRates['state']): string {
  return state === 'hung' ? 'hung: a call does not return' : state;
}

function summary({ paths, messages, memory, troubles }: ProcessRates, columns: number, paint: Paint): string[] {
  const label = (name: string, parts: readonly string[]) =>
    wrapped(parts, { columns, first: ` ${paint('dim', name.padEnd(NAME - 1))}`, indent: NAME });
  const total = paths.reduce((sum, [, rate]) => sum + rate, 0);
  const byPath = paths.map(
    ([path, rate]) => `${path} ${paint('bold', `${bytes(rate)}/s`)} ${paint('dim', percent(rate / total))}`,
  );
  const lines = label('paths', byPath.length === 0 ? [paint('dim', 'nothing goes out')] : byPath);
  const { received, sent, waiting, queues } = messages;
  if (received + sent + waiting + queues.length > 0) {
    const backlog = paint(waiting > 0 ? 'yellow' : 'dim', `${count(waiting)} waiting`);
    lines.push(...label('messages', [`in ${count(received)}/s`, `out ${count(sent)}/s`, backlog]));
  }
  if (queues.length > 0) {
    const longest = queues.map(({ name, length }) => `${name} ${paint('yellow', count(length))}`);
    lines.push(...label('queues', longest));
  }
  const starved = memory.starved > 0 ? [paint('red', `${memory.starved} wait for memory`)] : [];
  lines.push(...label('buffers', [`${bytes(memory.leasedBytes)} of ${bytes(memory.heldBytes)} on loan`, ...starved]));
  const told = [
    troubles.spins > 0 ? `${troubles.spins} descriptors given up for spinning` : '',
    troubles.shed > 0 ? `${troubles.shed} connections shed for want of descriptors` : '',
  ].filter(text => text !== '');
  if (told.length > 0) {
    const red = told.map(text => paint('red', text));
    lines.push(...label('trouble', red));
  }
  return lines;
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR);
  return '█'.repeat(full) + '░'.repeat(BAR - full);
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function level(value: number, { look, worry }: { look: number; worry: number }): Style | undefined {
  return value >= worry ? 'red' : value >= look ? 'yellow' : undefined;
}
