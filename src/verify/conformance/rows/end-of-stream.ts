/** How the end of a stream is told, and that half of one is not the whole: bytes first, then the end, and no spin. */
import { PEER_END, ERROR, BOTH_END, READABLE, WRITABLE } from '../../../backends/contract.js';
import { expectAtLeast, expectBits, expectEqual, expectNoBits } from '../expectation.js';
import type { Row } from '../row.js';
import type { Trial } from '../trial.js';

const BIG_BYTES = 1 << 20;
const OVER = PEER_END | BOTH_END | ERROR;

interface Stream {
  readonly name: string;
  open(t: Trial): [number, number];
}

const streams: readonly Stream[] = [
  { name: 'TCP', open: t => t.tcpPair() },
  { name: 'Unix stream', open: t => t.socketPair() },
];

function perStream(make: (stream: Stream) => Row): readonly Row[] {
  return streams.map(make);
}

/**
 * Has the peer send `lengthBytes` while `reader` takes them, then its FIN; counts what comes until a read returns 0.
 */
function readToEnd(t: Trial, reader: number, peer: number, lengthBytes: number, edge: boolean): number {
  const token = t.register(reader, READABLE, edge ? 'edge' : 'level');
  let unsent = lengthBytes;
  let received = 0;
  for (;;) {
    while (unsent > 0) {
      const count = t.world.write(peer, unsent);
      if (count <= 0) break;
      unsent -= count;
      if (unsent === 0) t.world.endWriting(peer);
    }
    expectBits(t.waitFor(token, READABLE), READABLE, 'an event of the reader');
    for (;;) {
      const count = t.world.read(reader);
      if (count === 0) {
        t.unregister(token);
        return received;
      }
      if (count < 0) break;
      received += count;
    }
    t.backend.wouldBlock(token, READABLE);
  }
}

