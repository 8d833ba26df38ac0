/** What a registration is: the open file behind a descriptor, its number, and the order of unregister and close(2). */
import { READABLE } from '../../../backends/contract.js';
import { expectAtLeast, expectEqual } from '../expectation.js';
import type { Row } from '../row.js';

export const identityRows: readonly Row[] = [
  {
    name: 'regression 12: a descriptor that lives on as a duplicate reports nothing once it is unregistered and closed',
    why: "epoll watches open files, not numbers: an entry that stays behind fires for ever and can't be removed by number.",
    run(t) {
      const [reader, writer] = t.pipe();
      const copy = t.dup(reader);
      const token = t.register(reader, READABLE);
      t.wait(0);
      t.unregister(token);
      t.close(reader);
      const stale = t.backend.counters.staleEvents;
      t.world.write(writer);
      t.expectQuiet('with a duplicate still open');
      expectEqual(t.backend.counters.staleEvents, stale, 'staleEvents: nothing reached the backend');
      const second = t.register(copy, READABLE);
      t.waitFor(second, READABLE);
    },
  },
  {
    name: 'a descriptor and its duplicate are two registrations',
    why: "They are two numbers; that they share an open file is nobody's business.",
    run(t) {
      const [reader, writer] = t.pipe();
      const copy = t.dup(reader);
      const tokens = [t.register(reader, READABLE), t.register(copy, READABLE)];
      t.world.write(writer);
      t.waitForAll(tokens, READABLE);
      t.unregister(tokens[0]);
      t.close(reader);
      t.waitFor(tokens[1], READABLE);
      t.world.drain(copy);
      t.expectQuiet('once drained');
    },
  },
  {
    name: 'regression 14: a descriptor number that comes back after unregister and close can be registered',
    why: 'A table that remembers numbers says EEXIST to a connection that it has never seen.',
    run(t) {
      let [fd, peer] = t.socketPair();
      for (let life = 0; life < 5; life++) {
        const token = t.register(fd, READABLE);
        t.world.write(peer);
        t.waitFor(token, READABLE);
        t.unregister(token);
        const number = fd;
        t.close(fd);
        t.close(peer);
        [fd, peer] = t.reopen(number);
      }
      const token = t.register(fd, READABLE);
      t.expectQuiet('the last life, with nothing to read');
      t.world.write(peer);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'regression 14: unregister after an early close does not fail, and frees the number',
    why: 'Closing first is a mistake, but it must not turn into a number that can never be registered again.',
    run(t) {
      const [reader] = t.pipe();
      const token = t.register(reader, READABLE);
      t.wait(0);
      t.close(reader);
      t.unregister(token);
      const [fd, peer] = t.reopen(reader);
      const second = t.register(fd, READABLE);
      t.world.write(peer);
      t.waitFor(second, READABLE);
    },
  },
  {
    name: 'regression 15: unregister tells the kernel before it returns',
    why: 'close(2) comes next; a deletion that waits for the flush would delete another descriptor with the same number.',
    run(t) {
      const [reader] = t.pipe();
      const token = t.register(reader, READABLE);
      t.wait(0);
      const { changesSent } = t.backend.counters;
      t.unregister(token);
      expectAtLeast(t.backend.counters.changesSent, changesSent + 1, 'changesSent right after unregister');
    },
  },
  {
    name: 'a slot that has had many owners still tells them apart',
    why: 'Generations that wrap early, or that are only checked in part, let an old event through.',
    run(t) {
      const [reader, writer] = t.pipe();
      t.world.write(writer);
      const seen = new Set<number>();
      for (let life = 0; life < 1_000; life++) {
        const token = t.register(reader, READABLE);
        expectEqual(seen.has(token), false, `the token of life ${life} was given out before`);
        seen.add(token);
        t.unregister(token);
      }
      const token = t.register(reader, READABLE);
      t.waitFor(token, READABLE);
      for (const dead of seen) expectEqual(t.backend.has(dead), false, `has(${dead}), dead`);
    },
  },
];
