/**
 * What a load does, in whichever thread: it writes, and never reads, so that all it changes within a wait changes once.
 */
import { ECONNABORTED, ECONNREFUSED, ECONNRESET, ENOTCONN, EPIPE } from '../../../sys/ffi/errno.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import type { World } from '../world.js';

/** So many that a load outlasts some waits, and few enough that nobody waits for it. */
const ROUNDS = 16;

/** What a call says of a peer that has gone, or that never was there. */
const PEER_GONE: readonly number[] = [EPIPE, ECONNRESET, ECONNREFUSED, ECONNABORTED, ENOTCONN];

export function isPeerGone(error: unknown): boolean {
  return error instanceof IoError && PEER_GONE.includes(error.errno);
}

/**
 * Writes `lengthBytes` at each descriptor, again and again; what finds no room or no peer is left out.
 * @throws IoError
 */
export function writeOver(world: Pick<World, 'write'>, fds: Iterable<number>, lengthBytes: number): void {
  for (let round = 0; round < ROUNDS; round++) {
    for (const fd of fds) {
      try {
        world.write(fd, lengthBytes);
      } catch (error) {
        if (!isPeerGone(error)) throw error;
      }
    }
  }
}
