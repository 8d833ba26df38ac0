/** Sleeping costs O(1), however many timers and sockets Node has in the same loop. */
import { expect } from 'chai';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { builtInBackends } from '../backends/built-in-backends.js';
import type { Window } from '../core/fixtures/crowded-loop.js';

const program = fileURLToPath(new URL('../core/fixtures/crowded-loop.js', import.meta.url));
/** Of each program, in turn with the other: what the machine does besides meets both. */
const WINDOWS = 15;
/** It was 10 times as much when each sleep looked at all timers. */
const MOST_CPU = 1.2;
/** Medians of two programs that do the same differ by so much on a busy machine. */
const NOISE = 0.1;
/** The time of as many calls: the rate is kept, but a busy machine may favour one of them. */
const MOST_ELAPSED = 1.5;

describe('core: a kernel timer beside 100,000 timers and 10,000 sockets of Node', () => {
  const programs: ChildProcess[] = [];
  afterEach(() => programs.splice(0).forEach(child => child.kill()));

  async function start(backend: string, place: string): Promise<ChildProcess> {
    const env = { ...process.env, POLLUX_BACKEND: backend };
    const child = fork(program, [place], { env, execArgv: ['--expose-gc'] });
    programs.push(child);
    await once(child, 'message');
    return child;
  }

  for (const backend of builtInBackends()) {
    it(`keeps its rate, and costs what it costs alone (${backend})`, async () => {
      const [alone, crowded] = await Promise.all(['alone', 'crowded'].map(place => start(backend, place)));
      const windows: [Window, Window][] = [];
      for (let count = 0; count < WINDOWS; count++) windows.push([await measured(alone), await measured(crowded)]);
      // Each in times of what it was alone, a moment before.
      expect(median(windows.map(([, { toldMs, elapsedMs }]) => toldMs / elapsedMs))).to.be.closeTo(1, 0.1);
      expect(median(windows.map(([before, after]) => after.elapsedMs / before.elapsedMs))).to.be.below(MOST_ELAPSED);
      const cpuRatio = median(windows.map(([before, after]) => after.cpuMs / before.cpuMs));
      expect(cpuRatio).to.be.below(MOST_CPU + NOISE);
    }).timeout(240_000);
  }
});

async function measured(child: ChildProcess): Promise<Window> {
  const answered = once(child, 'message') as Promise<[Window]>;
  child.send('measure');
  return (await answered)[0];
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
