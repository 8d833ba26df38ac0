/** Files over HTTP: what a request and a gigabyte cost a server that sends by sendfile(2). */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Comparison, Sample, Session, Trial } from './harness/benchmark.js';
import { cpuSecondsOf, cpuTimeSource } from './harness/cpu-time.js';
import { fileContender, startNginx, startProgram, type FileLoad, type FileSession } from './harness/file-session.js';
import { pinning } from './harness/pinning.js';
import { runTrial } from './harness/trial.js';
import { findNginx } from './peers/nginx.js';
import { findNode } from './peers/node.js';
import { findPollux } from './peers/pollux.js';

interface Size {
  readonly title: string;
  readonly lengthBytes: number;
  readonly connections: number;
  /** Nothing may cost more than it costs nginx. */
  readonly isTarget: boolean;
}

const SIZES: readonly Size[] = [
  { title: '1 GiB', lengthBytes: 2 ** 30, connections: 1, isTarget: true },
  { title: '64 KiB', lengthBytes: 64 * 1024, connections: 64, isTarget: false },
  { title: '1 KiB', lengthBytes: 1024, connections: 64, isTarget: false },
];

const PIECE_BYTES = 8 << 20;

/** On the disk, not in a file system of memory: its pages are what sendfile(2) sends. */
async function makeFile(path: string, lengthBytes: number): Promise<void> {
  await using file = await open(path, 'w');
  const piece = Buffer.alloc(Math.min(PIECE_BYTES, lengthBytes), 'pollux');
  for (let written = 0; written < lengthBytes; written += piece.length) await file.write(piece);
}

async function observe(session: FileSession, lengthBytes: number, quick: boolean): Promise<Sample> {
  await session.run(quick ? 300 : 1_500);
  const before = await cpuSecondsOf(session.server);
  const { requests, elapsedNs } = await session.run(quick ? 500 : 3_000);
  const spent = (await cpuSecondsOf(session.server)) - before;
  const gigabytes = (requests * lengthBytes) / 1e9;
  const seconds = elapsedNs / 1e9;
  return {
    requestsPerSecond: requests / seconds,
    gigabytesPerSecond: gigabytes / seconds,
    millisPerGigabyte: (seconds * 1e3) / gigabytes,
    cpuMicros: (spent / requests) * 1e6,
    cpuMillisPerGigabyte: (spent * 1e3) / gigabytes,
  };
}

function trialOf({ title, lengthBytes, connections, isTarget }: Size, folder: string, quick: boolean): Trial {
  const load: FileLoad = { folder, name: `file-${lengthBytes}`, lengthBytes, connections };
  const observed = (session: FileSession) => observe(session, lengthBytes, quick);
  const toNginx = (figure: string, atMost?: number): Comparison => ({
    of: { contender: 'pollux epoll', figure },
    against: { contender: 'nginx', figure },
    atMost,
  });
  return {
    title: `Files of ${title}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    method: `HTTP, kept alive, the file in the page cache, the load throws it away in its kernel; CPU time is ${cpuTimeSource}; ${pinning.words}`,
    figures: [
      { key: 'requestsPerSecond', title: 'requests/s', digits: lengthBytes > 1e6 ? 2 : 0 },
      { key: 'gigabytesPerSecond', title: 'GB/s', digits: 2 },
      { key: 'millisPerGigabyte', title: 'ms/GB', digits: 0 },
      { key: 'cpuMicros', title: 'CPU µs/request', digits: 1 },
      { key: 'cpuMillisPerGigabyte', title: 'CPU ms/GB', digits: 0 },
    ],
    contenders: [
      fileContender(findPollux('epoll'), startProgram('files-pollux'), load, observed),
      fileContender(findNginx(), startNginx, load, observed),
      fileContender({ ...findNode(), name: 'node http' }, startProgram('files-node'), load, observed),
    ],
    comparisons: [
      toNginx('cpuMillisPerGigabyte', isTarget ? 1 : undefined),
      toNginx('millisPerGigabyte', isTarget ? 1 : undefined),
      {
        of: { contender: 'pollux epoll', figure: 'cpuMillisPerGigabyte' },
        against: { contender: 'node http', figure: 'cpuMillisPerGigabyte' },
      },
    ],
  };
}

async function run(session: Session) {
  const directory = mkdtempSync(join(tmpdir(), 'pollux-bench-'));
  try {
    const results = [];
    for (const size of SIZES) {
      const folder = join(directory, `served-${size.lengthBytes}`);
      mkdirSync(folder);
      await makeFile(join(folder, `file-${size.lengthBytes}`), size.lengthBytes);
      results.push(await runTrial(trialOf(size, folder, session.quick), session));
    }
    return results;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export const benchmark: Benchmark = {
  name: 'send-file',
  summary: 'files of 1 GiB, 64 KiB and 1 KiB over HTTP by sendfile(2): rate and CPU time; against nginx and Node http',
  run,
};
