/** What an event costs when its registration stays, and when it has to be armed again each time. */
import { READABLE, type BackendFactory, type RegistrationMode } from '../../../backends/contract.js';
import { read } from '../../../sys/file/io.js';
import { byte, poke, withBench, type Bench } from './bench-backend.js';
import { cpuNanosecondsOf } from './cpu.js';
import type { Curve } from './table.js';

/** A round: a byte comes on each socket, one wait takes all events, each byte is read. */
export function modeCurve(
  factory: BackendFactory,
  mode: RegistrationMode,
  ready: readonly number[],
  durationMs: number,
): Curve {
  const points = ready.map(count => ({
    x: count,
    y: withBench(factory, count, bench => cpuNanosecondsOf(roundsOf(bench, mode), durationMs)),
  }));
  return { name: `${factory.name}, ${mode}`, points };
}

/** @returns what does one round, and returns how many events came. */
export function roundsOf({ backend, fds, peers }: Bench, mode: RegistrationMode): () => number {
  const tokens = fds.map(fd => backend.register(fd, READABLE, mode));
  const isOneshot = mode === 'oneshot' || mode === 'oneshot-edge';
  let isFirst = true;
  return () => {
    if (isOneshot && !isFirst) for (const token of tokens) backend.modify(token, READABLE);
    isFirst = false;
    peers.forEach(poke);
    let events = 0;
    while (events < tokens.length) events += backend.wait(-1);
    for (const [index, fd] of fds.entries()) {
      read(fd, byte.address, 1);
      if (mode === 'edge') backend.wouldBlock(tokens[index], READABLE);
    }
    return events;
  };
}
