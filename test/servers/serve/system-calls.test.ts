import { expect } from 'chai';
import { connect } from 'node:net';
import { once } from 'node:events';
import { currentReactor } from '../../../src/index.js';
import { snapshotThread } from '../../../src/observe.js';
import { patternBytes } from '../../support/files.js';
import { exchange } from '../exchange.js';
import { Served } from './served.js';

const REQUESTS = 50;

/** What requests cost in system calls, by the counters of the thread; the clients are Node's own and are not counted. */
describe('system calls of a static server', () => {
  const files = new Served({ 'small.txt': 'small', 'large.bin': patternBytes(0, 200_000) });
  after(() => currentReactor().close());

  async function callsOf(act: () => Promise<void>) {
    const before = snapshotThread().systemCalls;
    await act();
    const after = snapshotThread().systemCalls;
    return {
      accept: after.accept - before.accept,
      receive: after.receive - before.receive,
      send: after.send - before.send,
      sendfile: after.sendfile - before.sendfile,
      look: after.look - before.look,
    };
  }

  it('a small file on a connection that is kept: one receive, one send', async () => {
    const { port } = await files.server();
    const socket = connect(port, '127.0.0.1');
    const ask = async () => {
      socket.write('GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(socket, 'data');
    };
    await ask();
    const calls = await callsOf(async () => {
      for (let sent = 0; sent < REQUESTS; sent++) await ask();
    });
    socket.destroy();
    expect(calls).to.deep.equal({ accept: 0, receive: REQUESTS, send: REQUESTS, sendfile: 0, look: 0 });
  });

  it('a connection for one request: one send, and a second receive for the end of the client', async () => {
    const { port } = await files.server();
    const ask = () => exchange(port, 'GET /small.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await ask();
    const calls = await callsOf(async () => {
      for (let sent = 0; sent < REQUESTS; sent++) await ask();
    });
    expect(calls.send).to.equal(REQUESTS);
    expect(calls.receive).to.be.at.most(2 * REQUESTS);
    // Each time another call says that nobody else waits.
    expect(calls.accept).to.be.at.most(2 * REQUESTS);
    expect(calls.sendfile + calls.look).to.equal(0);
  });

  it('a large file: the head by one send, the rest by sendfile', async () => {
    const { port } = await files.server();
    const ask = () => exchange(port, 'GET /large.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await ask();
    const calls = await callsOf(async () => void (await ask()));
    expect(calls.send).to.equal(1);
    expect(calls.sendfile).to.be.greaterThan(0);
  });
});
