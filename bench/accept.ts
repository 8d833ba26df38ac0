/** Short connections: what one costs the server that accepts it, echoes one message and closes it. */
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

/** Connections under way at a time. */
const CONNECTIONS = 32;

interface Windows {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

const WINDOWS: Windows = { warmUpMs: 2_000, measuredMs: 2_000 };
const QUICK_WINDOWS: Windows = { warmUpMs: 1_000, measuredMs: 700 };

async function observe({ server, load }: EchoSession, measuredMs: number): Promise<Sample> {
  const before = await cpuSecondsOf(server);
  const { requests, elapsedNs, p50Ns, p99Ns } = await runEchoLoad(load, measuredMs);
  const spent = (await cpuSecondsOf(server)) - before;
  return {
    cpuMicros: (spent / requests) * 1e6,
    connectionsPerSecond: requests / (elapsedNs / 1e9),
    p50Micros: p50Ns / 1e3,
    p99Micros: p99Ns / 1e3,
  };
}

function trialOf({ warmUpMs, measuredMs }: Windows): Trial {
  const contender = (peer: Peer, program: readonly string[]): Contender =>
    echoContender(peer, { program, connections: CONNECTIONS, load: 'connect_load', warmUpMs }, session =>
      observe(session, measuredMs),
    );
  const cpuTo = (peer: string, atMost?: number): Comparison => ({
    of: { contender: 'pollux epoll', figure: 'cpuMicros' },
    against: { contender: peer, figure: 'cpuMicros' },
    atMost,
  });
  return {
    title: `accept, an echo of ${MESSAGE_BYTES} bytes a connection, ${CONNECTIONS} connections at a time`,
    method: `Closed loop: connect, one message and its echo, FIN both ways, close; ${pinning.words}. CPU time of the server: ${cpuTimeSource}.`,
    figures: [
      { key: 'cpuMicros', title: 'server CPU µs/connection', digits: 2 },
      { key: 'connectionsPerSecond', title: 'connections/s', digits: 0 },
      { key: 'p50Micros', title: 'p50 µs', digits: 0 },
      { key: 'p99Micros', title: 'p99 µs', digits: 0 },
    ],
    contenders: [
      contender(findPollux('epoll'), [serverProgram('echo-pollux')]),
      contender(findPollux('poll'), [serverProgram('echo-pollux')]),
      contender(findNode(), [serverProgram('echo-node')]),
      contender(findBun(), [serverProgram('echo-bun')]),
      contender(findCProgram('C epoll', 'echo_epoll'), []),
    ],
    comparisons: [cpuTo('node net', 0.6), cpuTo('C epoll', 1.3), cpuTo('bun')],
  };
}

export const benchmark: Benchmark = {
  name: 'accept',
  summary: 'CPU time and rate of short connections, an echo each; against Node net, Bun, C epoll',
  async run(session) {
    return [await runTrial(trialOf(session.quick ? QUICK_WINDOWS : WINDOWS), session)];
  },
};
