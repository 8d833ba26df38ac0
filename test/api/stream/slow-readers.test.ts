/** Bytes that a peer takes from the kernel's send buffer are no silence, though no call of ours has sent any. */
import { expect } from 'chai';
import { join, type Connection } from '../../../src/index.js';
import { SendProgress } from '../../../src/core/operations/send-progress.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { closing, rejection, tcpPair, turns, unixPair } from '../../support/sockets.js';
import { undisturbed } from '../../support/undisturbed.js';

const TIMEOUT_MS = 150;
const PIECES = 40;
const PIECE_BYTES = 1024;

/** The kernel keeps each by itself, so that it notices each that is read. */
function sendPieces(connection: Connection): void {
  for (let piece = 0; piece < PIECES; piece++) connection.send(new Uint8Array(PIECE_BYTES));
  expect(connection.queuedBytes).to.equal(0);
}

/** One piece at a time, for several timeouts, and a few are left; or up to the end of the stream. */
async function readSlowly(connection: Connection, beat: () => void): Promise<void> {
  const bytes = new Uint8Array(PIECE_BYTES);
  const { bytesReceived } = connection;
  while (connection.bytesReceived < bytesReceived + (PIECES - 4) * PIECE_BYTES) {
    if ((await connection.readInto(bytes)) === 0) return;
    beat();
    await new Promise(resolve => setTimeout(resolve, TIMEOUT_MS / 8));
  }
}

describeOnEveryDriver(
  'a slow reader',
  () => {
    it('puts idleMs off while it reads what the kernel has, and no longer', () =>
      undisturbed(TIMEOUT_MS, async beat => {
        const { client, server } = unixPair();
        const closed = closing(client);
        client.setTimeouts({ idleMs: TIMEOUT_MS });
        sendPieces(client);
        await readSlowly(server, beat);
        expect(client.isClosed).to.equal(false);
        expect(await closed.told).to.include({ code: 'ETIMEDOUT' });
      }));

    for (const what of ['writeMs', 'the patience of close()']) {
      it(`puts ${what} off`, () =>
        undisturbed(TIMEOUT_MS, async beat => {
          const { client, server } = unixPair({ closeTimeoutMs: TIMEOUT_MS });
          const closed = closing(client);
          while (client.queuedBytes === 0) client.send(new Uint8Array(PIECE_BYTES));
          if (what === 'writeMs') client.setTimeouts({ writeMs: TIMEOUT_MS });
          else client.close().catch(() => {});
          await readSlowly(server, beat);
          expect(client.isClosed).to.equal(false);
          expect(await closed.told).to.include({ code: 'ETIMEDOUT' });
        }));
    }

    it('puts idleTimeoutMs of a join off', () =>
      undisturbed(TIMEOUT_MS, async beat => {
        const { client, server } = unixPair();
        const { client: outer, server: inner } = await tcpPair();
        const joining = join(inner, client, { idleTimeoutMs: TIMEOUT_MS });
        let isOver = false;
        const ended = rejection(joining.then(() => {})).finally(() => (isOver = true));
        for (let piece = 1; piece <= PIECES && !isOver; piece++) {
          outer.send(new Uint8Array(PIECE_BYTES));
          while (joining.account.aToB.bytesOut < piece * PIECE_BYTES && !isOver) await turns(1);
          beat();
        }
        await readSlowly(server, beat);
        expect(isOver).to.equal(false);
        expect(await ended).to.include({ code: 'ETIMEDOUT' });
      }));

    it('is told from one who reads nothing, look by look', async () => {
      const { client, server } = unixPair();
      const progress = new SendProgress();
      expect(progress.look(client, client.bytesSent)).to.equal(false);
      sendPieces(client);
      const looks = [progress.look(client, client.bytesSent), progress.look(client, client.bytesSent)];
      await server.readInto(new Uint8Array(PIECE_BYTES));
      looks.push(progress.look(client, client.bytesSent), progress.look(client, client.bytesSent));
      await server.readInto(new Uint8Array(PIECES * PIECE_BYTES));
      looks.push(progress.look(client, client.bytesSent), progress.look(client, client.bytesSent));
      expect(looks).to.eql([true, false, true, false, true, false]);
    });
  },
  ['level'],
);
