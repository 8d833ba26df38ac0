import { expect } from 'chai';
import { adopt, startReactor, type BufferList, type Connection, type Reactor } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { ALL_MODES, backendsHere } from '../../support/every-driver.js';
import { turns } from '../../support/sockets.js';

const CEILING_BYTES = 1 << 20;
const TOTAL_BYTES = 8 << 20;

for (const backend of backendsHere()) {
  describe(`the ceiling for received bytes (${backend})`, () => {
    for (const mode of ALL_MODES) {
      describe(mode, () => {
        let reactor: Reactor;
        let open: Connection[];

        beforeEach(() => {
          reactor = startReactor({ backend, mode, maxBufferBytes: CEILING_BYTES });
          open = [];
        });

        afterEach(() => {
          for (const connection of open) connection.destroy();
          reactor.close();
        });

        function pair(): Connection[] {
          const ends = socketpair().map(fd => adopt(fd));
          open.push(...ends);
          return ends;
        }

        it('who keeps chunks is held back at it, and served on when they are released', async () => {
          const [client, server] = pair();
          const kept: BufferList[] = [];
          const ended = settling<void>();
          let received = 0;
          let largest = 0;
          server.onData = chunk => {
            received += chunk.length;
            kept.push(chunk.take());
          };
          server.onEnd = ended.resolve;
          const sent = (async () => {
            for (let bytes = 0; bytes < TOTAL_BYTES; bytes += 1 << 16) await client.write(new Uint8Array(1 << 16));
            client.end();
          })();
          let over = false;
          void ended.promise.then(() => (over = true));
          while (!over) {
            await turns(20);
            largest = Math.max(
              largest,
              kept.reduce((sum, chunk) => sum + chunk.length, 0),
            );
            for (const chunk of kept.splice(0)) chunk.release();
          }
          await sent;
          expect(received).to.equal(TOTAL_BYTES);
          expect(largest).to.be.at.most(CEILING_BYTES);
          expect(reactor.slab.heldBytes).to.be.at.most(CEILING_BYTES);
        });

        it('others are served on too, when the one who kept them goes', async () => {
          const [hoarderClient, hoarder] = pair();
          const [client, server] = pair();
          const kept: BufferList[] = [];
          hoarder.onData = chunk => kept.push(chunk.take());
          hoarderClient.send(new Uint8Array(TOTAL_BYTES));
          let before = -1;
          while (hoarder.bytesReceived !== before) {
            before = hoarder.bytesReceived;
            await turns(20);
          }
          const read = server.read();
          client.send('served');
          await turns(20);
          for (const chunk of kept.splice(0)) chunk.release();
          hoarder.destroy();
          expect((await read)?.toString()).to.equal('served');
        });

        it('readInto() needs none of it', async () => {
          const [hoarderClient, hoarder] = pair();
          const [client, server] = pair();
          const kept: BufferList[] = [];
          hoarder.onData = chunk => kept.push(chunk.take());
          hoarderClient.send(new Uint8Array(TOTAL_BYTES));
          client.send('served');
          const bytes = new Uint8Array(6);
          expect(await server.readInto(bytes)).to.equal(6);
          expect(Buffer.from(bytes).toString()).to.equal('served');
          hoarder.destroy();
          for (const chunk of kept) chunk.release();
        });
      });
    }
  });
}
