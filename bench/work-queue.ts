/** Items of 64 bytes for two workers, and an answer to each: a work queue and piscina. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Contender, Sample, Session, Trial } from './harness/benchmark.js';
import { Child } from './harness/child.js';
import { runTrial } from './harness/trial.js';

const program = fileURLToPath(new URL('workloads/work-queue.js', import.meta.url));
const piscina = new URL('../../node_modules/piscina/package.json', import.meta.url);

/** Not pinned: the threads of the program are to have all the cores that there are. */
function contender(kind: string, version: string, atOnce: number, window: number, count: number): Contender {
  const name = `${kind}, ${atOnce} at once`;
  const measure = async (): Promise<Sample> => {
    await using child = Child.start(name, [process.execPath, program, kind, `${atOnce}`, `${window}`, `${count}`]);
    return await child.next<Sample>();
  };
  return { name, version, measure };
}

function trial(session: Session, window: number): Trial {
  const count = session.quick ? 10_000 : 100_000;
  const { version } = JSON.parse(readFileSync(piscina, 'utf8')) as { version: string };
  const isAlone = window === 1;
  const contenders = (isAlone ? [1] : [1, 8]).flatMap(atOnce => [
    contender('pollux', process.version, atOnce, window, count),
    contender('piscina', version, atOnce, window, count),
  ]);
  const figure = isAlone ? 'medianUs' : 'wallUs';
  return {
    title: `work for two workers, 64 bytes, ${isAlone ? 'one item after the other' : `${window} items under way`}`,
    method:
      'From giving an item to a worker that adds up its bytes until its sum is told, divided by the number of items. CPU time is ' +
      'of the whole process. "At once" is what one worker may have in hand: `atOnce`, and `concurrentTasksPerWorker`.',
    figures: [
      ...(isAlone
        ? [
            { key: 'medianUs', title: 'median µs', digits: 1 },
            { key: 'p99Us', title: 'p99 µs', digits: 1 },
          ]
        : [{ key: 'wallUs', title: 'µs/item', digits: 2 }]),
      { key: 'cpuUs', title: 'CPU µs/item', digits: 2 },
    ],
    contenders,
    comparisons: [
      { of: { contender: contenders[0].name, figure }, against: { contender: contenders[1].name, figure }, atMost: 1 },
    ],
  };
}

export const benchmark: Benchmark = {
  name: 'work-queue',
  summary: 'items for workers that are free, with answers: a work queue and piscina',
  async run(session) {
    return [await runTrial(trial(session, 256), session), await runTrial(trial(session, 1), session)];
  },
};
