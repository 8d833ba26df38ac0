/** Registering, changing and ending registrations: who is known, and who is told that he isn't. */
import { NO_TOKEN, tokenOf, type Token } from '../../../base/token.js';
import { PEER_END, PRIORITY, READABLE, WRITABLE, type RegistrationMode } from '../../../backends/contract.js';
import { expectArgumentError, expectBits, expectEqual, expectIoError } from '../expectation.js';
import type { Row } from '../row.js';

export const registrationRows: readonly Row[] = [
  {
    name: 'an event carries the token that register returned',
    why: 'The token is all that the caller has to find his object again.',
    run(t) {
      const pipes = Array.from({ length: 5 }, () => t.pipe());
      const tokens = pipes.map(([reader]) => t.register(reader, READABLE));
      expectEqual(new Set(tokens).size, tokens.length, 'distinct tokens');
      for (const token of tokens)
        expectEqual(Number.isSafeInteger(token) && token >= 0, true, `token ${token} is an integer`);
      t.world.write(pipes[3][1]);
      t.waitFor(tokens[3], READABLE);
      for (const index of [0, 1, 2, 4])
        expectEqual(t.readinessOf(tokens[index]), 0, `readiness of registration ${index}`);
    },
  },
  {
    name: 'registering a descriptor twice fails with EEXIST and leaves the first registration alone',
    why: 'Two owners of one descriptor would take turns at stealing its events.',
    run(t) {
      const [reader, writer] = t.pipe();
      const token = t.register(reader, READABLE);
      expectIoError('EEXIST', 'the second register', () => t.backend.register(reader, READABLE, 'level'));
      t.backend.wait(0);
      expectIoError('EEXIST', 'and after a wait', () => t.backend.register(reader, READABLE, 'oneshot'));
      t.world.write(writer);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'modify and unregister of a token that was never given out fail with ENOENT',
    why: 'A token of another backend, or a made-up one, must not reach another registration.',
    run(t) {
      const [reader] = t.pipe();
      t.register(reader, READABLE);
      for (const token of [NO_TOKEN, tokenOf(1_000_000, 0), tokenOf(0, 4_000_000_000)]) {
        expectEqual(t.backend.has(token), false, `has(${token})`);
        expectIoError('ENOENT', `modify(${token})`, () => t.backend.modify(token, READABLE));
        expectIoError('ENOENT', `unregister(${token})`, () => t.backend.unregister(token));
      }
    },
  },
  {
    name: 'modify and unregister of a token that has been unregistered fail with ENOENT',
    why: 'Whoever uses a token after its end has a bug, and must not change the registration that took its place.',
    run(t) {
      const [reader, writer] = t.pipe();
      const dead = t.register(reader, READABLE);
      expectEqual(t.backend.has(dead), true, 'has, while registered');
      t.unregister(dead);
      const token = t.register(reader, READABLE);
      expectEqual(token === dead, false, 'the second registration has the token of the first');
      expectEqual(t.backend.has(dead), false, 'has, after unregister');
      expectIoError('ENOENT', 'modify of the dead token', () => t.backend.modify(dead, 0));
      expectIoError('ENOENT', 'unregister of the dead token', () => t.backend.unregister(dead));
      t.world.write(writer);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'a closed descriptor is refused with EBADF',
    why: 'A listener that was registered under a wrong number would be deaf, and nobody would know.',
    run(t) {
      const [reader] = t.pipe();
      t.close(reader);
      for (const interest of [READABLE, 0]) {
        expectIoError('EBADF', `register of a closed descriptor, interest ${interest}`, () =>
          t.backend.register(reader, interest, 'level'),
        );
      }
      const [again, writer] = t.reopen(reader);
      const token = t.register(again, READABLE);
      t.world.write(writer);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'arguments outside what is allowed are refused with RangeError or TypeError',
    why: 'They are mistakes of the program, and an errno would send it looking for them in the kernel.',
    run(t) {
      const [reader, writer] = t.pipe();
      const { backend } = t;
      const calls: readonly (readonly [string, () => unknown])[] = [
        ['fd -1', () => backend.register(-1, READABLE, 'level')],
        ['fd 1.5', () => backend.register(1.5, READABLE, 'level')],
        ['fd NaN', () => backend.register(NaN, READABLE, 'level')],
        ['interest PEER_END', () => backend.register(reader, PEER_END, 'level')],
        ['interest -1', () => backend.register(reader, -1, 'level')],
        ["mode 'once'", () => backend.register(reader, READABLE, 'once' as RegistrationMode)],
      ];
      for (const [what, call] of calls) expectArgumentError(what, call);
      const token = t.register(reader, READABLE);
      expectArgumentError('modify with interest PEER_END', () => backend.modify(token, PEER_END));
      t.world.write(writer);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'register with interest 0 watches nothing until modify',
    why: 'A connection that is paused from its first moment must cost nothing.',
    run(t) {
      const [reader, writer] = t.pipe();
      t.world.write(writer);
      const token = t.register(reader, 0);
      t.expectQuiet('interest 0');
      t.modify(token, READABLE);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'both directions of a descriptor share one event',
    why: 'With two events a descriptor the first handler closes it, and the second runs on what came next.',
    run(t) {
      const [one, other] = t.socketPair();
      t.world.write(other);
      const token = t.register(one, READABLE | WRITABLE);
      const readiness = t.waitFor(token, READABLE | WRITABLE);
      expectBits(readiness, READABLE | WRITABLE, 'readiness of the one event');
    },
  },
  {
    name: 'a direction that was not asked for is not reported',
    why: 'A writer that only waits for room would spin on bytes that nobody wants to read yet.',
    run(t) {
      const [one, other] = t.socketPair();
      t.world.write(other);
      const token = t.register(one, WRITABLE);
      expectEqual(t.waitFor(token, WRITABLE) & READABLE, 0, 'READABLE, not asked for');
      t.modify(token, READABLE);
      expectEqual(t.waitFor(token, READABLE) & WRITABLE, 0, 'WRITABLE, asked for no longer');
    },
  },
  {
    name: 'out-of-band data is reported as PRIORITY',
    why: "It is the only way to learn of it, and nobody who doesn't ask may be troubled with it.",
    run(t) {
      const [fd, peer] = t.tcpPair();
      let token: Token;
      try {
        token = t.register(fd, PRIORITY);
      } catch (error) {
        if ((error as { code?: string }).code !== 'ENOTSUP') throw error;
        return t.skip(`${t.backend.name} has no event for out-of-band data on this system`);
      }
      t.expectQuiet('before');
      if (!t.world.sendUrgent(peer)) t.skip(`nothing sends urgent bytes in ${t.world.name}`);
      t.waitFor(token, PRIORITY);
    },
  },
  {
    name: 'the same descriptor in two backends is two independent registrations',
    why: 'A library may bring a reactor of its own; and a hand-over between threads has a moment in both.',
    run(t) {
      const second = t.open();
      const [reader, writer] = t.pipe();
      const here = t.register(reader, READABLE);
      const there = t.register(reader, READABLE, 'level', second);
      t.world.write(writer);
      t.waitFor(here, READABLE);
      t.waitFor(there, READABLE, second);
      t.unregister(here);
      t.expectQuiet('the backend that gave it up');
      t.waitFor(there, READABLE, second);
    },
  },
  {
    name: 'closing a backend leaves the descriptors open, and closing it twice does nothing',
    why: "Descriptors are the caller's; and a second close(2) would hit whoever got the number meanwhile.",
    run(t) {
      const [reader, writer] = t.pipe();
      const second = t.open();
      t.register(reader, READABLE, 'level', second);
      second.wait(0);
      second.close();
      second.close();
      expectEqual(t.world.write(writer), 1, 'bytes written to the pipe after close');
      const token = t.register(reader, READABLE);
      t.waitFor(token, READABLE);
    },
  },
  {
    name: 'the arrays of events are the same objects for the life of the backend',
    why: 'Core binds them once; fresh arrays would be an allocation a wait, and stale ones silence.',
    run(t) {
      const { tokens, readiness, data, errors } = t.backend.events;
      const { events } = t.backend;
      const [reader, writer] = t.pipe();
      const registered = [t.register(reader, READABLE)];
      for (let count = 0; count < 100; count++) registered.push(t.register(t.dup(reader), READABLE));
      t.world.write(writer);
      t.waitForAll(registered, READABLE);
      expectEqual(t.backend.events, events, 'events');
      expectEqual(events.tokens, tokens, 'events.tokens');
      expectEqual(events.readiness, readiness, 'events.readiness');
      expectEqual(events.data, data, 'events.data');
      expectEqual(events.errors, errors, 'events.errors');
    },
  },
];
