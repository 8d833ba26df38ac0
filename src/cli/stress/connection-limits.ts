/** What the system lets a run have: the number of connections is clipped to it, and it is said which limit did so. */
import { localPorts, resourceLimit } from '../../sys/limits.js';
import type { LimitNote } from './result.js';

/** Descriptors of the runtime itself, the listener and its reserve, with room to spare. */
const OWN_DESCRIPTORS = 64;

export interface Clipped {
  readonly connections: number;
  readonly limits: readonly LimitNote[];
}

/** @param connections asked for, from one process to one address and port. */
export function clipConnections(connections: number): Clipped {
  const limits: LimitNote[] = [];
  let allowed = connections;
  const clip = (name: string, value: number, room: number, asked: number) => {
    if (room >= connections) return;
    allowed = Math.min(allowed, Math.max(1, room));
    limits.push({ name, value, asked, effect: `${Math.max(1, room)} connections instead of ${connections}` });
  };
  const { soft } = resourceLimit('openFiles');
  clip('nofile', soft, soft - OWN_DESCRIPTORS, connections + OWN_DESCRIPTORS);
  const ports = localPorts();
  if (ports !== undefined) clip('local ports', ports, ports, connections);
  return { connections: allowed, limits };
}
