/** Messages of 64 bytes between two threads: how many, how soon, and how many wake-ups they cost. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Contender, Sample, Session, Trial } from './harness/benchmark.js';
import { Child } from './harness/child.js';
import { runTrial } from './harness/trial.js';

const program = fileURLToPath(new URL('workloads/messages.js', import.meta.url));
const ringbuf = new URL('../../node_modules/ringbuf.js/package.json', import.meta.url);
const node = process.version;

/** Not pinned: the two threads of the program are to have a core each. */
function contender(name: string, version: string, kind: string, work: string, count: number): Contender {
  const measure = async (): Promise<Sample> => {
    await using child = Child.start(name, [process.execPath, program, kind, work, `${count}`]);
    return await child.next<Sample>();
  };
  return { name, version, measure };
}

function throughput(session: Session): Trial {
  const many = session.quick ? 300_000 : 3_000_000;
  const { version } = JSON.parse(readFileSync(ringbuf, 'utf8')) as { version: string };
  const against = (contender: string, figure: string, atMost?: number): Trial['comparisons'][number] => ({
    of: { contender: 'pollux', figure },
    against: { contender, figure },
    atMost,
  });
  return {
    title: 'messages, one thread to one, 64 bytes',
    method:
      'From the first to the last that is received and looked at, divided by their number; the sender never rests, and waits for room ' +
      'where there is a bound. CPU time is of the whole process for that while. ringbuf.js has one sender, no wake-ups and ' +
      'no loop: its receiver asks again and again, and its sender too when it is full. Wake-ups are system calls, those ' +
      'of the sender for messages and those of the receiver for room.',
    figures: [
      { key: 'wallNs', title: 'ns/message', digits: 0 },
      { key: 'cpuNs', title: 'CPU ns/message', digits: 0 },
      { key: 'wakesPer100', title: 'wake-ups per 100', digits: 3 },
    ],
    contenders: [
      contender('pollux', node, 'pollux', 'flood', many),
      contender('postMessage', node, 'post', 'flood', many / 10),
      contender('ringbuf.js', version, 'ringbuf', 'flood', many),
    ],
    comparisons: [
      against('postMessage', 'wallNs', 1 / 15),
      against('postMessage', 'cpuNs'),
      against('ringbuf.js', 'wallNs', 1),
      { of: { contender: 'pollux', figure: 'wakesPer100' }, atMost: 1 },
    ],
  };
}

function latency(session: Session, pauseMs: number): Trial {
  const rounds = pauseMs > 0 ? (session.quick ? 200 : 2_000) : session.quick ? 5_000 : 50_000;
  const work = pauseMs > 0 ? 'rest' : 'pingpong';
  return {
    title: `messages, there and back, ${pauseMs > 0 ? `${pauseMs} ms after the last` : 'one after the other'}`,
    method:
      'Microseconds from sending 64 bytes until the answer of the same length is handed on. Both threads wait in their ' +
      'loops for whatever comes.',
    figures: [
      { key: 'medianUs', title: 'median µs', digits: 1 },
      { key: 'p99Us', title: 'p99 µs', digits: 1 },
    ],
    contenders: [
      contender('pollux', node, 'pollux', work, rounds),
      contender('postMessage', node, 'post', work, rounds),
    ],
    comparisons: [
      {
        of: { contender: 'pollux', figure: 'medianUs' },
        against: { contender: 'postMessage', figure: 'medianUs' },
        atMost: 0.5,
      },
    ],
  };
}

export const benchmark: Benchmark = {
  name: 'messages',
  summary: 'messages between threads: throughput, latency, wake-ups; against postMessage and ringbuf.js',
  async run(session) {
    const results = [await runTrial(throughput(session), session)];
    for (const pauseMs of [0, 2]) results.push(await runTrial(latency(session, pauseMs), session));
    return results;
  },
};
