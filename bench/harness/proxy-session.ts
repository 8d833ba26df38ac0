/** A proxy in a process of its own, in front of an origin that belongs to the load. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contender, Sample } from './benchmark.js';
import { Child } from './child.js';
import { serverProgram, startEchoServer, type EchoServer } from './echo-session.js';
import type { InstalledPeer, Peer } from './peer.js';
import { pinning } from './pinning.js';
import { freePort, listening } from './port.js';

/** Starts a proxy to a port. The caller disposes of `child`. */
export type StartProxy = (peer: InstalledPeer, originPort: number) => Promise<EchoServer>;

/** A program of bench/servers, which says its port itself. */
export function startProxyProgram(program: string): StartProxy {
  return ({ name, command }, originPort) =>
    startEchoServer(name, [...command, serverProgram(program), String(originPort)]);
}

/** One thread, as ours is, and splice whenever it finds it worth while. */
export const startHaproxy: StartProxy = async ({ name, command }, originPort) => {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'pollux-bench-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    [
      'global',
      '  nbthread 1',
      '  maxconn 4096',
      'defaults',
      '  mode tcp',
      '  timeout connect 5s',
      '  timeout client 60s',
      '  timeout server 60s',
      '  option splice-auto',
      'listen proxy',
      `  bind 127.0.0.1:${port} backlog 4096`,
      `  server origin 127.0.0.1:${originPort}`,
      '',
    ].join('\n'),
  );
  const child = Child.start(name, pinning.server([...command, '-db', '-q', '-f', file]));
  try {
    await listening(port);
  } finally {
    // It has read it by now.
    rmSync(folder, { recursive: true });
  }
  return { child, port };
};

/** What an observation has to work with. */
export interface ProxySession {
  readonly proxy: Child;
  readonly port: number;
}

/** A contender that is measured on a fresh proxy each time. */
export function proxyContender(
  peer: Peer,
  start: StartProxy,
  originPort: () => number,
  observe: (session: ProxySession) => Promise<Sample>,
): Contender {
  if ('missing' in peer) return peer;
  const measure = async (): Promise<Sample> => {
    const { child, port } = await start(peer, originPort());
    await using proxy = child;
    try {
      return await observe({ proxy, port });
    } finally {
      // HAProxy does not end with its standard input.
      proxy.kill();
    }
  };
  return { name: peer.name, version: peer.version, measure };
}
