/** What a benchmark is made of. A file in bench/ exports one as `benchmark`; docs/benchmarks.md shows how to add one. */

export interface Benchmark {
  /** As given on the command line; the name of its file. */
  readonly name: string;
  /** One line for `--list`. */
  readonly summary: string;
  /** @throws Error what kept it from running; the harness prints it, ends every child and goes on with the next benchmark. */
  run(session: Session): Promise<TrialResult[]>;
}

/** How thorough this run is, and where it says what it is doing. */
export interface Session {
  /** Short windows and few rounds, to see that all works: the figures are rough. */
  readonly quick: boolean;
  /** How often each contender is measured. */
  readonly rounds: number;
  progress(text: string): void;
}

/** A column: one measured quantity. */
export interface Figure {
  /** Its key in a `Sample`. */
  readonly key: string;
  /** With the unit: 'CPU µs/request'. */
  readonly title: string;
  /** Digits after the point in the printed table. */
  readonly digits: number;
}

/** What one measurement of one contender gave, by the keys of the figures. */
export type Sample = Readonly<Record<string, number>>;

export interface MeasuredContender {
  readonly name: string;
  readonly version: string;
  measure(): Promise<Sample>;
}

/** A peer that this machine lacks; it is named in the table all the same. */
export interface MissingContender {
  readonly name: string;
  /** 'not installed (what to do about it)'. */
  readonly missing: string;
}

/** Figures taken from a publication, shown beside the measured ones and compared with nothing. */
export interface QuotedContender {
  readonly name: string;
  readonly source: string;
  readonly quoted: Sample;
}

export type Contender = MeasuredContender | MissingContender | QuotedContender;

/** One figure of one contender. */
export interface Cell {
  readonly contender: string;
  readonly figure: string;
}

/** A question put to the results: the cell itself or, with `against`, its ratio to another one of the same round. */
export interface Comparison {
  readonly of: Cell;
  readonly against?: Cell;
  /** The target. Without one the comparison is shown for information. */
  readonly atMost?: number;
}

/** One table: contenders measured in turn, and what they are compared by. */
export interface Trial {
  readonly title: string;
  /** What is measured and how, in a few words for those who read the report. */
  readonly method: string;
  readonly figures: readonly Figure[];
  readonly contenders: readonly Contender[];
  readonly comparisons: readonly Comparison[];
}

export interface Spread {
  /** One number a round, in order. */
  readonly samples: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Row {
  readonly name: string;
  readonly version?: string;
  readonly missing?: string;
  readonly source?: string;
  /** By key; empty where the contender is missing. */
  readonly figures: Readonly<Record<string, Spread>>;
}

export type Verdict = 'holds' | 'misses' | 'no target' | 'not measured';

export interface ComparisonResult extends Comparison {
  /** Round by round; absent when a side was not measured. */
  readonly values?: Spread;
  readonly verdict: Verdict;
}

export interface TrialResult {
  readonly title: string;
  readonly method: string;
  readonly rounds: number;
  readonly figures: readonly Figure[];
  readonly rows: readonly Row[];
  readonly comparisons: readonly ComparisonResult[];
}
