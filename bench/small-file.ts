/** A small file that is opened, sent and closed for each request: what that costs, and what opening and closing cost alone. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Comparison, Contender, Sample, Session, Trial } from './harness/benchmark.js';
import { Child } from './harness/child.js';
import { cpuSecondsOf, cpuTimeSource } from './harness/cpu-time.js';
import {
  fileContender,
  startExample,
  startNginxThatOpens,
  startProgram,
  type FileLoad,
  type FileSession,
} from './harness/file-session.js';
import type { Peer } from './harness/peer.js';
import { pinning } from './harness/pinning.js';
import { runTrial } from './harness/trial.js';
import { findNginx } from './peers/nginx.js';
import { findNode } from './peers/node.js';
import { findPollux } from './peers/pollux.js';

const LENGTH_BYTES = 100;
const NAME = 'small.txt';
const CONNECTIONS = 16;
/** Half as much again as Node makes of the same CPU time. */
const SHARE_OF_NODE = 1 / 1.5;
const SHARE_OF_PROMISES = 0.25;

const openClose = fileURLToPath(new URL('workloads/open-close.js', import.meta.url));

/** The warm-up is long: a server of some thousand requests a second is compiled late. */
async function observe(session: FileSession, quick: boolean): Promise<Sample> {
  await session.run(quick ? 3_000 : 6_000);
  const before = await cpuSecondsOf(session.server);
  const { requests, elapsedNs } = await session.run(quick ? 700 : 3_000);
  const spent = (await cpuSecondsOf(session.server)) - before;
  return {
    cpuMicros: (spent / requests) * 1e6,
    requestsPerCpuSecond: requests / spent,
    requestsPerSecond: requests / (elapsedNs / 1e9),
  };
}

function requestTrial(folder: string, endsEach: boolean, quick: boolean): Trial {
  const load: FileLoad = { folder, name: NAME, lengthBytes: LENGTH_BYTES, connections: CONNECTIONS, endsEach };
  const observed = (session: FileSession) => observe(session, quick);
  const cpuTo = (contender: string, atMost?: number): Comparison => ({
    of: { contender: 'pollux epoll', figure: 'cpuMicros' },
    against: { contender, figure: 'cpuMicros' },
    atMost,
  });
  return {
    title: `A file of ${LENGTH_BYTES} bytes, ${CONNECTIONS} connections, ${endsEach ? 'a connection for each request' : 'kept alive'}`,
    method: `HTTP; each request opens the file, sends it and closes it; examples/static-files, which asks the file for its size and time as well; CPU time is ${cpuTimeSource}; ${pinning.words}`,
    figures: [
      { key: 'cpuMicros', title: 'CPU µs/request', digits: 1 },
      { key: 'requestsPerCpuSecond', title: 'requests/CPU second', digits: 0 },
      { key: 'requestsPerSecond', title: 'requests/s', digits: 0 },
    ],
    contenders: [
      fileContender(findPollux('epoll'), startExample('static-files'), load, observed),
      fileContender(findNginx(), startNginxThatOpens, load, observed),
      fileContender({ ...findNode(), name: 'node http' }, startProgram('files-node'), load, observed),
    ],
    comparisons: [cpuTo('node http', SHARE_OF_NODE), cpuTo('nginx')],
  };
}

function openCloseTrial(path: string): Trial {
  const contender = (peer: Peer, name: string, way: string): Contender => {
    if ('missing' in peer) return peer;
    const measure = async (): Promise<Sample> => {
      await using child = Child.start(name, pinning.server([...peer.command, openClose, way, path]));
      return await child.next<Sample>();
    };
    return { name, version: peer.version, measure };
  };
  const to = (figure: string, atMost?: number): Comparison => ({
    of: { contender: 'pollux', figure },
    against: { contender: 'fs.promises', figure },
    atMost,
  });
  return {
    title: 'open and close of a file that the kernel has in its caches, one after the other',
    method: `Awaited in turn, nothing else in the process; ${pinning.words}`,
    figures: [
      { key: 'micros', title: 'µs', digits: 1 },
      { key: 'cpuMicros', title: 'CPU µs', digits: 1 },
    ],
    contenders: [
      contender(findPollux('epoll'), 'pollux', 'pollux'),
      contender(findNode(), 'fs.promises', 'promises'),
      contender(findNode(), 'openSync', 'sync'),
    ],
    comparisons: [to('micros', SHARE_OF_PROMISES), to('cpuMicros')],
  };
}

async function run(session: Session) {
  const directory = mkdtempSync(join(tmpdir(), 'pollux-bench-'));
  try {
    const folder = join(directory, 'served');
    mkdirSync(folder);
    const path = join(folder, NAME);
    writeFileSync(path, 'x'.repeat(LENGTH_BYTES));
    return [
      await runTrial(requestTrial(folder, true, session.quick), session),
      await runTrial(requestTrial(folder, false, session.quick), session),
      await runTrial(openCloseTrial(path), session),
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const benchmark: Benchmark = {
  name: 'small-file',
  summary:
    'a file of 100 bytes over HTTP, opened for each request: CPU time; open and close alone; against nginx and Node',
  run,
};
