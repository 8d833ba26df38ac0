/** The figures of a side that are compared, and where the seconds of a run tell how much each of them varies. */
import type { Sample, SideResult } from '../result.js';
import { meanOf, type Measured } from './spread.js';

export interface Figure {
  readonly name: string;
  readonly digits: number;
  /** null where the side has none. */
  readonly of: (side: SideResult) => number | null;
  /** null where the second says nothing of it. */
  readonly ofSecond?: (sample: Sample) => number | null;
}

const MB_PER_GB = 1000;

export const FIGURES: readonly Figure[] = [
  { name: 'MB/s', digits: 1, of: side => side.mbPerSecond, ofSecond: sample => sample.mbPerSecond },
  {
    name: 'messages/s',
    digits: 0,
    of: ({ messages, seconds }) => (messages === null || seconds === 0 ? null : messages / seconds),
    ofSecond: sample => sample.messagesPerSecond,
  },
  {
    name: 'CPU seconds per GB',
    digits: 3,
    of: side => side.cpuSecondsPerGb,
    ofSecond: ({ cpuSecondsPerSecond, mbPerSecond }) =>
      mbPerSecond > 0 ? (cpuSecondsPerSecond * MB_PER_GB) / mbPerSecond : null,
  },
  { name: 'system calls per MB', digits: 1, of: side => side.systemCallsPerMb },
  { name: 'events/s', digits: 0, of: side => side.eventsPerSecond },
  { name: 'latency p50, ms', digits: 3, of: side => side.latencyMs?.p50 ?? null },
  { name: 'latency p90, ms', digits: 3, of: side => side.latencyMs?.p90 ?? null },
  { name: 'latency p99, ms', digits: 3, of: side => side.latencyMs?.p99 ?? null },
  { name: 'latency p99.9, ms', digits: 3, of: side => side.latencyMs?.p999 ?? null },
  { name: 'latency max, ms', digits: 3, of: side => side.latencyMs?.max ?? null },
  { name: 'loop lag p99, ms', digits: 1, of: side => side.loopLagMs.p99 },
  { name: 'memory at most, MB', digits: 0, of: side => side.rssBytes / 1e6 },
  {
    name: 'datagrams dropped, %',
    digits: 2,
    of: ({ datagrams }) => {
      const dropped = datagrams?.dropped ?? null;
      if (datagrams === null || dropped === null || datagrams.received + dropped === 0) return null;
      return (100 * dropped) / (datagrams.received + dropped);
    },
  },
];

/** While connections are being opened a second tells little: those with fewer than this share of them are left out. */
const OPEN_SHARE = 0.9;

/** @param runs of the same side, one or more. @returns null where none of them has it. */
export function measure(figure: Figure, runs: readonly SideResult[]): Measured | null {
  const values = runs.map(figure.of);
  if (!values.every(value => value !== null)) return null;
  if (runs.length > 1) return { mean: meanOf(values), samples: values, isOfRuns: true };
  const { ofSecond } = figure;
  const samples = ofSecond === undefined ? [] : steadySeconds(runs[0]).flatMap(sample => ofSecond(sample) ?? []);
  return { mean: values[0], samples, isOfRuns: false };
}

function steadySeconds({ perSecond }: SideResult): readonly Sample[] {
  const most = Math.max(0, ...perSecond.map(({ connections }) => connections));
  return perSecond.filter(({ connections }) => connections >= OPEN_SHARE * most);
}
