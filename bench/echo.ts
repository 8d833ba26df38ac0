/** Small messages back and forth: what a request costs the server. */
import type { Benchmark, Comparison, Contender, Sample, Trial } from './harness/benchmark.js';
import { findCProgram } from './harness/c-program.js';
import { cpuSecondsOf, cpuTimeSource } from './harness/cpu-time.js';
import { echoContender, MESSAGE_BYTES, runEchoLoad, serverProgram, type EchoSession } from './harness/echo-session.js';
import type { Peer } from './harness/peer.js';
import { pinning } from './harness/pinning.js';
import { runTrial } from './harness/trial.js';
import { findBun } from './peers/bun.js';
import { findNode } from './peers/node.js';
import { findPollux } from './peers/pollux.js';

const CONNECTIONS = [256, 16];
/** The targets were set for many connections, where a turn is shared by many messages. */
const TARGET_CONNECTIONS = 256;
/** One recv and one send; a wait is shared by all that is ready and counted apart. */
const CALLS_PER_REQUEST = 2;

interface Windows {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

const WINDOWS: Windows = { warmUpMs: 1_000, measuredMs: 2_000 };
const QUICK_WINDOWS: Windows = { warmUpMs: 600, measuredMs: 700 };

interface PolluxCounters {
  readonly backendCalls: number;
  readonly operationCalls: number;
}

type Observe = (session: EchoSession, measuredMs: number) => Promise<Sample>;

async function observeCost({ server, load }: EchoSession, measuredMs: number): Promise<Sample & { requests: number }> {
  const before = await cpuSecondsOf(server);
  const { requests, elapsedNs, p50Ns, p99Ns } = await runEchoLoad(load, measuredMs);
  const spent = (await cpuSecondsOf(server)) - before;
  return {
    requests,
    cpuMicros: (spent / requests) * 1e6,
    requestsPerSecond: requests / (elapsedNs / 1e9),
    p50Micros: p50Ns / 1e3,
    p99Micros: p99Ns / 1e3,
  };
}

async function observeCostAndCalls(session: EchoSession, measuredMs: number): Promise<Sample> {
  const before = await session.server.ask<PolluxCounters>('counters');
  const sample = await observeCost(session, measuredMs);
  const after = await session.server.ask<PolluxCounters>('counters');
  return {
    ...sample,
    operationCalls: (after.operationCalls - before.operationCalls) / sample.requests,
    backendCalls: (after.backendCalls - before.backendCalls) / sample.requests,
  };
}

function trialOf(connections: number, { warmUpMs, measuredMs }: Windows): Trial {
  const contender = (peer: Peer, program: readonly string[], observe: Observe = observeCost): Contender =>
    echoContender(peer, { program, connections, warmUpMs }, session => observe(session, measuredMs));
  const cpuOfEpollTo = (peer: string, atMost?: number): Comparison => ({
    of: { contender: 'pollux epoll', figure: 'cpuMicros' },
    against: { contender: peer, figure: 'cpuMicros' },
    atMost,
  });
  return {
    title: `echo, ${MESSAGE_BYTES} bytes, ${connections} connections`,
    method:
      `Closed loop, one message in flight a connection; ${pinning.words}. CPU time of the server: ${cpuTimeSource}. ` +
      'System calls as Pollux counts them; Node makes one more wait of its own a turn.',
    figures: [
      { key: 'cpuMicros', title: 'server CPU µs/request', digits: 2 },
      { key: 'requestsPerSecond', title: 'requests/s', digits: 0 },
      { key: 'p50Micros', title: 'p50 µs', digits: 0 },
      { key: 'p99Micros', title: 'p99 µs', digits: 0 },
      { key: 'operationCalls', title: 'recv+send/request', digits: 3 },
      { key: 'backendCalls', title: 'waits+changes/request', digits: 3 },
    ],
    contenders: [
      contender(findPollux('epoll'), [serverProgram('echo-pollux')], observeCostAndCalls),
      contender(findPollux('io_uring'), [serverProgram('echo-pollux')], observeCostAndCalls),
      contender(findPollux('poll'), [serverProgram('echo-pollux')], observeCostAndCalls),
      contender(findNode(), [serverProgram('echo-node')]),
      contender(findBun(), [serverProgram('echo-bun')]),
      contender(findCProgram('C epoll', 'echo_epoll'), []),
    ],
    comparisons: [
      cpuOfEpollTo('node net', connections === TARGET_CONNECTIONS ? 0.65 : undefined),
      cpuOfEpollTo('C epoll', connections === TARGET_CONNECTIONS ? 1.3 : undefined),
      cpuOfEpollTo('bun'),
      {
        of: { contender: 'pollux io_uring', figure: 'cpuMicros' },
        against: { contender: 'pollux epoll', figure: 'cpuMicros' },
      },
      {
        of: { contender: 'pollux poll', figure: 'cpuMicros' },
        against: { contender: 'node net', figure: 'cpuMicros' },
      },
      { of: { contender: 'pollux epoll', figure: 'operationCalls' }, atMost: CALLS_PER_REQUEST },
      { of: { contender: 'pollux poll', figure: 'operationCalls' }, atMost: CALLS_PER_REQUEST },
    ],
  };
}

export const benchmark: Benchmark = {
  name: 'echo',
  summary: 'CPU time, rate, latency and system calls of an echo of 64 bytes; against Node net, Bun, C epoll',
  async run(session) {
    const windows = session.quick ? QUICK_WINDOWS : WINDOWS;
    const results = [];
    for (const connections of CONNECTIONS) results.push(await runTrial(trialOf(connections, windows), session));
    return results;
  },
};
