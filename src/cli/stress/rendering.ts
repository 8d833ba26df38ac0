/** The report of a run for people: one column a side, backends side by side. */
import type { BackendResult, DatagramLoss, SideResult, StressReport } from './result.js';

type Cell = (side: SideResult) => string;

const count = (value: number) => Math.round(value).toLocaleString('en');
const fixed = (digits: number) => (value: number) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const rows: readonly (readonly [string, Cell])[] = [
  ['processes · threads', ({ processes, threads }) => `${processes} · ${threads}`],
  ['connections held', side => count(side.connections.held)],
  ['a thread, least · most', ({ heldByThread: { least, most } }) => `${least} · ${most}`],
  ['connections at peak', side => count(side.connections.peak)],
  ['opened · closed · failed', ({ connections: { opened, closed, failed } }) => `${opened} · ${closed} · ${failed}`],
  ['messages', side => orNone(side.messages, count)],
  ['MB', side => count(side.bytes / 1e6)],
  ['seconds', side => fixed(2)(side.seconds)],
  ['MB/s', side => count(side.mbPerSecond)],
  ['events/s', side => count(side.eventsPerSecond)],
  ['system calls per MB', side => fixed(1)(side.systemCallsPerMb)],
  ['changes asked · sent', ({ changes: { asked, sent } }) => `${asked} · ${sent}`],
  ['CPU seconds', side => fixed(2)(side.cpuSeconds)],
  ['CPU seconds per GB', side => fixed(3)(side.cpuSecondsPerGb)],
  ['latency p50 · p90 · p99, ms', ({ latencyMs: delay }) => delays(delay && [delay.p50, delay.p90, delay.p99])],
  ['latency p99.9 · max, ms', ({ latencyMs: delay }) => delays(delay && [delay.p999, delay.max])],
  ['loop lag p50 · p99 · max, ms', ({ loopLagMs: { p50, p99, max } }) => [p50, p99, max].map(fixed(1)).join(' · ')],
  ['memory at most, MB', side => count(side.rssBytes / 1e6)],
  ['errors', ({ errors }) => listErrors(errors)],
];

export function renderReport(report: StressReport): string {
  const columns = report.results.flatMap(columnsOf);
  const lines = [heading(report), '', ...(columns.length === 0 ? [] : table(columns))];
  for (const { name, value, asked, effect } of report.limits) {
    lines.push(`limit: ${name} is ${value}, ${asked} needed: ${effect}`);
  }
  if (report.limits.length > 0) lines.push('');
  for (const result of report.results) lines.push(`${result.backend}: ${verdict(result)}`);
  if (report.interrupted) lines.push('ended early by an interrupt');
  return lines.join('\n');
}

function heading({ pollux, runtime, kernel, asked }: StressReport): string {
  const { transport, mode, threads, connections, rate, message, datagrams, durationSeconds, durationFrom } = asked;
  const isStream = transport !== 'udp';
  return [
    `Pollux ${pollux} on ${runtime}, ${kernel}`,
    transport,
    mode,
    threads === 1 ? '1 thread a side' : `${threads} threads a side`,
    ...(connections === null || !isStream ? [] : [`up to ${count(connections)} connections, ${rate} a second`]),
    ...(message === null ? [] : [`messages of ${message} bytes`]),
    ...(datagrams === null ? [] : [`${count(datagrams)} datagrams`]),
    ...(durationSeconds === null || datagrams !== null
      ? []
      : [`${durationSeconds} s${durationFrom === 'all open' ? ' with all open' : ''}`]),
  ].join(' · ');
}

interface Column {
  readonly title: string;
  readonly side: SideResult;
}

function columnsOf({ backend, server, client }: BackendResult): Column[] {
  const columns: Column[] = [];
  if (server !== null) columns.push({ title: `${backend} server`, side: server });
  if (client !== null) columns.push({ title: `${backend} client`, side: client });
  return columns;
}

function table(columns: readonly Column[]): string[] {
  const cells = rows.map(([name, cell]) => [name, ...columns.map(({ side }) => cell(side))]);
  const lines = [['', ...columns.map(({ title }) => title)], ...cells];
  const widths = lines[0].map((_, column) => Math.max(...lines.map(line => line[column].length)));
  const align = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]);
  return [...lines.map(line => line.map(align).join('   ').trimEnd()), ''];
}

function listErrors(errors: SideResult['errors']): string {
  const kinds = Object.entries(errors).map(([kind, times]) => `${times} × ${kind}`);
  return kinds.length === 0 ? 'none' : kinds.join(', ');
}

function orNone(value: number | null, text: (value: number) => string): string {
  return value === null ? '' : text(value);
}

function delays(values: readonly number[] | null): string {
  return values === null ? '' : values.map(fixed(3)).join(' · ');
}

function verdict({ verdict: text, lostBytes, bytes, datagrams }: BackendResult): string {
  const loss = datagrams === null ? '' : `; ${lossText(datagrams)}`;
  if (text !== 'ok' || datagrams !== null) return text + loss;
  return lostBytes === 0 ? `ok, ${count(bytes)} bytes sent and received, none lost` : 'ok';
}

function lossText({ sent, refused, received, dropped, unaccounted }: DatagramLoss): string {
  const lost =
    dropped === null
      ? `${count(unaccounted)} lost (this system does not tell what its kernel drops)`
      : `${count(dropped)} dropped by the kernel, ${count(unaccounted)} unaccounted for`;
  return `${count(sent)} datagrams sent, ${count(received)} received, ${count(refused)} refused, ${lost}`;
}
