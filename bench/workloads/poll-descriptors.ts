/**
 * What bench/c/pollers.c does, through a backend of Pollux:
 *
 *   node poll-descriptors.js BACKEND DESCRIPTORS:OPERATIONS...
 *
 * An operation makes one descriptor ready, chosen at random, waits, finds it and makes it unready.
 */
import { openBackend, READABLE } from 'pollux/backends';
import { openEventfd } from '../../src/sys/poll/eventfd.js';
import { close, read, write } from '../../src/sys/file/io.js';
import { NativeBlock } from '../../src/sys/ffi/memory.js';

const WORD_BYTES = 8;
/** Runs before the measured one: V8 needs to have seen the code often, however few operations are measured. */
const WARM_UP_OPERATIONS = 20_000;
const WARM_UP_DESCRIPTORS = 10;

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function measure(backendName: string, descriptors: number, operations: number): number {
  const backend = openBackend(backendName);
  const fds = Array.from({ length: descriptors }, openEventfd);
  const tokens = Float64Array.from(fds, fd => backend.register(fd, READABLE, 'level'));
  const one = new NativeBlock(WORD_BYTES);
  one.u32[0] = 1;
  const value = new NativeBlock(WORD_BYTES);

  const run = (count: number): void => {
    let random = 2463534242;
    for (let i = 0; i < count; i++) {
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      const chosen = (random >>> 0) % descriptors;
      if (write(fds[chosen], one.address, WORD_BYTES) !== WORD_BYTES) throw new Error('write to an eventfd failed');
      if (backend.wait(-1) !== 1) throw new Error(`${backend.events.count} events; one descriptor is ready`);
      if (backend.events.tokens[0] !== tokens[chosen]) throw new Error('a wait reported another descriptor');
      if (read(fds[chosen], value.address, WORD_BYTES) !== WORD_BYTES) throw new Error('read of an eventfd failed');
    }
  };
  // As the C program does: a tenth, so that a short run compares with a long one.
  run(Math.ceil(operations / 10));
  const started = cpuSeconds();
  run(operations);
  const spent = cpuSeconds() - started;

  tokens.forEach(token => backend.unregister(token));
  backend.close();
  fds.forEach(close);
  return spent;
}

const [backendName, ...sizes] = process.argv.slice(2);
measure(backendName, WARM_UP_DESCRIPTORS, WARM_UP_OPERATIONS);
const spent = sizes.map(size => {
  const [descriptors, operations] = size.split(':').map(Number);
  return measure(backendName, descriptors, operations);
});
process.stdout.write(`${JSON.stringify({ cpuSeconds: spent })}\n`);
