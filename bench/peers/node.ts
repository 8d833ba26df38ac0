import type { InstalledPeer } from '../harness/peer.js';

/** Node's own sockets, in the very Node that runs Pollux. */
export function findNode(): InstalledPeer {
  return { name: 'node net', version: process.version, command: [process.execPath] };
}
