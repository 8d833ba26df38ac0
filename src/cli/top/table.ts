/** Tables and lines of words that fit a terminal, however wide it is. */
import type { Paint, Style } from './palette.js';

export interface Column<Row> {
  readonly title: string;
  /** With the blanks before it; negative: to the left. */
  readonly width: number;
  /** What it may grow to where there is room. */
  readonly growsTo?: number;
  /** Where there is no room for all, columns with a number here are left out, 1 first. */
  readonly droppedAt?: number;
  readonly text: (row: Row) => string;
  readonly style?: (row: Row) => Style | undefined;
}

/** The columns that there is room for, as wide as they may be. */
export function fitted<Row>(all: readonly Column<Row>[], room: number): readonly Column<Row>[] {
  let columns = all;
  while (widthOf(columns) > room) {
    const optional = columns.filter(({ droppedAt }) => droppedAt !== undefined);
    if (optional.length === 0) return columns;
    const least = optional.reduce((a, b) => (a.droppedAt! < b.droppedAt! ? a : b));
    columns = columns.filter(column => column !== least);
  }
  const spare = room - widthOf(columns);
  return columns.map(column => {
    const { width, growsTo = 0 } = column;
    const more = Math.max(0, Math.min(spare, growsTo - Math.abs(width)));
    return { ...column, width: width + Math.sign(width) * more };
  });
}

function widthOf(columns: readonly Column<never>[]): number {
  return columns.reduce((sum, { width }) => sum + Math.abs(width), 0);
}

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paint: Paint): string[] {
  return [titles(columns, paint), ...rows.map(each => row(columns, each, paint))];
}

export function titles<Row>(columns: readonly Column<Row>[], paint: Paint): string {
  return paint('dim', columns.map(({ title, width }) => cell(title, width)).join(''));
}

export function row<Row>(columns: readonly Column<Row>[], values: Row, paint: Paint): string {
  return columns
    .map(({ width, text, style }) => {
      const plain = cell(text(values), width);
      const chosen = style?.(values);
      return chosen === undefined ? plain : paint(chosen, plain);
    })
    .join('');
}

/** Text that is too long is cut, and says so. */
function cell(text: string, width: number): string {
  const room = Math.abs(width);
  const fitting = text.length >= room && width < 0 ? `${text.slice(0, room - 2)}… ` : text;
  return width < 0 ? fitting.padEnd(room) : fitting.padStart(room);
}

/** Where the lines of `wrapped` begin. */
interface Wrapping {
  readonly columns: number;
  readonly first: string;
  readonly indent: number;
}

const BETWEEN = '   ';
// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[0-9;]*m/g;

/** Parts beside each other, and in further lines where they do not fit. */
export function wrapped(parts: readonly string[], { columns, first, indent }: Wrapping): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const part of parts) {
    const longer = isEmpty ? line + part : line + BETWEEN + part;
    if (!isEmpty && longer.replace(ESCAPES, '').length > columns) {
      lines.push(line);
      line = ' '.repeat(indent) + part;
    } else line = longer;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Cuts what is wider than the terminal; escape sequences take no room. */
export function clip(line: string, columns: number): string {
  let room = columns;
  // eslint-disable-next-line no-control-regex
  return line.replace(/(\u001b\[[0-9;]*m)|[^]/gu, (character, escape?: string) => {
    if (escape !== undefined) return character;
    return room-- > 0 ? character : '';
  });
}
