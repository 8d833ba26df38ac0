/**
 * Changes that meet events under way: what is disabled or deleted is silent at once, what is enabled again loses
 * nothing.
 */
import { NO_TOKEN } from '../../../base/token.js';
import { READABLE, WRITABLE } from '../../../backends/contract.js';
import { expectEqual } from '../expectation.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';

/** Two pipes with bytes, registered and both reported in one batch. */
function twoInOneBatch(t: Trial) {
  const pipes = [t.pipe(), t.pipe()];
  for (const [, writer] of pipes) t.world.write(writer);
  const tokens = pipes.map(([reader]) => t.register(reader, READABLE));
  for (let attempt = 0; attempt < 100 && t.wait(100) < 2; attempt++);
  expectEqual(t.backend.events.count, 2, 'events in one batch');
  const first = t.backend.events.tokens[0] === tokens[0] ? 0 : 1;
  const second = 1 - first;
  return {
    first: { token: tokens[first], reader: pipes[first][0], writer: pipes[first][1] },
    second: { token: tokens[second], reader: pipes[second][0], writer: pipes[second][1] },
  };
}

export const pendingRows: readonly Row[] = [
  {
    name: 'interest 0 silences a condition that holds already',
    why: 'Reading is paused because there is no room: the report that comes all the same finds none.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      t.world.write(writer);
      t.waitFor(token, READABLE);
      t.modify(token, 0);
      t.expectQuiet('paused');
      expectEqual(t.backend.has(token), true, 'the registration is kept');
      t.modify(token, READABLE);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'interest 0 silences a condition that came before any wait',
    why: 'The kernel may have queued the event already when the change reaches it.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      t.wait(0);
      t.world.write(writer);
      t.modify(token, 0);
      t.expectQuiet('paused');
    },
  },
  {
    name: 'unregister silences a condition that holds already',
    why: 'What is no longer registered has no owner to be told.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      t.wait(0);
      t.world.write(writer);
      t.unregister(token);
      t.expectQuiet('unregistered');
    },
  },
  {
    name: 'a live change of interest loses nothing',
    why: 'Each change is a chance to drop what arrived between two system calls.',
    run(t) {
      const [fd, peer] = t.socketPair();
      const token = t.register(fd, READABLE);
      t.wait(0);
      t.world.write(peer);
      t.modify(token, WRITABLE);
      t.waitFor(token, WRITABLE);
      t.modify(token, READABLE | WRITABLE);
      t.waitFor(token, READABLE);
      t.modify(token, READABLE);
      t.waitFor(token, READABLE);
      t.world.drain(fd);
      t.expectQuiet('once drained');
    },
  },
  {
    name: 'a live change of interest loses no edge',
    why: 'An edge that a change swallows does not come a second time.',
    needs: { mode: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      const token = t.register(fd, READABLE, 'edge');
      t.wait(0);
      t.world.write(peer);
      t.modify(token, READABLE | WRITABLE);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'regression 11: a registration that the first handler of a batch ends is not reported by the rest of it',
    why: 'The second handler would run on a closed descriptor, or on whoever got its number.',
    run(t) {
      const { first, second } = twoInOneBatch(t);
      const { events } = t.backend;
      t.unregister(second.token);
      t.close(second.reader);
      expectEqual(events.count, 2, 'entries of the batch');
      expectEqual(events.readiness[1], 0, 'readiness of the ended registration');
      expectEqual(events.tokens[1], NO_TOKEN, 'token of the ended registration');
      expectEqual(events.readiness[0], READABLE, 'readiness of the other one');
      t.waitFor(first.token, READABLE);
      expectEqual(t.readinessOf(second.token), 0, 'readiness of the ended registration in the next batch');
    },
  },
  {
    name: 'regression 10: a descriptor number that comes back within a batch gets none of the old events',
    why: "A handler closes a connection, accepts the next one under the same number, and feeds it the first one's end.",
    run(t) {
      const { second } = twoInOneBatch(t);
      t.unregister(second.token);
      t.close(second.reader);
      const [fd, peer] = t.reopen(second.reader);
      const token = t.register(fd, READABLE);
      expectEqual(token === second.token, false, 'the new registration has the token of the old one');
      expectEqual(t.backend.events.readiness[1], 0, 'readiness of the entry of the old one');
      expectEqual(t.readinessOf(token), 0, 'readiness of the new one in the batch of the old one');
      t.wait(20);
      expectEqual(t.readinessOf(token), 0, 'readiness of the new one, with nothing to read');
      t.world.write(peer);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'a registration that is ended and begun again within a batch reports under its new token',
    why: 'Slots are used again at once; what was blanked must not blank the newcomer.',
    run(t) {
      const { second } = twoInOneBatch(t);
      t.unregister(second.token);
      const token = t.register(second.reader, READABLE);
      t.waitFor(token, READABLE);
      expectEqual(t.backend.has(second.token), false, 'the old token is alive');
    },
  },
];
