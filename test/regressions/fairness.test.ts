/** Nobody starves the others, and descriptors that live on elsewhere haunt nobody: regressions 12 and 37. */
import { expect } from 'chai';
import { settling } from '../../src/api/settling.js';
import { close, dup } from '../../src/sys/file/io.js';
import { addressOf } from '../../src/sys/ffi/memory.js';
import { send } from '../../src/sys/socket/socket.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { atEnd, fillUp, readExactly, tcpPair, turns, unixPair } from '../support/sockets.js';

/** What one connection may take of a turn before the others have theirs. */
const BUDGET_BYTES = 256 * 1024;
/** The same on every system. */
const MSG_OOB = 1;

describeOnEveryDriver('fairness', driver => {
  it('regression 37: one greedy connection does not starve the others', async () => {
    const greedy = await tcpPair({ server: { receiveBufferBytes: 8 << 20 }, client: { sendBufferBytes: 8 << 20 } });
    const others = Array.from({ length: 5 }, () => unixPair());
    fillUp(greedy.client);
    let ahead = 0;
    let worst = 0;
    let heard = 0;
    const all = settling<void>();
    greedy.server.onData = chunk => {
      ahead += chunk.length;
      worst = Math.max(worst, ahead);
    };
    for (const { client, server } of others) {
      client.send('x');
      server.onData = () => {
        ahead = 0;
        if (++heard === others.length) {
          greedy.server.onData = undefined;
          all.resolve();
        }
      };
    }
    await all.promise;
    expect(worst).to.be.at.most(2 * BUDGET_BYTES);
  });

  it('regression 12: a copy of the descriptor kept open elsewhere brings no event after the end', async () => {
    const { client, server } = unixPair();
    const copy = dup(server.fd);
    atEnd(() => close(copy));
    server.onData = () => {};
    client.send('x');
    await turns();
    server.destroy();
    const { staleEvents } = driver.reactor.driver.backend.counters;
    const received = server.bytesReceived;
    client.send('nobody is there');
    await turns(10);
    expect(server.bytesReceived).to.equal(received);
    expect(driver.reactor.driver.counters.fruitlessEvents).to.equal(0);
    expect(driver.reactor.driver.backend.counters.staleEvents).to.equal(staleEvents);
    // The number is free, and the one who gets it is not mistaken for the old one.
    const next = unixPair();
    next.client.send('new');
    expect(await readExactly(next.server, 3)).to.equal('new');
  });

  it('urgent data in the middle of a stream holds nothing back behind it', async () => {
    const { client, server } = await tcpPair();
    let received = '';
    server.onData = chunk => (received += chunk.toString());
    // Waiting for an event, as a connection is most of its life; then all three arrive before it comes.
    await turns();
    client.send('before');
    expect(send(client.fd, addressOf(Buffer.from('!')), 1, MSG_OOB)).to.equal(1);
    client.send('behind');
    await turns(10);
    expect(received).to.equal('beforebehind');
  });
});
