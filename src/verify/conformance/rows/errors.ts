/** How a reset, a refusal and a closed pipe are told to the side that waits, in either direction. */
import { ERROR, BOTH_END, READABLE, WRITABLE, type Interest, type Readiness } from '../../../backends/contract.js';
import { EINPROGRESS, errnoNumber } from '../../../sys/ffi/errno.js';
import { expectBits, expectEqual, expectIoError } from '../expectation.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';

const ECONNREFUSED = errnoNumber('ECONNREFUSED');

/** What the peer's leaving makes of a registration for `interest`. */
function afterLeaving(t: Trial, fd: number, interest: Interest, leave: () => void): Readiness {
  const token = t.register(fd, interest);
  t.wait(0);
  leave();
  return t.waitFor(token, interest | BOTH_END | ERROR);
}

/** Starts a connection to a port that refuses it. */
function refusedConnect(t: Trial): { fd: number; errno: number } {
  const closed = t.world.bound();
  t.own(closed.fd);
  const started = t.world.startConnect(closed.address);
  t.own(started.fd);
  return started;
}

export const errorRows: readonly Row[] = [
  {
    name: 'regression 17: a reset after FIN is told once, and then all is quiet',
    why: 'A dead connection that goes on firing is the classic way to 100 % of CPU.',
    run(t) {
      const [fd, peer] = t.tcpPair();
      const token = t.register(fd, READABLE, 'oneshot');
      t.world.endWriting(peer);
      t.waitFor(token, READABLE);
      t.disown(peer);
      t.world.reset(peer);
      t.modify(token, READABLE);
      t.waitFor(token, READABLE | BOTH_END | ERROR);
      t.expectQuiet('after the report of the reset');
    },
  },
  {
    name: 'a reset wakes a reader, whose read says ECONNRESET',
    why: 'The error comes from the call that is retried; somebody has to be told to retry it.',
    run(t) {
      const [fd, peer] = t.tcpPair();
      afterLeaving(t, fd, READABLE, () => {
        t.disown(peer);
        t.world.reset(peer);
      });
      expectIoError('ECONNRESET', 'the read after a reset', () => t.world.read(fd));
    },
  },
  {
    name: 'a reset wakes a writer that waits for room',
    why: 'Without a report in its direction it waits for ever for a peer that has gone.',
    run(t) {
      const [fd, peer] = t.tcpPair();
      t.world.fillForGood(fd);
      const readiness = afterLeaving(t, fd, WRITABLE, () => {
        t.disown(peer);
        t.world.reset(peer);
      });
      expectBits(readiness, WRITABLE, 'readiness of the writer');
      expectIoError(['ECONNRESET', 'EPIPE'], 'the write after a reset', () => t.world.write(fd));
    },
  },
  {
    name: 'regression 18: a Unix peer that closes with our bytes unread wakes the reader',
    why: 'epoll says it with an error, kqueue with an end; the reader has to learn of it either way.',
    run(t) {
      const [fd, peer] = t.socketPair();
      t.world.write(fd, 100);
      expectBits(
        afterLeaving(t, fd, READABLE, () => t.close(peer)),
        READABLE,
        'readiness of the reader',
      );
      let count = 0;
      try {
        count = t.world.read(fd);
      } catch (error) {
        if ((error as { code?: string }).code !== 'ECONNRESET') throw error;
      }
      expectEqual(count, 0, 'what the read returned, if it did not say ECONNRESET');
    },
  },
  {
    name: 'regression 19: a refused connection is told to the connector, with ECONNREFUSED in SO_ERROR',
    why: 'It must never look like an open connection, and never like one that is still on its way.',
    run(t) {
      const { fd, errno } = refusedConnect(t);
      if (errno === ECONNREFUSED) return;
      expectEqual(errno, EINPROGRESS, 'what connect(2) said');
      const token = t.register(fd, WRITABLE);
      t.waitFor(token, WRITABLE);
      expectEqual(t.world.takeError(fd), ECONNREFUSED, 'SO_ERROR');
    },
  },
  {
    name: 'regression 20: a refused connection wakes a connector that waits by edge, oneshot',
    why: 'It may arrive as a hang-up without room to write; a connector that looks for room alone waits for ever.',
    needs: { mode: 'edge' },
    run(t) {
      const { fd, errno } = refusedConnect(t);
      if (errno === ECONNREFUSED) return;
      const token = t.register(fd, WRITABLE, 'oneshot-edge');
      expectBits(t.waitFor(token, WRITABLE | BOTH_END | ERROR), WRITABLE, 'readiness of the connector');
      t.expectQuiet('after the one report');
    },
  },
  {
    name: 'a connection that succeeds is told to the connector',
    why: 'It is the other half of every connect.',
    run(t) {
      const listener = t.listener();
      const { fd } = t.world.startConnect(listener.address);
      t.own(fd);
      const connector = t.register(fd, WRITABLE);
      const acceptor = t.register(listener.fd, READABLE);
      t.waitForAll([connector, acceptor], READABLE | WRITABLE);
      expectEqual(t.world.takeError(fd), 0, 'SO_ERROR');
    },
  },
  {
    name: 'regression 21: a pipe whose reader has gone wakes the writer',
    why: 'A child that exits early leaves a parent that waits for room in a pipe.',
    run(t) {
      const [reader, writer] = t.pipe();
      t.world.fill(writer);
      const readiness = afterLeaving(t, writer, WRITABLE, () => t.close(reader));
      expectBits(readiness, WRITABLE, 'readiness of the writer');
      expectIoError('EPIPE', 'the write to a pipe without reader', () => t.world.write(writer));
    },
  },
  {
    name: 'a pipe whose writer has gone gives its bytes and then its end',
    why: 'It comes as a hang-up on some kernels, with bytes still in the pipe.',
    run(t) {
      const [reader, writer] = t.pipe();
      t.world.write(writer, 10);
      const token = t.register(reader, READABLE);
      t.close(writer);
      t.waitFor(token, READABLE);
      expectEqual(t.world.read(reader, 10), 10, 'bytes in the pipe');
      t.waitFor(token, READABLE);
      expectEqual(t.world.read(reader), 0, 'the read at the end');
    },
  },
  {
    name: 'regression 5: a pipe whose other end is gone already can be registered, and is reported',
    why: 'Some kernels refuse it with EPIPE; the end would then look like a failure to register.',
    run(t) {
      const [orphanReader, gone] = t.pipe();
      const [alsoGone, orphanWriter] = t.pipe();
      t.close(gone);
      t.close(alsoGone);
      const reading = t.register(orphanReader, READABLE);
      t.waitFor(reading, READABLE);
      const writing = t.register(orphanWriter, WRITABLE);
      t.waitFor(writing, WRITABLE);
    },
  },
];
