/** An echo server in a process of its own, and the load of bench/c/echo_load.c on it. */
import { fileURLToPath } from 'node:url';
import { requireCProgram } from './c-program.js';
import { Child } from './child.js';
import type { Contender, Sample } from './benchmark.js';
import type { Peer } from './peer.js';
import { pinning } from './pinning.js';

export const MESSAGE_BYTES = 64;

/** What one run of the load gave. */
export interface LoadResult {
  readonly requests: number;
  readonly elapsedNs: number;
  /** Round trips as the load saw them. */
  readonly p50Ns: number;
  readonly p99Ns: number;
}

export interface EchoServer {
  readonly child: Child;
  readonly port: number;
}

/** A program of bench/servers, as a path to its built file. */
export function serverProgram(name: string): string {
  return fileURLToPath(new URL(`../servers/${name}.js`, import.meta.url));
}

/** Starts a server on the server's core and waits until it listens. The caller disposes of `child`. */
export async function startEchoServer(name: string, command: readonly string[]): Promise<EchoServer> {
  const child = Child.start(name, pinning.server(command));
  try {
    const { port } = await child.next<{ port: number }>();
    return { child, port };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** `echo_load` keeps its connections; `connect_load` opens a new one for each message. */
export type EchoLoad = 'echo_load' | 'connect_load';

/** Starts the load; nothing is sent before it is asked to `run`. The caller disposes of it. */
export async function startEchoLoad(port: number, connections: number, load: EchoLoad = 'echo_load'): Promise<Child> {
  const args = [String(port), String(connections), String(MESSAGE_BYTES)];
  const child = Child.start(load, pinning.load([...requireCProgram(load), ...args]));
  try {
    await child.next();
    return child;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}

/** One message in flight on every connection for `durationMs`; when this returns, none is. */
export function runEchoLoad(load: Child, durationMs: number): Promise<LoadResult> {
  return load.ask<LoadResult>(`run ${durationMs}`);
}

/** A server that has had its warm-up, with the load that gave it connected and at rest. */
export interface EchoSession {
  readonly server: Child;
  readonly port: number;
  readonly load: Child;
}

export interface EchoSetup {
  /** What starts the server, behind the peer's command. */
  readonly program: readonly string[];
  readonly connections: number;
  /** Default: `echo_load`. */
  readonly load?: EchoLoad;
  /** Long enough for V8 to have optimised what it will. */
  readonly warmUpMs: number;
}

/** A contender that is measured on a fresh server each time; `observe` makes a sample of it. */
export function echoContender(
  peer: Peer,
  { program, connections, load: loadProgram, warmUpMs }: EchoSetup,
  observe: (session: EchoSession) => Promise<Sample>,
): Contender {
  if ('missing' in peer) return peer;
  const measure = async (): Promise<Sample> => {
    const { child, port } = await startEchoServer(peer.name, [...peer.command, ...program]);
    await using server = child;
    await using load = await startEchoLoad(port, connections, loadProgram);
    await runEchoLoad(load, warmUpMs);
    return await observe({ server, port, load });
  };
  return { name: peer.name, version: peer.version, measure };
}
