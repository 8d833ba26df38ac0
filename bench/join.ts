/** A TCP proxy: what a gigabyte costs it, and what a small message back and forth does. */
import type { Benchmark, Comparison, Contender, Figure, Sample, Session, Trial } from './harness/benchmark.js';
import { requireCProgram } from './harness/c-program.js';
import { Child } from './harness/child.js';
import { cpuSecondsOf, cpuTimeSource } from './harness/cpu-time.js';
import { MESSAGE_BYTES as SHORT_MESSAGE_BYTES, runEchoLoad, startEchoLoad } from './harness/echo-session.js';
import { pinning } from './harness/pinning.js';
import { proxyContender, startHaproxy, startProxyProgram, type ProxySession } from './harness/proxy-session.js';
import { runTrial } from './harness/trial.js';
import { findHaproxy } from './peers/haproxy.js';
import { findNode } from './peers/node.js';
import { findPollux } from './peers/pollux.js';

const FLOODS = 4;
const MESSAGE_BYTES = 1024;
const CONNECTIONS = 64;
/** Short connections under way at a time. */
const SHORT_CONNECTIONS = 32;
/** A trip through the proxy and back: a message each way. */
const MESSAGES_PER_REQUEST = 2;

interface Amounts {
  readonly warmUpMegabytes: number;
  readonly megabytes: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

const AMOUNTS: Amounts = { warmUpMegabytes: 512, megabytes: 2048, warmUpMs: 1_500, measuredMs: 2_500 };
const QUICK_AMOUNTS: Amounts = { warmUpMegabytes: 128, megabytes: 512, warmUpMs: 700, measuredMs: 800 };

interface Flood {
  readonly bytes: number;
  readonly elapsedNs: number;
}

function startLoad(program: string, args: readonly (string | number)[] = []): Child {
  return Child.start(program, pinning.load([...requireCProgram(program), ...args.map(String)]));
}

async function observeFlood({ proxy, port }: ProxySession, load: Child, amounts: Amounts): Promise<Sample> {
  await load.ask<Flood>(`run ${port} ${amounts.warmUpMegabytes}`);
  const before = await cpuSecondsOf(proxy);
  const { bytes, elapsedNs } = await load.ask<Flood>(`run ${port} ${amounts.megabytes}`);
  const spent = (await cpuSecondsOf(proxy)) - before;
  return { cpuSecondsPerGigabyte: spent / (bytes / 1e9), gigabytesPerSecond: bytes / elapsedNs };
}

async function observeRequests(proxy: Child, load: Child, amounts: Amounts): Promise<Sample> {
  await runEchoLoad(load, amounts.warmUpMs);
  const before = await cpuSecondsOf(proxy);
  const { requests, elapsedNs, p50Ns, p99Ns } = await runEchoLoad(load, amounts.measuredMs);
  const spent = (await cpuSecondsOf(proxy)) - before;
  return {
    cpuMicros: (spent / requests) * 1e6,
    requestsPerSecond: requests / (elapsedNs / 1e9),
    p50Micros: p50Ns / 1e3,
    p99Micros: p99Ns / 1e3,
  };
}

async function observeMessages({ proxy, port }: ProxySession, amounts: Amounts): Promise<Sample> {
  await using load = startLoad('echo_load', [port, CONNECTIONS, MESSAGE_BYTES]);
  await load.next();
  const sample = await observeRequests(proxy, load, amounts);
  return { ...sample, cpuMicros: sample.cpuMicros / MESSAGES_PER_REQUEST };
}

async function observeShort({ proxy, port }: ProxySession, amounts: Amounts): Promise<Sample> {
  await using load = await startEchoLoad(port, SHORT_CONNECTIONS, 'connect_load');
  return await observeRequests(proxy, load, amounts);
}

function contenders(origin: () => number, observe: (session: ProxySession) => Promise<Sample>): Contender[] {
  return [
    proxyContender(findPollux('epoll'), startProxyProgram('proxy-pollux'), origin, observe),
    proxyContender(
      { ...findPollux('epoll'), name: 'createProxy' },
      startProxyProgram('proxy-created'),
      origin,
      observe,
    ),
    proxyContender(findHaproxy(), startHaproxy, origin, observe),
    proxyContender({ ...findNode(), name: 'node pipe' }, startProxyProgram('proxy-node'), origin, observe),
  ];
}

function comparedTo(peer: string, figure: string, atMost: number): Comparison {
  return { of: { contender: 'pollux epoll', figure }, against: { contender: peer, figure }, atMost };
}

const FLOOD_FIGURES: readonly Figure[] = [
  { key: 'cpuSecondsPerGigabyte', title: 'proxy CPU s/GB', digits: 3 },
  { key: 'gigabytesPerSecond', title: 'GB/s', digits: 2 },
];

const MESSAGE_FIGURES: readonly Figure[] = [
  { key: 'cpuMicros', title: 'proxy CPU µs/message', digits: 2 },
  { key: 'requestsPerSecond', title: 'trips/s', digits: 0 },
  { key: 'p50Micros', title: 'p50 µs', digits: 0 },
  { key: 'p99Micros', title: 'p99 µs', digits: 0 },
];

async function runFlood(session: Session, amounts: Amounts) {
  await using load = startLoad('flood_load', [FLOODS]);
  const { port } = await load.next<{ port: number }>();
  const trial: Trial = {
    title: `join, a flood over ${FLOODS} connections`,
    method: `${amounts.megabytes} MB from an origin to clients that throw them away in the kernel; ${pinning.words}. CPU time of the proxy: ${cpuTimeSource}.`,
    figures: FLOOD_FIGURES,
    contenders: contenders(
      () => port,
      proxy => observeFlood(proxy, load, amounts),
    ),
    comparisons: [
      comparedTo('haproxy', 'cpuSecondsPerGigabyte', 1),
      comparedTo('node pipe', 'cpuSecondsPerGigabyte', 1 / 3),
    ],
  };
  return await runTrial(trial, session);
}

async function runMessages(session: Session, amounts: Amounts) {
  await using origin = startLoad('echo_epoll');
  const { port } = await origin.next<{ port: number }>();
  const trial: Trial = {
    title: `join, messages of ${MESSAGE_BYTES} bytes back and forth, ${CONNECTIONS} connections`,
    method: `Closed loop through the proxy to an echo server in C, one message in flight a connection; ${pinning.words}. CPU time of the proxy: ${cpuTimeSource}.`,
    figures: MESSAGE_FIGURES,
    contenders: contenders(
      () => port,
      proxy => observeMessages(proxy, amounts),
    ),
    comparisons: [comparedTo('haproxy', 'cpuMicros', 1.1), comparedTo('node pipe', 'cpuMicros', 1)],
  };
  return await runTrial(trial, session);
}

const SHORT_FIGURES: readonly Figure[] = [
  { key: 'cpuMicros', title: 'proxy CPU µs/connection', digits: 1 },
  { key: 'requestsPerSecond', title: 'connections/s', digits: 0 },
  { key: 'p50Micros', title: 'p50 µs', digits: 0 },
  { key: 'p99Micros', title: 'p99 µs', digits: 0 },
];

async function runShort(session: Session, amounts: Amounts) {
  await using origin = startLoad('echo_epoll');
  const { port } = await origin.next<{ port: number }>();
  const trial: Trial = {
    title: `join, short connections, one message of ${SHORT_MESSAGE_BYTES} bytes each, ${SHORT_CONNECTIONS} at a time`,
    method: `Closed loop through the proxy to an echo server in C, a new connection a message; ${pinning.words}. CPU time of the proxy: ${cpuTimeSource}.`,
    figures: SHORT_FIGURES,
    contenders: contenders(
      () => port,
      proxy => observeShort(proxy, amounts),
    ),
    comparisons: [comparedTo('haproxy', 'cpuMicros', 1.3), comparedTo('node pipe', 'cpuMicros', 0.6)],
  };
  return await runTrial(trial, session);
}

export const benchmark: Benchmark = {
  name: 'join',
  summary: 'CPU time of a TCP proxy per gigabyte, small message and short connection; against HAProxy and Node pipes',
  async run(session) {
    const amounts = session.quick ? QUICK_AMOUNTS : AMOUNTS;
    return [await runFlood(session, amounts), await runMessages(session, amounts), await runShort(session, amounts)];
  },
};
