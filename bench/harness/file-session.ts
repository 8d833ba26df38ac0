/** A server of files in a process of its own, and the load of bench/c/http_load.c on it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { requireCProgram } from './c-program.js';
import { Child } from './child.js';
import type { Contender, Sample } from './benchmark.js';
import { serverProgram, startEchoServer, type EchoServer } from './echo-session.js';
import type { Peer } from './peer.js';
import { pinning } from './pinning.js';
import { freePort, listening } from './port.js';

/** What is served, and how it is asked for. */
export interface FileLoad {
  readonly folder: string;
  readonly name: string;
  readonly lengthBytes: number;
  readonly connections: number;
  /** Each request has a connection of its own. */
  readonly endsEach?: boolean;
}

export interface FileLoadResult {
  readonly requests: number;
  readonly elapsedNs: number;
}

export interface FileSession {
  readonly server: Child;
  /** Asks for the file again and again on every connection; when this returns, none is under way. */
  run(durationMs: number): Promise<FileLoadResult>;
}

type Start = (peer: { name: string; command: readonly string[] }, folder: string) => Promise<EchoServer>;

/** A program of bench/servers, which says its port itself. */
export function startProgram(program: string): Start {
  return ({ name, command }, folder) => startEchoServer(name, [...command, serverProgram(program), folder]);
}

/** A program of examples/ that takes a folder and a port. */
export function startExample(program: string): Start {
  return async ({ name, command }, folder) => {
    const port = await freePort();
    const path = fileURLToPath(new URL(`../../examples/${program}.js`, import.meta.url));
    const child = Child.start(name, pinning.server([...command, path, folder, String(port)]));
    await listening(port);
    return { child, port };
  };
}

/** As `startNginx`, but each request opens its file. */
export const startNginxThatOpens: Start = (peer, folder) => startNginxWith(peer, folder, 'off');

/** One process with one worker in it, as ours is; files stay open between requests, as ours do. */
export const startNginx: Start = (peer, folder) => startNginxWith(peer, folder, 'max=64');

async function startNginxWith(
  { name, command }: Parameters<Start>[0],
  folder: string,
  openFileCache: string,
): Promise<EchoServer> {
  const port = await freePort();
  const state = `${folder}.nginx`;
  mkdirSync(state, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    use => `${use}_temp_path ${state}/${use};`,
  );
  writeFileSync(
    `${state}/nginx.conf`,
    `daemon off; master_process off; pid ${state}/pid; error_log stderr crit;
    events { worker_connections 4096; }
    http {
      access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache ${openFileCache};
      open_file_cache_valid 1h; ${temporary.join(' ')}
      server { listen 127.0.0.1:${port} backlog=4096; root ${folder}; }
    }`,
  );
  const child = Child.start(
    name,
    pinning.server([...command, '-e', 'stderr', '-p', state, '-c', `${state}/nginx.conf`]),
  );
  await listening(port);
  return { child, port };
}

/** A contender that is measured on a fresh server each time. */
export function fileContender(
  peer: Peer,
  start: Start,
  load: FileLoad,
  observe: (session: FileSession) => Promise<Sample>,
): Contender {
  if ('missing' in peer) return peer;
  const measure = async (): Promise<Sample> => {
    const { child, port } = await start(peer, load.folder);
    await using server = child;
    try {
      const args = [port, load.connections, `/${load.name}`, load.lengthBytes].map(String);
      if (load.endsEach === true) args.push('close');
      await using client = Child.start('http_load', pinning.load([...requireCProgram('http_load'), ...args]));
      await client.next();
      return await observe({ server, run: durationMs => client.ask<FileLoadResult>(`run ${durationMs}`) });
    } finally {
      // nginx does not end with its standard input.
      child.kill();
    }
  };
  return { name: peer.name, version: peer.version, measure };
}
