/** The adapters of `pollux/node` against Node itself: a stream's echo, a greeting over HTTP, and files as bodies. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark, Comparison, Sample, Session, Trial } from './harness/benchmark.js';
import { cpuSecondsOf, cpuTimeSource } from './harness/cpu-time.js';
import { echoContender, runEchoLoad, serverProgram, type EchoSession } from './harness/echo-session.js';
import { fileContender, startProgram, type FileLoad, type FileSession } from './harness/file-session.js';
import { pinning } from './harness/pinning.js';
import { runTrial } from './harness/trial.js';
import { findNode } from './peers/node.js';
import { findPollux } from './peers/pollux.js';

/** What the kernel is asked for, or nothing: `/hello` is answered without a file. */
const LOADS = [
  { name: 'hello', title: 'serveHttp, hello', lengthBytes: 6, connections: 32, atMost: 1 / 0.97 },
  { name: 'small', title: 'sendFile(response), 64 KiB', lengthBytes: 64 * 1024, connections: 16, atMost: 1 / 2 },
  { name: 'large', title: 'sendFile(response), 1 GiB', lengthBytes: 2 ** 30, connections: 1, atMost: 1 / 3 },
] as const;

const method = `Closed loop; ${pinning.words}. CPU time of the server: ${cpuTimeSource}.`;
const figures = [
  { key: 'cpuMicros', title: 'server CPU µs/request', digits: 1 },
  { key: 'requestsPerSecond', title: 'requests/s', digits: 0 },
];

function compared(atMost: number): Comparison[] {
  const figure = 'cpuMicros';
  return [{ of: { contender: 'pollux epoll', figure }, against: { contender: 'node', figure }, atMost }];
}

async function observed(
  server: Parameters<typeof cpuSecondsOf>[0],
  run: () => Promise<{ requests: number; elapsedNs: number }>,
): Promise<Sample> {
  const before = await cpuSecondsOf(server);
  const { requests, elapsedNs } = await run();
  const spent = (await cpuSecondsOf(server)) - before;
  return { cpuMicros: (spent / requests) * 1e6, requestsPerSecond: requests / (elapsedNs / 1e9) };
}

function echoTrial({ quick }: Session): Trial {
  const setup = (program: string) => ({
    program: [serverProgram(program)],
    connections: 64,
    warmUpMs: quick ? 500 : 1_500,
  });
  const observe = ({ server, load }: EchoSession) => observed(server, () => runEchoLoad(load, quick ? 700 : 2_000));
  const node = { ...findNode(), name: 'node' };
  return {
    title: 'toDuplex, echo of 64 bytes, 64 connections',
    method,
    figures,
    contenders: [
      echoContender(findPollux('epoll'), setup('echo-duplex'), observe),
      echoContender(node, setup('echo-node'), observe),
    ],
    comparisons: compared(1 / 0.9),
  };
}

function httpTrial(load: FileLoad, { title, atMost }: (typeof LOADS)[number], { quick }: Session): Trial {
  const observe = async (session: FileSession): Promise<Sample> => {
    await session.run(quick ? 300 : 1_500);
    return observed(session.server, () => session.run(quick ? 700 : 3_000));
  };
  const node = { ...findNode(), name: 'node' };
  return {
    title: `${title}, ${load.connections} ${load.connections === 1 ? 'connection' : 'connections'}`,
    method,
    figures,
    contenders: [
      fileContender(findPollux('epoll'), startProgram('http-pollux'), load, observe),
      fileContender(node, startProgram('http-node'), load, observe),
    ],
    comparisons: compared(atMost),
  };
}

async function run(session: Session) {
  const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-'));
  try {
    const results = [await runTrial(echoTrial(session), session)];
    for (const load of LOADS) {
      const path = join(folder, load.name);
      writeFileSync(path, '');
      truncateSync(path, load.lengthBytes);
      results.push(await runTrial(httpTrial({ ...load, folder }, load, session), session));
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const benchmark: Benchmark = {
  name: 'node-door',
  summary: 'toDuplex, serveHttp and sendFile(response): CPU time a request; against Node net and http',
  run,
};
