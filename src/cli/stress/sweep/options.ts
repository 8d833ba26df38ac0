/** The options of `pollux stress sweep`, checked. */
import { InvalidArgumentError } from 'commander';
import { SWEEPS, type SweepName } from './table.js';

const MOST_BATCH = 8192;
const MOST_THREADS = 64;
const MOST_RATE = 100_000_000;

export interface SweepOptions {
  readonly backend: string;
  readonly everyBackend?: boolean;
  readonly only?: readonly SweepName[];
  readonly batch: readonly number[];
  readonly threads: readonly number[];
  readonly keventsPerSecond?: readonly number[];
  readonly duration: number;
  readonly svg?: string;
  readonly json?: boolean | string;
}

export const DEFAULT_RATES = [1_000, 10_000, 50_000, 100_000] as const;

export function parseSweeps(text: string): SweepName[] {
  return text.split(',').map(each => {
    const name = SWEEPS.find(known => known === each);
    if (name === undefined) throw new InvalidArgumentError(`Allowed: ${SWEEPS.join(', ')}, with commas.`);
    return name;
  });
}

export const parseBatches = ascending(MOST_BATCH);
export const parseThreadCounts = ascending(MOST_THREADS);
export const parseRates = ascending(MOST_RATE);

/** '1,8,64' */
function ascending(most: number) {
  return (text: string): number[] => {
    const numbers = text.split(',').map(each => (/^\d+$/.test(each) ? Number(each) : NaN));
    const isRight = numbers.every((each, index) => each >= 1 && each <= most && !(each <= numbers[index - 1]));
    if (!isRight) throw new InvalidArgumentError(`Allowed: integers from 1 to ${most}, ascending, with commas.`);
    return numbers;
  };
}
