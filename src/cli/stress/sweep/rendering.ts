/** The tables of a sweep for people. */
import { valuesOf, type SweepTable } from './table.js';

export function renderTable(table: SweepTable): string {
  const head = [table.x, ...table.curves.map(({ name }) => name)];
  const rows = valuesOf(table).map(x => [
    x.toLocaleString('en'),
    ...table.curves.map(({ points }) => cell(points.find(point => point.x === x)?.y)),
  ]);
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map(line => line[column].length)));
  const text = lines.map(line => line.map((each, column) => each.padStart(widths[column])).join('   '));
  return [`${table.title} (${table.y})`, '', ...text].join('\n');
}

/** undefined: not tried; null: could not be done. */
function cell(y: number | null | undefined): string {
  if (y === undefined) return '';
  if (y === null) return 'too many';
  return y.toLocaleString('en', { maximumFractionDigits: y < 100 ? 1 : 0 });
}
