/** The founding table: CPU time of poll, select and epoll by the number of descriptors. */
import { fileURLToPath } from 'node:url';
import type { Benchmark, Comparison, Contender, QuotedContender, Sample, Session, Trial } from './harness/benchmark.js';
import { findCProgram } from './harness/c-program.js';
import { Child } from './harness/child.js';
import type { Peer } from './harness/peer.js';
import { pinning } from './harness/pinning.js';
import { runTrial } from './harness/trial.js';
import { findPollux } from './peers/pollux.js';

const DESCRIPTORS = [10, 100, 1_000, 10_000];
/** All figures are for this many operations, as in the table; fewer are run and the rest is proportion. */
const TABLE_OPERATIONS = 100_000;
/** Times at 10,000 descriptors against 10, for what promises not to depend on their number. */
const FLAT = 1.7;

/** Operations at each number of descriptors, so that no cell takes much more than a second. */
const FLAT_OPERATIONS = { full: [100_000, 100_000, 100_000, 100_000], quick: [20_000, 20_000, 20_000, 20_000] };
const GROWING_OPERATIONS = { full: [50_000, 20_000, 5_000, 500], quick: [10_000, 5_000, 1_000, 100] };

const SOURCE = 'M. Kerrisk, The Linux Programming Interface, table 63-9';
const QUOTED: readonly QuotedContender[] = [
  { name: 'poll then', source: SOURCE, quoted: sampleOf([0.61, 2.9, 35, 990]) },
  { name: 'select then', source: SOURCE, quoted: sampleOf([0.73, 3, 35, 930]) },
  { name: 'epoll then', source: SOURCE, quoted: sampleOf([0.41, 0.42, 0.53, 0.66]) },
];

function keyOf(descriptors: number): string {
  return `at${descriptors}`;
}

function sampleOf(seconds: readonly number[]): Sample {
  return Object.fromEntries(DESCRIPTORS.map((descriptors, index) => [keyOf(descriptors), seconds[index]]));
}

function contenderOf(peer: Peer, args: readonly string[], operations: readonly number[]): Contender {
  if ('missing' in peer) return peer;
  const sizes = DESCRIPTORS.map((descriptors, index) => `${descriptors}:${operations[index]}`);
  const measure = async (): Promise<Sample> => {
    await using child = Child.start(peer.name, pinning.server([...peer.command, ...args, ...sizes]));
    const { cpuSeconds } = await child.next<{ cpuSeconds: number[] }>();
    return sampleOf(cpuSeconds.map((spent, index) => (spent * TABLE_OPERATIONS) / operations[index]));
  };
  return { name: peer.name, version: peer.version, measure };
}

function growthOf(contender: string, atMost?: number): Comparison {
  const [least, most] = [DESCRIPTORS[0], DESCRIPTORS[DESCRIPTORS.length - 1]].map(keyOf);
  return { of: { contender, figure: most }, against: { contender, figure: least }, atMost };
}

function trialOf({ quick }: Session): Trial {
  const flat = quick ? FLAT_OPERATIONS.quick : FLAT_OPERATIONS.full;
  const growing = quick ? GROWING_OPERATIONS.quick : GROWING_OPERATIONS.full;
  const program = fileURLToPath(new URL('workloads/poll-descriptors.js', import.meta.url));
  const throughPollux = (backend: string, operations: readonly number[]): Contender =>
    contenderOf(findPollux(backend), [program, backend], operations);
  const inC = (call: string, operations: readonly number[]): Contender =>
    contenderOf(findCProgram(`C ${call}`, 'pollers'), [call], operations);
  return {
    title: 'pollers, CPU seconds for 100,000 operations by number of descriptors',
    method:
      'An operation writes to an eventfd chosen at random, waits, finds it and reads it; the others are idle. Measured ' +
      `on ${flat.join(', ')} operations for epoll and ${growing.join(', ')} for the others. select has bit sets as ` +
      'long as needed instead of an fd_set, which ends at 1,024.',
    figures: DESCRIPTORS.map(descriptors => ({
      key: keyOf(descriptors),
      title: descriptors.toLocaleString('en-GB'),
      digits: 2,
    })),
    contenders: [
      throughPollux('epoll', flat),
      throughPollux('poll', growing),
      inC('epoll', flat),
      inC('poll', growing),
      inC('select', growing),
      ...QUOTED,
    ],
    comparisons: [
      growthOf('pollux epoll', FLAT),
      growthOf('C epoll', FLAT),
      growthOf('pollux poll'),
      growthOf('C poll'),
      growthOf('C select'),
    ],
  };
}

export const benchmark: Benchmark = {
  name: 'pollers',
  summary: 'CPU time of poll, select and epoll at 10 to 10,000 descriptors; in C and through our backends',
  async run(session) {
    return [await runTrial(trialOf(session), session)];
  },
};
