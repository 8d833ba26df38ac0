import { createRequire } from 'node:module';
import { probeBackends } from 'pollux/backends';
import type { Peer } from '../harness/peer.js';

const { version } = createRequire(import.meta.url)('pollux/package.json') as { version: string };

/** Ours, on one backend. The backend is a matter of the program that is started: it is told by POLLUX_BACKEND. */
export function findPollux(backend: string): Peer {
  const name = `pollux ${backend}`;
  const probed = probeBackends().find(candidate => candidate.name === backend);
  if (probed === undefined) return { name, missing: 'not in this version of Pollux' };
  if (!probed.probe.available) return { name, missing: `not on this machine (${probed.probe.reason})` };
  return { name, version, command: ['env', `POLLUX_BACKEND=${backend}`, process.execPath] };
}
