/** The report for people: a table a trial, then the ratios, pair by pair. */
import type { Cell, ComparisonResult, Figure, Row, Spread, TrialResult } from './benchmark.js';

/** Targets are given to two; one more shows on which side of them a ratio lies. */
const RATIO_DIGITS = 3;

export function reportOf(result: TrialResult): string {
  const lines = [result.title, result.method, ''];
  lines.push(...table([header(result.figures), ...result.rows.map(row => cellsOf(row, result.figures))]));
  const rounds = result.rounds === 1 ? '1 round' : `${result.rounds} rounds`;
  lines.push(`Medians of ${rounds}, in brackets the least and the greatest.`, ...originsOf(result.rows));
  if (result.comparisons.length > 0) lines.push('', ...result.comparisons.map(one => sentenceOf(one, result.figures)));
  return lines.join('\n');
}

function header(figures: readonly Figure[]): string[] {
  return ['', ...figures.map(figure => figure.title)];
}

function cellsOf(row: Row, figures: readonly Figure[]): string[] {
  if (row.missing !== undefined) return [row.name, row.missing];
  return [row.name, ...figures.map(({ key, digits }) => spreadText(row.figures[key], digits))];
}

/** Versions and sources, each with the rows that share it. */
function originsOf(rows: readonly Row[]): string[] {
  const names = new Map<string, string[]>();
  for (const { name, version, source } of rows) {
    const origin = version ?? source;
    if (origin !== undefined) names.set(origin, [...(names.get(origin) ?? []), name]);
  }
  return [...names].map(([origin, sharers]) => `${sharers.join(', ')}: ${origin}`);
}

function spreadText(spread: Spread | undefined, digits: number): string {
  if (spread === undefined) return '-';
  const median = numberText(spread.median, digits);
  if (spread.samples.length < 2) return median;
  return `${median} [${numberText(spread.min, digits)}-${numberText(spread.max, digits)}]`;
}

function numberText(value: number, digits: number): string {
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function table(rows: readonly string[][]): string[] {
  const columns = Math.max(...rows.map(row => row.length));
  // The words for a missing peer run over the columns and are not to widen them.
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.filter(row => row.length === columns || column === 0).map(row => row[column]?.length ?? 0)),
  );
  return rows.map(row =>
    row
      .map((cell, column) => {
        if (row.length < columns && column > 0) return cell;
        return column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
      })
      .join('  ')
      .trimEnd(),
  );
}

function sentenceOf(comparison: ComparisonResult, figures: readonly Figure[]): string {
  const question = questionOf(comparison, figures);
  if (comparison.values === undefined) return `${question}: not measured`;
  const digits = comparison.against
    ? RATIO_DIGITS
    : (figures.find(({ key }) => key === comparison.of.figure)?.digits ?? 2);
  const { median, samples } = comparison.values;
  const each = samples.length < 2 ? '' : ` (${samples.map(value => numberText(value, digits)).join(', ')})`;
  const target =
    comparison.atMost === undefined ? 'no target' : `target at most ${comparison.atMost}: ${comparison.verdict}`;
  return `${question}: ${numberText(median, digits)}${each}; ${target}`;
}

function questionOf({ of, against }: ComparisonResult, figures: readonly Figure[]): string {
  const titleOf = ({ figure }: Cell): string => figures.find(({ key }) => key === figure)?.title ?? figure;
  if (against === undefined) return `${titleOf(of)}, ${of.contender}`;
  if (against.contender === of.contender) return `${of.contender}, ${titleOf(of)} / ${titleOf(against)}`;
  return `${titleOf(of)}, ${of.contender} / ${against.contender}`;
}
