import { expect } from 'chai';
import { open, startReactor, type BufferList, type Connection, type Reactor } from '../../../src/index.js';
import { copyWith } from '../../../src/api/transfer/copy.js';
import { fileSending } from '../../../src/api/transfer/send-file.js';
import { joinWith } from '../../../src/api/transfer/join.js';
import { nativeFileReads } from '../../../src/core/transfers/files/file-reads.js';
import { FileToSocket } from '../../../src/core/transfers/files/file-to-socket.js';
import { nativeRelayCalls } from '../../../src/core/transfers/relay/relay-conduits.js';
import { SocketToFile } from '../../../src/core/transfers/files/socket-to-file.js';
import type { WriteAt } from '../../../src/core/transfers/files/write-behind.js';
import { EINVAL } from '../../../src/sys/ffi/errno.js';
import { ALL_MODES, backendsHere } from '../../support/every-driver.js';
import { TestFiles } from '../../support/files.js';
import { destroyTracked, fillUp, turns, unixPair, type Pair } from '../../support/sockets.js';
import { begun } from '../../support/transfers.js';

const CEILING_BYTES = 2 << 20;
const CHUNKS = CEILING_BYTES / (64 * 1024);
/** More than there are chunks. */
const MANY = CHUNKS + 8;

const byBuffers = { ...nativeRelayCalls(), splice: undefined, socketSplice: undefined };
const noSendfile = { takesHeader: false, refusesToWait: false, failure: EINVAL, send: () => 0 };

/** Sends until nothing more is taken, by the kernel or by those behind it. */
async function flood(sources: readonly Connection[]): Promise<void> {
  for (const source of sources) fillUp(source);
  let before = -1;
  for (;;) {
    const taken = sources.reduce((total, { bytesSent }) => total + bytesSent, 0);
    if (taken === before) return;
    before = taken;
    await turns(20);
  }
}

for (const backend of backendsHere()) {
  describe(`memory when many peers take nothing (${backend})`, () => {
    const files = new TestFiles();

    for (const mode of ALL_MODES) {
      describe(mode, () => {
        let reactor: Reactor;

        beforeEach(() => {
          reactor = startReactor({ backend, mode, maxBufferBytes: CEILING_BYTES });
        });

        afterEach(() => {
          destroyTracked();
          reactor.close();
        });

        const pairs = (count: number): Pair[] =>
          Array.from({ length: count }, () => unixPair({ maxQueuedBytes: 1 << 26 }));

        /** An echo server with `onData`, and one with `read`, each for a client that comes now. */
        async function expectEcho(): Promise<void> {
          const [first, second, client] = pairs(3);
          first.server.onData = chunk => void first.server.send(chunk);
          void (async () => {
            for await (const chunk of second.server) await second.server.write(chunk);
          })().catch(() => {});
          client.server.onData = () => {};
          for (const each of [first.client, second.client]) {
            each.send('still served');
            expect((await each.read())?.toString()).to.equal('still served');
          }
          expect(reactor.slab.heldBytes).to.be.at.most(CEILING_BYTES);
        }

        it('joins by buffers hold what they took, and no memory of the others', async () => {
          const transfers = pairs(MANY).map(left => ({ left, right: pairs(1)[0] }));
          const running = transfers.map(({ left, right }) => joinWith(byBuffers, left.server, right.client));
          await flood(transfers.map(({ left }) => left.client));
          expect(reactor.slab.leasedChunks).to.be.at.most(CHUNKS / 2 + 1);
          await expectEcho();
          for (const { left, right } of transfers) {
            left.client.end();
            right.server.onData = () => {};
          }
          // What was held goes out, all of it.
          await Promise.all(
            running.map(async (join, index) => {
              const { aToB } = await join;
              expect(aToB.bytes).to.equal(transfers[index].left.client.bytesSent);
              expect(aToB.residueBytes).to.equal(0);
            }),
          );
        });

        it('copies of streams, too', async () => {
          const transfers = pairs(MANY).map(left => ({ left, right: pairs(1)[0] }));
          for (const { left, right } of transfers) {
            void copyWith(byBuffers, left.server, right.client).catch(() => {});
          }
          await flood(transfers.map(({ left }) => left.client));
          await expectEcho();
        });

        it('echoes by hand whose queues grow', async () => {
          const all = pairs(MANY);
          for (const { server } of all) {
            server.onData = chunk => void (server.send(chunk) || server.pause());
          }
          await flood(all.map(({ client }) => client));
          await expectEcho();
        });

        it('files by buffers', async () => {
          const file = await open(files.pattern(1 << 20).path);
          const all = pairs(MANY);
          const running = all.map(({ server }) => {
            const engine = new FileToSocket(server, { calls: { sendfile: noSendfile, reads: nativeFileReads } });
            return begun(engine, fileSending(file, { offset: 0 }));
          });
          for (const { account } of running) while (account.bytesIn === 0 || account.residueBytes === 0) await turns(1);
          await expectEcho();
          for (const { client } of all) client.onData = () => {};
          for (const transfer of running) expect((await transfer).bytes).to.equal(1 << 20);
          await file.close();
        });

        it('files whose disk answers nothing', async () => {
          const answers: (() => void)[] = [];
          const hung: WriteAt = ({ fd }, iovecs, count, offset, done) =>
            void answers.push(() => {
              void [fd, iovecs, count, offset];
              done(-5);
            });
          const all = pairs(MANY);
          const running = all.map(({ server }) => {
            const receiving = { file: { fd: 0, device: 0, name: 'hung' }, offset: 0, lengthBytes: Infinity };
            return begun(new SocketToFile(server, hung), { ...receiving, releaseFile: () => {} });
          });
          await flood(all.map(({ client }) => client));
          await expectEcho();
          for (const answer of answers) answer();
          for (const transfer of running) {
            const failure = await Promise.resolve(transfer).then(
              () => undefined,
              (error: { code: string }) => error.code,
            );
            expect(failure).to.equal('EIO');
          }
          expect(reactor.slab.pocketBytes).to.equal(0);
        });

        it('those who wait for it are remembered once, and no longer than they are open', async () => {
          const kept: BufferList[] = [];
          const [{ client, server }] = pairs(1);
          server.onData = chunk => kept.push(chunk.take());
          client.send(new Uint8Array(4 << 20));
          await flood([client]);
          for (let count = 0; count < 20; count++) {
            server.pause();
            server.resume();
            await turns(2);
          }
          expect(reactor.receiveBuffer.starvedCount).to.equal(1);
          server.destroy();
          await turns(2);
          expect(reactor.receiveBuffer.starvedCount).to.equal(0);
          for (const chunk of kept) chunk.release();
        });

        for (const hoarders of [1, 3, MANY]) {
          it(`what ${hoarders} of them keep for their own users`, async () => {
            const kept: BufferList[] = [];
            const all = pairs(hoarders);
            for (const { server } of all) server.onData = chunk => kept.push(chunk.take());
            await flood(all.map(({ client }) => client));
            await expectEcho();
            const received = all.map(({ server }) => server.bytesReceived);
            for (const chunk of kept.splice(0)) chunk.release();
            await flood(all.map(({ client }) => client));
            all.forEach(({ server }, index) => expect(server.bytesReceived).to.be.above(received[index]));
            for (const chunk of kept.splice(0)) chunk.release();
          });
        }
      });
    }
  });
}
