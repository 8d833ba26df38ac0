import { expect } from 'chai';
import type { ProcessProgress } from '../../../../src/cli/stress/tally.js';
import { SideSampler } from '../../../../src/cli/stress/watching/samples.js';

/** A process that has moved so much by then. */
function at(second: number, megabytes: number, messages: number | null = null): ProcessProgress {
  const thread = { atMs: 1, held: 3, bytes: megabytes * 1e6, messages, dropped: null, errors: 0 };
  return {
    atMs: 5_000 + second * 1_000,
    cpuMicroseconds: second * 500_000,
    threads: [thread, { ...thread, bytes: 0 }],
  };
}

describe('pollux stress: samples', () => {
  it('are rates over the time that each process says, added up', () => {
    const sampler = new SideSampler();
    sampler.take(1, [at(0, 0, 0), at(0, 0, 0)]);
    sampler.take(2, [at(1, 10, 5), at(2, 40, 10)]);
    expect(sampler.samples).to.deep.equal([
      { second: 2, connections: 12, mbPerSecond: 30, messagesPerSecond: 20, cpuSecondsPerSecond: 1 },
    ]);
  });

  it('wait for a process that has said nothing new', () => {
    const sampler = new SideSampler();
    for (const [second, progress] of [
      [1, at(0, 0)],
      [2, at(0, 0)],
      [3, at(2, 10)],
    ] as const) {
      sampler.take(second, [progress]);
    }
    expect(sampler.samples).to.deep.equal([
      { second: 3, connections: 6, mbPerSecond: 5, messagesPerSecond: null, cpuSecondsPerSecond: 0.5 },
    ]);
  });

  it('of a week are no more than of twenty minutes, and their mean is the same', () => {
    const sampler = new SideSampler();
    for (let second = 0; second < 10_000; second++) sampler.take(second, [at(second, 7 * second)]);
    expect(sampler.samples.length).to.be.within(600, 1_200);
    for (const { mbPerSecond } of sampler.samples) expect(mbPerSecond).to.equal(7);
    expect(sampler.samples.at(-1)!.second).to.be.above(9_950);
  });
});
