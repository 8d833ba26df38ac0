/** Datagrams that the kernel drops, since nobody receives them in time, are counted. */
import { expect } from 'chai';
import { bindDatagram, currentReactor } from '../../../src/index.js';
import { until } from '../../support/datagrams.js';

describe('datagrams that are dropped', () => {
  it('are in counters.dropped, also once the socket is closed', async function () {
    if (process.platform !== 'linux') this.skip();
    const receiver = await bindDatagram({ host: '127.0.0.1', receiveBufferBytes: 4096 });
    const sender = await bindDatagram({ host: '127.0.0.1' });
    expect(receiver.counters.dropped).to.equal(0);
    // On the loopback a datagram is received or dropped within the call that sends it.
    for (let count = 0; count < 1000; count++) await sender.send('x'.repeat(100), receiver.address);
    const { dropped } = receiver.counters;
    expect(dropped).to.be.greaterThan(0);
    receiver.onDatagram = () => {};
    await until(() => receiver.counters.received + dropped! === 1000);
    await Promise.all([receiver.close(), sender.close()]);
    expect(receiver.counters).to.include({ received: 1000 - dropped!, dropped });
    currentReactor().close();
  });
});
