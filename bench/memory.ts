/** What an idle connection costs the server in memory. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark, Contender, Sample, Trial } from './harness/benchmark.js';
import type { Child } from './harness/child.js';
import { runEchoLoad, serverProgram, startEchoLoad, startEchoServer } from './harness/echo-session.js';
import type { Peer } from './harness/peer.js';
import { runTrial } from './harness/trial.js';
import { findNode } from './peers/node.js';
import { findPollux } from './peers/pollux.js';

/** Below the usual ceiling of descriptors (20,000 here, 1,048,576 elsewhere) on either side. */
const CONNECTIONS = 9_000;
const QUICK_CONNECTIONS = 2_000;
/** Opened and closed before the first reading, so that code loaded once is not charged to the connections. */
const WARM_UP_CONNECTIONS = 10;
const ACCEPT_MS = 20_000;
/** Long enough that every connection gets its first message; each then has had an echo. */
const ONE_MESSAGE_MS = 1;

interface Held {
  readonly heapBytes: number;
  readonly residentBytes: number;
}

async function waitUntilAccepted(server: Child, wanted: number): Promise<void> {
  const deadline = Date.now() + ACCEPT_MS;
  for (;;) {
    const { accepted } = await server.ask<{ accepted: number }>('accepted');
    if (accepted === wanted) return;
    if (Date.now() > deadline) throw new Error(`the server accepted ${accepted} of ${wanted} connections`);
    await delay(10);
  }
}

function contenderOf(peer: Peer, program: string, connections: number): Contender {
  if ('missing' in peer) return peer;
  const measure = async (): Promise<Sample> => {
    const command = [...peer.command, '--expose-gc', serverProgram(program)];
    const { child, port } = await startEchoServer(peer.name, command);
    await using server = child;
    const warmUp = await startEchoLoad(port, WARM_UP_CONNECTIONS);
    await waitUntilAccepted(server, WARM_UP_CONNECTIONS);
    await warmUp[Symbol.asyncDispose]();

    const before = await server.ask<Held>('memory');
    await using load = await startEchoLoad(port, connections);
    await waitUntilAccepted(server, WARM_UP_CONNECTIONS + connections);
    const idle = await server.ask<Held>('memory');
    await runEchoLoad(load, ONE_MESSAGE_MS);
    const used = await server.ask<Held>('memory');
    return {
      heapBytes: (idle.heapBytes - before.heapBytes) / connections,
      residentBytes: (idle.residentBytes - before.residentBytes) / connections,
      usedHeapBytes: (used.heapBytes - before.heapBytes) / connections,
      usedResidentBytes: (used.residentBytes - before.residentBytes) / connections,
    };
  };
  return { name: peer.name, version: peer.version, measure };
}

function trialOf(connections: number): Trial {
  const half = (figure: string, atMost?: number): Trial['comparisons'][number] => ({
    of: { contender: 'pollux epoll', figure },
    against: { contender: 'node net', figure },
    atMost,
  });
  return {
    title: `memory, ${connections.toLocaleString('en-GB')} idle connections`,
    method:
      'Growth of the server from before they connect, divided by their number, each time after four forced ' +
      'collections: JavaScript heap in use, and resident memory. Every connection is accepted and has a handler for ' +
      'data. Then the same once each has echoed 64 bytes.',
    figures: [
      { key: 'heapBytes', title: 'heap bytes each', digits: 0 },
      { key: 'residentBytes', title: 'resident bytes each', digits: 0 },
      { key: 'usedHeapBytes', title: 'heap bytes each, after a message', digits: 0 },
      { key: 'usedResidentBytes', title: 'resident bytes each, after a message', digits: 0 },
    ],
    contenders: [
      contenderOf(findPollux('epoll'), 'echo-pollux', connections),
      contenderOf(findPollux('poll'), 'echo-pollux', connections),
      contenderOf(findNode(), 'echo-node', connections),
    ],
    comparisons: [half('heapBytes', 0.5), half('residentBytes', 0.5), half('usedHeapBytes'), half('usedResidentBytes')],
  };
}

export const benchmark: Benchmark = {
  name: 'memory',
  summary: 'heap and resident memory of an idle connection; against Node net',
  async run(session) {
    return [await runTrial(trialOf(session.quick ? QUICK_CONNECTIONS : CONNECTIONS), session)];
  },
};
