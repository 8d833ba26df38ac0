/** What must go on where FreeBSD's kernel answers otherwise than Linux's: programs for `runOnFreebsd`. */
import { expect } from 'chai';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pollFactory } from '../../src/backends/poll/factory.js';
import { ERROR, READABLE, WRITABLE } from '../../src/backends/contract.js';
import { adopt, bindDatagram, listen, open, sendFile, startReactor } from '../../src/index.js';
import type { Connection, Reactor, ReactorMode } from '../../src/index.js';
import { SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from '../../src/sys/ffi/constants.js';
import { close, isOpen, pipe } from '../../src/sys/file/io.js';
import { closing, destroyTracked, fillUp, readAll, rejection, tcpPair, turns } from './sockets.js';
import { poll, POLLERR, POLLHUP, PollfdArray } from '../../src/sys/poll/poll.js';

const MODES: readonly ReactorMode[] = ['level', 'oneshot', 'edge'];

/** A reactor of its own for each program, by poll(2): it is the same on both systems. */
async function within(run: (reactor: Reactor, folder: string) => Promise<void>, mode: ReactorMode = 'level') {
  const reactor = startReactor({ backend: 'poll', mode });
  const folder = mkdtempSync(join(tmpdir(), 'pollux-freebsd-'));
  try {
    await run(reactor, folder);
  } finally {
    destroyTracked();
    reactor.close();
    rmSync(folder, { recursive: true });
  }
}

/** Waits in this thread, beside the reactor, until the kernel knows that the peer has reset the connection. */
function untilBroken({ fd }: Connection): void {
  const entry = new PollfdArray(1);
  do {
    entry.set(0, fd, 0);
    poll(entry, 1, 1000);
  } while ((entry.revents(0) & (POLLERR | POLLHUP)) === 0);
}

/** What poll(2) reports of a descriptor at once. */
function reported(fd: number, interest: number): number {
  const backend = pollFactory.open();
  try {
    backend.register(fd, interest, 'level');
    return backend.wait(0) === 0 ? 0 : backend.events.readiness[0];
  } finally {
    backend.close();
  }
}

async function sendToFullQueue(mode: ReactorMode, lengthBytes: number): Promise<void> {
  await within(async (reactor, folder) => {
    const receiver = await bindDatagram({ path: join(folder, 'receiver') });
    const sender = await bindDatagram({ path: '' });
    await sender.connect(receiver.address);
    let sent = 0;
    while (sender.trySend(Buffer.alloc(lengthBytes, 1))) sent++;
    const waiting = Array.from({ length: 5 }, () => sender.send(Buffer.alloc(lengthBytes, 2)));
    const { waits } = reactor.driver.backend.counters;
    const begin = performance.now();
    await new Promise(resolve => setTimeout(resolve, 100));
    const elapsedMs = performance.now() - begin;
    // Two waits a millisecond would be no rest.
    expect(reactor.driver.backend.counters.waits - waits).to.be.below(2 * elapsedMs);
    let received = 0;
    receiver.onDatagram = () => received++;
    await Promise.all(waiting);
    while (received < sent + 5) await turns(1);
    sender.destroy();
    receiver.destroy();
  }, mode);
}

export const programs: Readonly<Record<string, () => Promise<void>>> = {
  'close(2) that reports a reset has closed, and nothing throws': () =>
    within(async reactor => {
      const { client, server } = await tcpPair();
      const { fd } = client;
      const end = closing(client);
      server.reset();
      untilBroken(client);
      client.destroy();
      expect(isOpen(fd)).to.equal(false);
      await end.told;
      await turns(1);
      expect(reactor.isUnused).to.equal(true);
    }),

  'a waiting write tells the reset that ended it': () =>
    within(async () => {
      const { client, server } = await tcpPair();
      fillUp(client);
      const end = closing(client);
      server.reset();
      expect(await end.told).to.include({ code: 'ECONNRESET' });
    }),

  'sendFile tells the reset that ended it': () =>
    within(async (_reactor, folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, Buffer.alloc(8 << 20, 7));
      await using file = await open(path);
      const { client, server } = await tcpPair();
      const sending = sendFile(client, file);
      await turns(20);
      server.reset();
      expect(await rejection(Promise.resolve(sending))).to.include({ code: 'ECONNRESET' });
    }),

  'sendFile to a pipe goes by buffers': () =>
    within(async (_reactor, folder) => {
      const path = join(folder, 'file');
      const content = Buffer.alloc(300_000, 'content ');
      writeFileSync(path, content);
      await using file = await open(path);
      const [reader, writer] = pipe();
      const [source, sink] = [adopt(reader), adopt(writer)];
      const received = readAll(source);
      const before = [Buffer.from('before ')];
      expect(await sendFile(sink, file, { before })).to.include({ path: 'buffers', fallback: 'sendfile: ENOTSOCK' });
      sink.end();
      expect(Buffer.from(await received).equals(Buffer.concat([...before, content]))).to.equal(true);
    }),

  'poll reports a file, a directory and a device as open and ready': () =>
    within(async (_reactor, folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, 'some bytes');
      for (const [name, interest] of [
        [path, READABLE],
        [folder, READABLE],
        ['/dev/null', WRITABLE],
        ['/dev/null', READABLE],
        ['/dev/zero', READABLE],
      ] as const) {
        const fd = openSync(name, interest === WRITABLE ? 'w' : 'r');
        try {
          expect(reported(fd, interest) & (interest | ERROR), name).to.equal(interest);
        } finally {
          close(fd);
        }
      }
      expect(readFileSync(path, 'utf8')).to.equal('some bytes');
      await turns(1);
    }),

  ...Object.fromEntries(
    MODES.flatMap(mode =>
      [1, 10].map(lengthBytes => [
        `datagrams of ${lengthBytes} bytes to a Unix peer whose queue is full arrive, without a spin (${mode})`,
        () => sendToFullQueue(mode, lengthBytes),
      ]),
    ),
  ),

  'a socket buffer over the maximum is clipped, and its size can be read': () =>
    within(async () => {
      const size = 8 << 20;
      const listener = await listen({ host: '127.0.0.1', port: 0, receiveBufferBytes: size, sendBufferBytes: size });
      const bytes = listener.getOption(SOL_SOCKET, SO_RCVBUF);
      const now = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
      expect(now).to.be.within(100_000, 2 * size);
      expect(listener.setBufferBytes('receive', size)).to.equal(now);
      const other = listener.setBufferBytes('send', 65_536);
      expect(other).to.be.within(65_536, 2 * 65_536);
      const sending = listener.getOption(SOL_SOCKET, SO_SNDBUF);
      expect(new DataView(sending.buffer, sending.byteOffset).getInt32(0, true)).to.equal(other);
      await listener.close();
    }),

  "the file of a socket is refused with open's own errno": () =>
    within(async (_reactor, folder) => {
      const path = join(folder, 'socket');
      const server = createServer().listen(path);
      await new Promise(resolve => server.once('listening', resolve));
      expect(await rejection(open(path))).to.include({ code: 'ENXIO' });
      await new Promise(resolve => server.close(resolve));
    }),
};
