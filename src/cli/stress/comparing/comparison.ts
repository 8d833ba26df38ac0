/** What changed from one set of runs to another, figure by figure, and whether that is more than noise. */
import type { SideResult, StressReport } from '../result.js';
import { FIGURES, measure } from './figures.js';
import { checkSame, matching } from './reading.js';
import { noiseOf } from './spread.js';

export type Judgement = 'changed' | 'within the noise' | 'noise not known' | 'same';

export interface Change {
  readonly side: 'server' | 'client';
  readonly figure: string;
  readonly before: number;
  readonly after: number;
  /** Of the value before; null where that is 0. */
  readonly changePercent: number | null;
  /** What the difference may be by chance; null where nothing tells. */
  readonly noisePercent: number | null;
  readonly noiseFrom: 'runs' | 'seconds' | null;
  readonly judgement: Judgement;
}

export interface BackendComparison {
  readonly before: string;
  readonly after: string;
  readonly runs: readonly [before: number, after: number];
  readonly changes: readonly Change[];
}

/** @throws Error they can't be compared. */
export function compareReports(before: readonly StressReport[], after: readonly StressReport[]): BackendComparison[] {
  checkSame(before[0], after[0], 'these results');
  return matching(before, after).map(([one, other]) => ({
    before: one,
    after: other,
    runs: [before.length, after.length],
    changes: (['server', 'client'] as const).flatMap(side =>
      changesOf(side, sidesOf(before, one, side), sidesOf(after, other, side)),
    ),
  }));
}

function sidesOf(reports: readonly StressReport[], backend: string, side: 'server' | 'client'): SideResult[] {
  return reports.flatMap(({ results }) => results.find(result => result.backend === backend)?.[side] ?? []);
}

function changesOf(
  side: 'server' | 'client',
  before: readonly SideResult[],
  after: readonly SideResult[],
): readonly Change[] {
  if (before.length === 0 || after.length === 0) return [];
  return FIGURES.flatMap(figure => {
    const one = measure(figure, before);
    const other = measure(figure, after);
    if (one === null || other === null) return [];
    const noise = noiseOf(one, other);
    const difference = other.mean - one.mean;
    const percent = (value: number) => (one.mean === 0 ? null : (100 * value) / one.mean);
    return {
      side,
      figure: figure.name,
      before: one.mean,
      after: other.mean,
      changePercent: percent(difference),
      noisePercent: noise === undefined ? null : percent(noise),
      noiseFrom: noise === undefined ? null : one.isOfRuns ? 'runs' : 'seconds',
      judgement: judge(difference, noise),
    } satisfies Change;
  });
}

function judge(difference: number, noise: number | undefined): Judgement {
  if (difference === 0) return 'same';
  if (noise === undefined) return 'noise not known';
  return Math.abs(difference) > noise ? 'changed' : 'within the noise';
}
