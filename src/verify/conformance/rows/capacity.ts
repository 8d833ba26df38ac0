/** More descriptors than room: everybody is served, and growing loses nothing. */
import { READABLE } from '../../../backends/contract.js';
import { expectAtMost, expectEqual } from '../expectation.js';
import type { Row } from '../row.js';

const ROOM = 8;
const READY = 40;
const GROWN = 1_500;

export const capacityRows: readonly Row[] = [
  {
    name: 'more ready descriptors than room for events are all served, though none is drained',
    why: 'Those at the head of the list must not starve those at its end.',
    needs: { registrations: READY },
    run(t) {
      const backend = t.open({ maxEvents: ROOM });
      const tokens = Array.from({ length: READY }, () => {
        const [reader, writer] = t.pipe();
        t.world.write(writer);
        return t.register(reader, READABLE, 'level', backend);
      });
      const waits = t.waitForAll(tokens, READABLE, backend);
      expectAtMost(waits, (READY / ROOM) * 2, `waits until all ${READY} were served`);
      const again = t.waitForAll(tokens, READABLE, backend);
      expectAtMost(again, (READY / ROOM) * 2, `waits until all ${READY} were served again`);
    },
  },
  {
    name: 'more edges than room for events are all reported',
    why: 'An edge that finds no room must wait for the next batch, since it does not come again.',
    needs: { mode: 'edge', registrations: READY },
    run(t) {
      const backend = t.open({ maxEvents: ROOM });
      const pipes = Array.from({ length: READY }, () => t.pipe());
      const tokens = pipes.map(([reader]) => t.register(reader, READABLE, 'edge', backend));
      for (const [, writer] of pipes) t.world.write(writer);
      t.waitForAll(tokens, READABLE, backend);
    },
  },
  {
    name: 'room for a single event is enough',
    why: 'One event a wait is the mode of lowest latency where many threads share the work.',
    run(t) {
      const backend = t.open({ maxEvents: 1 });
      const pipes = Array.from({ length: 5 }, () => t.pipe());
      const tokens = pipes.map(([reader]) => t.register(reader, 0, 'level', backend));
      for (const [, writer] of pipes) t.world.write(writer);
      for (const token of tokens) t.modify(token, READABLE, backend);
      t.waitForAll(tokens, READABLE, backend);
      backend.wake();
      for (let attempt = 0; attempt < 20 && backend.counters.wakes === 0; attempt++) t.wait(0, backend);
      expectEqual(backend.counters.wakes, 1, 'wakes counted among ready descriptors');
      for (const [reader] of pipes) t.world.drain(reader);
      t.expectQuiet('once drained', backend);
    },
  },
  {
    name: `a table that grows beyond 1,024 registrations keeps what is in it`,
    why: 'netty once copied the new array over the old one.',
    needs: { registrations: GROWN },
    run(t) {
      const [reader, writer] = t.pipe();
      t.world.write(writer);
      const tokens = Array.from({ length: GROWN }, (_, index) =>
        t.register(t.dup(reader), index % 2 === 0 ? READABLE : 0),
      );
      expectEqual(new Set(tokens).size, GROWN, 'distinct tokens');
      t.waitForAll(
        tokens.filter((_, index) => index % 2 === 0),
        READABLE,
      );
      tokens.forEach((token, index) => t.modify(token, index % 2 === 0 ? 0 : READABLE));
      t.waitForAll(
        tokens.filter((_, index) => index % 2 === 1),
        READABLE,
      );
      for (const token of tokens) t.unregister(token);
      t.expectQuiet('all unregistered');
    },
  },
  {
    name: 'event data says how much there is',
    why: 'It saves the read that would block, and bounds how many connections to accept.',
    needs: { data: true },
    run(t) {
      const [fd, peer] = t.socketPair();
      const token = t.register(fd, READABLE);
      t.world.write(peer, 100);
      t.waitFor(token, READABLE);
      expectEqual(t.backend.events.data[t.indexOf(token)], 100, 'data of a socket with 100 bytes');
    },
  },
];
