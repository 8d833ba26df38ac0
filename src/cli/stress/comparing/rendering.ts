/** What `pollux stress compare` prints for people. */
import type { StressReport } from '../result.js';
import type { BackendComparison, Change } from './comparison.js';
import { FIGURES } from './figures.js';

const HEAD = ['', 'before', 'after', 'change', 'noise', ''];

export function renderComparison(
  before: StressReport,
  after: StressReport,
  comparisons: readonly BackendComparison[],
): string {
  return [differences(before, after), ...comparisons.map(comparisonText)].join('\n\n');
}

/** What the two were run with, as far as that differs. */
function differences(before: StressReport, after: StressReport): string {
  const facts = ({ pollux, runtime, kernel, asked }: StressReport) => ({
    pollux,
    runtime,
    kernel,
    mode: asked.mode,
    duration: `${asked.durationSeconds} s`,
  });
  const [one, other] = [facts(before), facts(after)];
  const names = (Object.keys(one) as (keyof typeof one)[]).filter(name => one[name] !== other[name]);
  if (names.length === 0) return 'The same version, runtime, kernel, mode and duration.';
  return names.map(name => `${name}: ${one[name]} before, ${other[name]} after`).join('\n');
}

function comparisonText({ before, after, runs, changes }: BackendComparison): string {
  const title = before === after ? before : `${before} before, ${after} after`;
  const rows = changes.map(change => [
    `${change.side} ${change.figure}`,
    number(change.figure, change.before),
    number(change.figure, change.after),
    signed(change.changePercent),
    change.noisePercent === null ? '' : `± ${change.noisePercent.toFixed(1)} %`,
    change.judgement,
  ]);
  const lines = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...lines.map(line => line[column].length)));
  const isText = (column: number) => column === 0 || column === HEAD.length - 1;
  const table = lines.map(line =>
    line
      .map((cell, column) => (isText(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('   ')
      .trimEnd(),
  );
  return [`${title} · ${runs[0]} and ${runs[1]} runs · ${noiseText(changes)}`, '', ...table].join('\n');
}

function noiseText(changes: readonly Change[]): string {
  if (changes.some(({ noiseFrom }) => noiseFrom === 'runs')) return 'noise: 95 % interval of the runs';
  if (changes.some(({ noiseFrom }) => noiseFrom === 'seconds')) return 'noise: how much the seconds of a run differ';
  return 'noise not known: compare several runs, A1.json,A2.json B1.json,B2.json';
}

function number(figure: string, value: number): string {
  const digits = FIGURES.find(({ name }) => name === figure)?.digits ?? 0;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function signed(percent: number | null): string {
  if (percent === null) return '';
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`;
}
