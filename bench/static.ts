/** Static files by `createStaticServer`: what a request costs it, for a small file and a larger one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Comparison, Sample, Session, Trial } from './harness/benchmark.js';
import { cpuSecondsOf, cpuTimeSource } from './harness/cpu-time.js';
import { fileContender, startNginx, startProgram, type FileLoad, type FileSession } from './harness/file-session.js';
import { pinning } from './harness/pinning.js';
import { runTrial } from './harness/trial.js';
import { findNginx } from './peers/nginx.js';
import { findPollux } from './peers/pollux.js';

const SIZES = [
  { title: '1 KiB', lengthBytes: 1024 },
  { title: '64 KiB', lengthBytes: 64 * 1024 },
] as const;
const CONNECTIONS = 32;

async function observe(session: FileSession, quick: boolean): Promise<Sample> {
  await session.run(quick ? 1_000 : 3_000);
  const before = await cpuSecondsOf(session.server);
  const { requests, elapsedNs } = await session.run(quick ? 500 : 3_000);
  const spent = (await cpuSecondsOf(session.server)) - before;
  return {
    cpuMicros: (spent / requests) * 1e6,
    requestsPerCpuSecond: requests / spent,
    requestsPerSecond: requests / (elapsedNs / 1e9),
  };
}

function trialOf({ title, lengthBytes }: (typeof SIZES)[number], folder: string, quick: boolean): Trial {
  const load: FileLoad = { folder, name: `file-${lengthBytes}`, lengthBytes, connections: CONNECTIONS };
  const observed = (session: FileSession) => observe(session, quick);
  const compared: Comparison = {
    of: { contender: 'pollux epoll', figure: 'cpuMicros' },
    against: { contender: 'nginx', figure: 'cpuMicros' },
    atMost: 1,
  };
  return {
    title: `A file of ${title}, ${CONNECTIONS} connections that are kept alive`,
    method: `HTTP; nginx has sendfile on, open_file_cache and no log; CPU time of the server: ${cpuTimeSource}; ${pinning.words}`,
    figures: [
      { key: 'cpuMicros', title: 'CPU µs/request', digits: 1 },
      { key: 'requestsPerCpuSecond', title: 'requests/CPU second', digits: 0 },
      { key: 'requestsPerSecond', title: 'requests/s', digits: 0 },
    ],
    contenders: [
      fileContender(findPollux('epoll'), startProgram('static-created'), load, observed),
      fileContender(findNginx(), startNginx, load, observed),
    ],
    comparisons: [compared],
  };
}

async function run(session: Session) {
  const directory = mkdtempSync(join(tmpdir(), 'pollux-bench-'));
  try {
    const folder = join(directory, 'served');
    mkdirSync(folder);
    for (const { lengthBytes } of SIZES)
      writeFileSync(join(folder, `file-${lengthBytes}`), Buffer.alloc(lengthBytes, 'x'));
    const trials = [];
    for (const size of SIZES) trials.push(await runTrial(trialOf(size, folder, session.quick), session));
    return trials;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const benchmark: Benchmark = {
  name: 'static',
  summary: 'CPU time of createStaticServer for files of 1 KiB and 64 KiB; against nginx',
  run,
};
