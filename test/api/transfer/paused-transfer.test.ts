import { expect } from 'chai';
import { copy, join, open, sendFile, type Connection, type TransferFailure } from '../../../src/index.js';
import { copyWith } from '../../../src/api/transfer/copy.js';
import { joinWith } from '../../../src/api/transfer/join.js';
import type { Transfer } from '../../../src/api/transfer/transfer.js';
import { nativeRelayCalls } from '../../../src/core/transfers/relay/relay-conduits.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { TestFiles } from '../../support/files.js';
import { sendStream, twoPairs, type Joined } from '../../support/joined.js';
import { fillUp, readAll, tcpPair, turns } from '../../support/sockets.js';

async function failureOf<Account extends object>(transfer: Transfer<Account>): Promise<TransferFailure<Account>> {
  return transfer.then(
    () => expect.fail('it went well'),
    failure => failure,
  );
}

const byBuffers = { ...nativeRelayCalls(), splice: undefined, socketSplice: undefined };
const MINE = new Error('mine');

/** What ends an inner connection, or its peer. */
const ENDINGS: Readonly<Record<string, (inner: Connection, outer: Connection) => void>> = {
  'destroyed by a failure': inner => inner.destroy(MINE),
  destroyed: inner => inner.destroy(),
  closed: inner => void inner.close().catch(() => {}),
  reset: inner => inner.reset(),
  'reset by its peer': (_, outer) => outer.reset(),
};

/** Bytes on their way, which the reader leaves alone, and a pause over them. */
async function stall({ left, a }: Joined): Promise<void> {
  fillUp(left);
  let before = -1;
  while (a.bytesReceived !== before) {
    before = a.bytesReceived;
    await turns(20);
  }
}

describeOnEveryDriver('a transfer that is paused', () => {
  const files = new TestFiles();

  for (const [ending, end] of Object.entries(ENDINGS)) {
    for (const isHolding of [false, true]) {
      const what = isHolding ? ', with bytes in hand' : '';
      for (const which of ['a', 'b'] as const) {
        it(`join ends when ${which} is ${ending}${what}, and the other end with it`, async () => {
          const ends = await twoPairs();
          const transfer = joinWith(byBuffers, ends.a, ends.b);
          if (isHolding) await stall(ends);
          transfer.pause();
          await turns(2);
          end(ends[which], which === 'a' ? ends.left : ends.right);
          const { cause, transfer: account } = await failureOf(transfer);
          if (ending === 'destroyed by a failure') expect(cause).to.equal(MINE);
          await Promise.all([ends.a, ends.b].map(each => each.closed.catch(() => {})));
          const { aToB, bToA, brokenEnd } = account!;
          expect(brokenEnd).to.equal(which);
          expect(aToB.bytesIn).to.equal(aToB.bytesOut + aToB.residueBytes);
          expect(bToA).to.include({ bytesIn: 0, bytesOut: 0, residueBytes: 0 });
          transfer.resume();
        });
      }

      it(`copy ends when the source is ${ending}${what}; what was taken goes to the target`, async () => {
        const ends = await twoPairs();
        const transfer = copyWith(byBuffers, ends.a, ends.b);
        if (isHolding) await stall(ends);
        transfer.pause();
        await turns(2);
        end(ends.a, ends.left);
        const { transfer: account } = await failureOf(transfer);
        expect(ends.b.isClosed).to.equal(false);
        ends.b.end('!');
        const received = await readAll(ends.right);
        expect(received.length).to.equal(account!.bytesIn + 1);
        expect(account!.bytesIn).to.equal(account!.bytesOut + account!.residueBytes);
      });
    }

    it(`copy ends when the target is ${ending}`, async () => {
      const ends = await twoPairs();
      ends.b.setTimeouts({ idleMs: 0 });
      const transfer = copyWith(byBuffers, ends.a, ends.b);
      await stall(ends);
      transfer.pause();
      end(ends.b, ends.right);
      const { transfer: account } = await failureOf(transfer);
      expect(account!.bytesIn).to.equal(account!.bytesOut + account!.residueBytes);
      expect(ends.a.isClosed).to.equal(false);
    });

    if (ending === 'closed') {
      it('copy ends when it is paused and its target was closed before; what was taken arrives', async () => {
        const ends = await twoPairs();
        const transfer = copyWith(byBuffers, ends.a, ends.b);
        await stall(ends);
        const closed = ends.b.close();
        await turns(2);
        transfer.pause();
        const { transfer: account } = await failureOf(transfer);
        expect((await readAll(ends.right)).length).to.equal(account!.bytesIn);
        ends.right.end();
        await closed;
        expect(ends.a.isClosed).to.equal(false);
      });
    }

    it(`sendFile ends when its connection is ${ending}`, async () => {
      const { client, server } = await tcpPair();
      const transfer = sendFile(client, files.sparse(64 << 20));
      await turns(5);
      transfer.pause();
      if (ending === 'closed') transfer.cancel();
      else end(client, server);
      expect((await failureOf(transfer)).transfer!.bytes).to.be.below(64 << 20);
    });

    it(`copy to a file ends when its connection is ${ending}; what was received is in the file`, async () => {
      const { client, server } = await tcpPair();
      const path = files.path(`received ${ending}`);
      await using file = await open(path, { flags: 'w' });
      const transfer = copy(server, file);
      client.send('before the pause');
      while (transfer.account.bytes < 16) await turns(1);
      transfer.pause();
      client.send('after it');
      await turns(2);
      end(server, client);
      expect((await failureOf(transfer)).transfer).to.include({ bytesIn: 16, bytesOut: 16, residueBytes: 0 });
    });
  }

  it('join goes on when it is resumed, pause after pause, and to its limits', async () => {
    const { left, right, a, b } = await twoPairs();
    const transfer = join(a, b, { limits: { aToB: { maxBytes: 1 << 20 }, bToA: { maxBytes: 0 } } });
    const sending = sendStream(left, 2 << 20).catch(() => {});
    let received = 0;
    right.onData = chunk => {
      received += chunk.length;
      transfer.pause();
      setImmediate(() => transfer.resume());
    };
    const { aToB } = await transfer;
    expect(aToB).to.include({ bytesIn: 1 << 20, bytesOut: 1 << 20, residueBytes: 0 });
    while (received < 1 << 20) await turns(1);
    left.destroy();
    await sending;
  });
});
