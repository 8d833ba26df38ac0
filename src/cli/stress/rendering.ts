/** The report of a run for people: one column a side, backends side by side. */
import type { BackendResult, SideResult, StressReport } from './result.js';

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
  ['MB', side => count(side.bytes / 1e6)],
  ['seconds', side => fixed(2)(side.seconds)],
  ['MB/s', side => count(side.mbPerSecond)],
  ['events/s', side => count(side.eventsPerSecond)],
  ['system calls per MB', side => fixed(1)(side.systemCallsPerMb)],
  ['changes asked · sent', ({ changes: { asked, sent } }) => `${asked} · ${sent}`],
  ['CPU seconds', side => fixed(2)(side.cpuSeconds)],
  ['CPU seconds per GB', side => fixed(3)(side.cpuSecondsPerGb)],
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
  const { mode, threads, connections, rate, sizeBytes, durationSeconds, durationFrom } = asked;
  return [
    `Pollux ${pollux} on ${runtime}, ${kernel}`,
    mode,
    threads === 1 ? '1 thread a side' : `${threads} threads a side`,
    ...(connections === null ? [] : [`up to ${count(connections)} connections, ${rate} a second`]),
    ...(sizeBytes === null ? [] : [`${count(sizeBytes)} bytes a write`]),
    ...(durationSeconds === null ? [] : [`${durationSeconds} s${durationFrom === 'all open' ? ' with all open' : ''}`]),
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

function verdict({ verdict: text, lostBytes, bytes }: BackendResult): string {
  if (text !== 'ok') return text;
  return lostBytes === 0 ? `ok, ${count(bytes)} bytes sent and received, none lost` : 'ok';
}
