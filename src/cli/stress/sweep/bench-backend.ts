/** A backend with so many connected sockets, for the length of one measurement. */
import type { Backend, BackendFactory } from '../../../backends/contract.js';
import { close, write } from '../../../sys/file/io.js';
import { SOCK_STREAM } from '../../../sys/ffi/constants.js';
import { NativeBlock } from '../../../sys/ffi/memory.js';
import { socketpair } from '../../../sys/socket/socket.js';

export const byte = new NativeBlock(8);

export interface Bench {
  readonly backend: Backend;
  /** Ends that are watched. */
  readonly fds: readonly number[];
  /** The other end of each. */
  readonly peers: readonly number[];
}

/** Leaves no descriptor, whatever happens. @throws IoError EMFILE: it takes two descriptors each. */
export function withBench<Result>(factory: BackendFactory, count: number, use: (bench: Bench) => Result): Result {
  const bench = openBench(factory, count);
  try {
    return use(bench);
  } finally {
    closeBench(bench);
  }
}

/** As `withBench`, until the promise is settled. */
export async function withBenchUntil<Result>(
  factory: BackendFactory,
  count: number,
  use: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  const bench = openBench(factory, count);
  try {
    return await use(bench);
  } finally {
    closeBench(bench);
  }
}

function openBench(factory: BackendFactory, count: number): Bench {
  const fds: number[] = [];
  const peers: number[] = [];
  const bench: Bench = { backend: factory.open({ maxEvents: count }), fds, peers };
  try {
    while (fds.length < count) {
      const [fd, peer] = socketpair(SOCK_STREAM);
      fds.push(fd);
      peers.push(peer);
    }
    return bench;
  } catch (error) {
    closeBench(bench);
    throw error;
  }
}

function closeBench({ backend, fds, peers }: Bench): void {
  backend.close();
  for (const fd of [...fds, ...peers]) close(fd);
}

/** Makes the other end readable. */
export function poke(peer: number): void {
  write(peer, byte.address, 1);
}
