/** Lines of 64 bytes that come over a socket: `lines` and Node's readline, by callback and by promises. */
import { fileURLToPath } from 'node:url';
import type { Benchmark, Contender, Sample, Session, Trial } from './harness/benchmark.js';
import { Child } from './harness/child.js';
import { runTrial } from './harness/trial.js';

const program = fileURLToPath(new URL('workloads/lines.js', import.meta.url));

function contender(kind: string, way: string, count: number): Contender {
  const name = `${kind}, ${way}`;
  const measure = async (): Promise<Sample> => {
    await using child = Child.start(name, [process.execPath, program, kind, way, `${count}`]);
    return await child.next<Sample>();
  };
  return { name, version: process.version, measure };
}

function trial(session: Session): Trial {
  const count = session.quick ? 300_000 : 3_000_000;
  const against = (ours: string, theirs: string, atMost?: number): Trial['comparisons'][number] => ({
    of: { contender: `pollux, ${ours}`, figure: 'cpuNs' },
    against: { contender: `readline, ${theirs}`, figure: 'cpuNs' },
    atMost,
  });
  return {
    title: 'lines of 64 bytes from another process',
    method:
      'Another process sends lines over TCP as fast as they are taken; the length of each is looked at. CPU time is of the receiving ' +
      'process, divided by the number of lines. The iterators await a promise for each line, `batches` one for each chunk.',
    figures: [
      { key: 'cpuNs', title: 'CPU ns/line', digits: 0 },
      { key: 'wallNs', title: 'ns/line', digits: 0 },
    ],
    contenders: [
      contender('pollux', 'callback', count),
      contender('readline', 'callback', count),
      contender('pollux', 'batches', count),
      contender('pollux', 'iterator', count),
      contender('readline', 'iterator', count),
    ],
    comparisons: [
      against('callback', 'callback', 0.5),
      against('batches', 'iterator', 1),
      against('iterator', 'iterator'),
    ],
  };
}

export const benchmark: Benchmark = {
  name: 'lines',
  summary: 'lines over a socket: `lines` and readline',
  async run(session) {
    return [await runTrial(trial(session), session)];
  },
};