export const endOfStreamRows: readonly Row[] = [
  ...perStream(({ name, open }) => ({
    name: `regression 16: ${name}: a megabyte and FIN arrive whole, and then the end`,
    why: 'An end that overtakes the bytes before it truncates every answer of a server that closes.',
    run(t) {
      const [reader, peer] = open(t);
      expectEqual(readToEnd(t, reader, peer, BIG_BYTES, false), BIG_BYTES, 'bytes before the end');
    },
  })),
  ...perStream(({ name, open }) => ({
    name: `regression 16: ${name}: a megabyte and FIN arrive whole by edges`,
    why: 'The last bytes and FIN often share one edge; after it nothing more comes.',
    needs: { mode: 'edge' },
    run(t) {
      const [reader, peer] = open(t);
      expectEqual(readToEnd(t, reader, peer, BIG_BYTES, true), BIG_BYTES, 'bytes before the end');
    },
  })),
  ...perStream(({ name, open }) => ({
    name: `${name}: FIN of the peer is reported as PEER_END`,
    why: 'The hint saves a read, and tells a paused reader that there is no use in waiting.',
    run(t) {
      const [reader, peer] = open(t);
      const token = t.register(reader, READABLE);
      t.wait(0);
      t.world.endWriting(peer);
      expectBits(t.waitFor(token, READABLE), READABLE | PEER_END, 'readiness after FIN');
    },
  })),
  ...perStream(({ name, open }) => ({
    name: `FIN after the last edge of ${name} is an edge of its own`,
    why: 'A reader that has drained its bytes would wait for ever for the end.',
    needs: { mode: 'edge' },
    run(t) {
      const [reader, peer] = open(t);
      const token = t.register(reader, READABLE, 'edge');
      t.world.write(peer);
      t.waitFor(token, READABLE);
      t.world.drain(reader);
      t.backend.wouldBlock(token, READABLE);
      t.expectQuiet('once drained');
      t.world.endWriting(peer);
      t.waitFor(token, READABLE);
      expectEqual(t.world.read(reader), 0, 'the read after FIN');
    },
  })),
  ...perStream(({ name, open }) => ({
    name: `regression 17: ${name}: after FIN of the peer we can still write, and are told of room`,
    why: 'A server answers after the client has said that it will ask nothing more.',
    run(t) {
      const [fd, peer] = open(t);
      t.world.fill(fd);
      const token = t.register(fd, READABLE | WRITABLE);
      t.world.endWriting(peer);
      t.waitFor(token, READABLE);
      expectEqual(t.world.read(fd), 0, 'the read after FIN');
      t.modify(token, WRITABLE);
      expectAtLeast(t.world.drain(peer), 1, 'bytes that the peer still received');
      // What a TCP receiver has drained reaches the sender with its next acknowledgement.
      for (let attempt = 0; attempt < 100 && (t.wait(20), t.readinessOf(token) & WRITABLE) === 0; attempt++)
        t.world.drain(peer);
      expectBits(t.readinessOf(token), WRITABLE, 'readiness once there is room');
      expectEqual(t.world.write(fd), 1, 'bytes written after FIN of the peer');
    },
  })),
  ...perStream(({ name, open }) => ({
    name: `regression 22: ${name}: after our own FIN the peer's bytes are still reported, and no end before his`,
    why: 'A client that half-closes after its request still waits for the answer.',
    run(t) {
      const [fd, peer] = open(t);
      const token = t.register(fd, READABLE);
      t.world.endWriting(fd);
      t.expectQuiet('after our own FIN');
      t.world.write(peer, 10);
      expectNoBits(t.waitFor(token, READABLE), OVER, 'readiness with bytes of a peer that has not ended');
      expectEqual(t.world.drain(fd), 10, 'bytes received');
      t.expectQuiet('once drained');
      t.close(peer);
      t.waitFor(token, READABLE);
      expectEqual(t.world.read(fd), 0, 'the read after FIN of the peer');
    },
  })),
  {
    name: "Unix stream: the peer's close ends the wait of a writer without room, with and without a reader",
    why: 'FreeBSD 15 tells it to the READ filter of a Unix socket alone: who only writes would wait for ever.',
    run(t) {
      for (const interest of [WRITABLE, READABLE | WRITABLE]) {
        const [fd, peer] = t.socketPair();
        t.world.fillForGood(fd);
        const token = t.register(fd, interest);
        t.expectQuiet('no room to write');
        t.close(peer);
        t.waitFor(token, WRITABLE);
        t.unregister(token);
      }
    },
  },
  {
    name: "Unix stream: the peer's close after its FIN ends the wait of a writer that is armed once",
    why: 'A server that still answers a half-closed client learns from a write that nobody is there any more.',
    needs: { mode: 'oneshot' },
    run(t) {
      const [fd, peer] = t.socketPair();
      t.world.fillForGood(fd);
      const token = t.register(fd, READABLE, 'oneshot');
      t.world.endWriting(peer);
      t.waitFor(token, READABLE);
      t.modify(token, WRITABLE);
      t.expectQuiet('no room to write');
      t.close(peer);
      t.waitFor(token, WRITABLE);
    },
  },
  {
    name: "Unix stream: the peer's close is an edge for a writer without room",
    why: 'By edges nothing is reported twice, so what is missed once is missed for good.',
    needs: { mode: 'edge' },
    run(t) {
      const [fd, peer] = t.socketPair();
      const token = t.register(fd, READABLE | WRITABLE, 'edge');
      t.waitFor(token, WRITABLE);
      t.world.fillForGood(fd);
      t.backend.wouldBlock(token, WRITABLE);
      t.wait(0);
      t.backend.wouldBlock(token, WRITABLE);
      t.expectQuiet('no room to write');
      t.close(peer);
      t.waitFor(token, WRITABLE);
    },
  },
  ...perStream(({ name, open }) => ({
    name: `regression 23: ${name}: FIN of the peer does not disturb a writer without room`,
    why: "Reads paused by back-pressure, output queued: 87 % of Conn's time went into waits that this event ended.",
    run(t) {
      const [fd, peer] = open(t);
      t.world.fillForGood(fd);
      const token = t.register(fd, READABLE | WRITABLE);
      t.wait(0);
      t.world.endWriting(peer);
      t.waitFor(token, READABLE);
      t.modify(token, WRITABLE);
      t.expectQuiet('reading paused, no room to write');
    },
  })),
  ...perStream(({ name, open }) => ({
    name: `regression 23: ${name}: without interest neither FIN nor hang-up is reported`,
    why: 'A paused connection whose peer has gone must sleep, not spin.',
    run(t) {
      const [fd, peer] = open(t);
      const token = t.register(fd, READABLE);
      t.wait(0);
      t.modify(token, 0);
      t.world.endWriting(peer);
      t.expectQuiet('after FIN');
      t.close(peer);
      t.expectQuiet('after the peer has closed');
      t.modify(token, READABLE);
      t.waitFor(token, READABLE);
    },
  })),
];
