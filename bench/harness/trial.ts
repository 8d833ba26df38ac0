/** Runs a trial: every contender once a round, A B C A B C, so that a slow minute of the machine falls on all alike. */
import type {
  Cell,
  Comparison,
  ComparisonResult,
  Contender,
  Row,
  Sample,
  Session,
  Spread,
  Trial,
  TrialResult,
} from './benchmark.js';
import { spreadOf } from './spread.js';

export async function runTrial(trial: Trial, session: Session): Promise<TrialResult> {
  const samples = new Map<string, Sample[]>();
  for (let round = 1; round <= session.rounds; round++) {
    for (const contender of trial.contenders) {
      if (!('measure' in contender)) continue;
      session.progress(`${trial.title}: round ${round} of ${session.rounds}, ${contender.name}`);
      const taken = samples.get(contender.name) ?? [];
      taken.push(await contender.measure());
      samples.set(contender.name, taken);
    }
  }
  const rows = trial.contenders.map(contender => rowOf(contender, trial, samples.get(contender.name)));
  return {
    title: trial.title,
    method: trial.method,
    rounds: session.rounds,
    figures: trial.figures,
    rows,
    comparisons: trial.comparisons.map(comparison => resultOf(comparison, rows)),
  };
}

function rowOf(contender: Contender, trial: Trial, samples: readonly Sample[] = []): Row {
  const { name } = contender;
  if ('missing' in contender) return { name, missing: contender.missing, figures: {} };
  if ('quoted' in contender) {
    return { name, source: contender.source, figures: figuresOf(trial, [contender.quoted]) };
  }
  return { name, version: contender.version, figures: figuresOf(trial, samples) };
}

function figuresOf(trial: Trial, samples: readonly Sample[]): Record<string, Spread> {
  const figures: Record<string, Spread> = {};
  for (const { key } of trial.figures) {
    // A contender need not have every figure: a C server has no JavaScript heap.
    const values = samples.map(sample => sample[key]).filter(value => value !== undefined);
    if (values.length > 0) figures[key] = spreadOf(values);
  }
  return figures;
}

function resultOf(comparison: Comparison, rows: readonly Row[]): ComparisonResult {
  const values = valuesOf(comparison, rows);
  if (values === undefined) return { ...comparison, verdict: 'not measured' };
  const spread = spreadOf(values);
  if (comparison.atMost === undefined) return { ...comparison, values: spread, verdict: 'no target' };
  return { ...comparison, values: spread, verdict: spread.median <= comparison.atMost ? 'holds' : 'misses' };
}

function valuesOf({ of, against }: Comparison, rows: readonly Row[]): number[] | undefined {
  const ours = samplesAt(of, rows);
  if (ours === undefined || against === undefined) return ours?.slice();
  const theirs = samplesAt(against, rows);
  return theirs && ours.map((value, round) => value / theirs[round]);
}

function samplesAt({ contender, figure }: Cell, rows: readonly Row[]): readonly number[] | undefined {
  return rows.find(row => row.name === contender)?.figures[figure]?.samples;
}
