/** What one sweep found: curves over one variable, as a table and as a plot. */

export const SWEEPS = ['batch', 'mode', 'queues', 'rate'] as const;
export type SweepName = (typeof SWEEPS)[number];

export interface Point {
  readonly x: number;
  /** null: it could not be done. */
  readonly y: number | null;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface SweepTable {
  readonly sweep: SweepName;
  readonly title: string;
  /** What varies. */
  readonly x: string;
  /** What is measured, with its unit. */
  readonly y: string;
  readonly curves: readonly Curve[];
}

/** All values of x, ascending. */
export function valuesOf({ curves }: Pick<SweepTable, 'curves'>): number[] {
  const all = new Set(curves.flatMap(({ points }) => points.map(({ x }) => x)));
  return [...all].sort((one, other) => one - other);
}
