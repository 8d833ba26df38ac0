/** Bulk over TLS: what a gigabyte costs the server that receives it, and the one that sends it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Contender, Sample, Session, Trial } from './harness/benchmark.js';
import { Child } from './harness/child.js';
import { cpuSecondsOf, cpuTimeSource } from './harness/cpu-time.js';
import { serverProgram, startEchoServer } from './harness/echo-session.js';
import type { Peer } from './harness/peer.js';
import { pinning } from './harness/pinning.js';
import { runTrial } from './harness/trial.js';
import { findNode } from './peers/node.js';
import { findPollux } from './peers/pollux.js';

type Direction = 'receive' | 'send';

const WARM_UP_BYTES = 64 * 2 ** 20;
const loadProgram = fileURLToPath(new URL('workloads/tls-load.js', import.meta.url));

interface Setup {
  readonly direction: Direction;
  readonly folder: string;
  readonly lengthBytes: number;
}

function contender(peer: Peer, program: string, { direction, folder, lengthBytes }: Setup): Contender {
  if ('missing' in peer) return peer;
  const measure = async (): Promise<Sample> => {
    const parameters = [direction, join(folder, 'key.pem'), join(folder, 'cert.pem'), String(lengthBytes)];
    const { child, port } = await startEchoServer(peer.name, [...peer.command, serverProgram(program), ...parameters]);
    await using server = child;
    const transfer = async (bytes: number): Promise<void> => {
      const side = direction === 'receive' ? 'send' : 'receive';
      await using load = Child.start(
        'tls-load',
        pinning.load([process.execPath, loadProgram, String(port), side, String(bytes)]),
      );
      await load.next();
    };
    await transfer(WARM_UP_BYTES);
    const before = await cpuSecondsOf(server);
    const startedMs = performance.now();
    await transfer(lengthBytes);
    const seconds = (performance.now() - startedMs) / 1e3;
    const gigabytes = lengthBytes / 1e9;
    return {
      cpuMillisPerGigabyte: (((await cpuSecondsOf(server)) - before) * 1e3) / gigabytes,
      gigabytesPerSecond: gigabytes / seconds,
    };
  };
  return { name: peer.name, version: peer.version, measure };
}

function trialOf(setup: Setup): Trial {
  const figure = 'cpuMillisPerGigabyte';
  return {
    title: `TLS 1.3, bulk, the server ${setup.direction}s`,
    method: `One connection, pieces of 64 KiB; ${pinning.words}. CPU time of the server: ${cpuTimeSource}.`,
    figures: [
      { key: figure, title: 'server CPU ms/GB', digits: 0 },
      { key: 'gigabytesPerSecond', title: 'GB/s', digits: 2 },
    ],
    contenders: [
      contender(findPollux('epoll'), 'tls-pollux', setup),
      contender({ ...findNode(), name: 'node tls' }, 'tls-node', setup),
    ],
    comparisons: [
      { of: { contender: 'pollux epoll', figure }, against: { contender: 'node tls', figure }, atMost: 1 / 0.9 },
    ],
  };
}

/** Of localhost, signed by itself. @throws Error openssl is missing. */
function makeCertificate(folder: string): void {
  const parameters = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'), '-subj', '/CN=localhost'];
  const { status } = spawnSync('openssl', [...parameters, ...files]);
  if (status !== 0) throw new Error('openssl makes no certificate; install it (apt-get install openssl)');
}

async function run(session: Session) {
  const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-'));
  try {
    makeCertificate(folder);
    const lengthBytes = session.quick ? 2 ** 28 : 2 ** 30;
    const results = [];
    for (const direction of ['receive', 'send'] as const) {
      results.push(await runTrial(trialOf({ direction, folder, lengthBytes }), session));
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const benchmark: Benchmark = {
  name: 'tls',
  summary: 'CPU time of a gigabyte received and sent over TLS; against Node tls',
  run,
};
