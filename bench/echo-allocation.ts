/** What an echo allocates on the JavaScript heap, told apart from what a turn of the loop allocates. */
import type { Benchmark, Contender, Sample, Trial } from './harness/benchmark.js';
import {
  echoContender,
  MESSAGE_BYTES,
  runEchoLoad,
  serverProgram,
  startEchoLoad,
  type EchoSession,
} from './harness/echo-session.js';
import type { Child } from './harness/child.js';
import type { Peer } from './harness/peer.js';
import { runTrial } from './harness/trial.js';
import { findNode } from './peers/node.js';
import { findPollux } from './peers/pollux.js';

const CONNECTIONS = 256;
/** Half of the smallest thing that V8 allocates (a number with a fraction or beyond 31 bits: two words). */
const NOTHING_BYTES = 8;

interface Windows {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

const WINDOWS: Windows = { warmUpMs: 1_500, measuredMs: 1_500 };
const QUICK_WINDOWS: Windows = { warmUpMs: 1_000, measuredMs: 700 };

interface Allocation {
  readonly requests: number;
  readonly turns: number;
  readonly bytes: number;
  readonly scavenges: number;
}

async function allocationOf(server: Child, load: Child, durationMs: number): Promise<Allocation> {
  await server.ask('allocation start');
  const { requests } = await runEchoLoad(load, durationMs);
  const { allocatedBytes, scavenges, turns } = await server.ask<{
    allocatedBytes: number;
    scavenges: number;
    turns: number;
  }>('allocation stop');
  return { requests, turns, bytes: allocatedBytes, scavenges };
}

function sampleOf({ requests, bytes, scavenges }: Allocation): Sample {
  return { bytesPerRequest: bytes / requests, scavengesPerMillion: (scavenges / requests) * 1e6 };
}

async function observe({ server, load }: EchoSession, { measuredMs }: Windows): Promise<Sample> {
  return sampleOf(await allocationOf(server, load, measuredMs));
}

/**
 * bytes = requests × each + turns × turn, twice: with many requests a turn, and with one connection, where every request
 * has a turn of its own. Two equations, two unknowns.
 */
async function observeTurnsApart({ server, load, port }: EchoSession, windows: Windows): Promise<Sample> {
  const many = await allocationOf(server, load, windows.measuredMs);
  await using single = await startEchoLoad(port, 1);
  await runEchoLoad(single, windows.warmUpMs);
  const one = await allocationOf(server, single, windows.measuredMs);
  const determinant = many.requests * one.turns - one.requests * many.turns;
  return {
    ...sampleOf(many),
    requestsPerTurn: many.requests / many.turns,
    eachBytes: (many.bytes * one.turns - one.bytes * many.turns) / determinant,
    turnBytes: (many.requests * one.bytes - one.requests * many.bytes) / determinant,
  };
}

function trialOf(windows: Windows): Trial {
  const contender = (peer: Peer, program: string, observer = observe): Contender =>
    echoContender(
      peer,
      { program: [serverProgram(program)], connections: CONNECTIONS, warmUpMs: windows.warmUpMs },
      session => observer(session, windows),
    );
  return {
    title: `echo-allocation, ${MESSAGE_BYTES} bytes, ${CONNECTIONS} connections`,
    method:
      'Bytes allocated on the JavaScript heap of the whole server, by its growth between collections (v8.GCProfiler). ' +
      'A turn of the loop allocates too (setImmediate does), whatever the number of requests in it: a second run with ' +
      'one connection tells the two apart. V8 allocates nothing smaller than 16 bytes. Memory outside the heap (the ' +
      'bytes of Buffers) is not counted.',
    figures: [
      { key: 'eachBytes', title: 'bytes/request but for turns', digits: 1 },
      { key: 'turnBytes', title: 'bytes/turn', digits: 0 },
      { key: 'requestsPerTurn', title: 'requests/turn', digits: 0 },
      { key: 'bytesPerRequest', title: 'bytes/request in all', digits: 1 },
      { key: 'scavengesPerMillion', title: 'scavenges/million requests', digits: 1 },
    ],
    contenders: [
      contender(findPollux('epoll'), 'echo-pollux', observeTurnsApart),
      contender(findPollux('poll'), 'echo-pollux', observeTurnsApart),
      contender(findNode(), 'echo-node'),
    ],
    comparisons: ['pollux epoll', 'pollux poll'].map(name => ({
      of: { contender: name, figure: 'eachBytes' },
      atMost: NOTHING_BYTES,
    })),
  };
}

export const benchmark: Benchmark = {
  name: 'echo-allocation',
  summary: 'bytes that an echo of 64 bytes allocates on the JavaScript heap; beside Node net',
  async run(session) {
    return [await runTrial(trialOf(session.quick ? QUICK_WINDOWS : WINDOWS), session)];
  },
};
