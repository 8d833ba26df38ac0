/** Draining a listener: nobody who has connected is lost, and nobody new comes in. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Connection, IoError, Listener } from '../../../src/index.js';
import { REACTOR_SCOPE } from '../../../src/core/reactor/async-scope.js';
import { Listener as ListenerOf } from '../../../src/api/listening/listener.js';
import { dup } from '../../../src/sys/file/io.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { atEnd, connected, listening, portOf, readExactly, track, turns } from '../../support/sockets.js';
import { streamOfClients } from '../../support/stream-of-clients.js';
import { collectingUncaught } from '../../support/uncaught.js';

function answering(connection: Connection): void {
  connection.onData = () => connection.send('!');
  connection.onEnd = () => void connection.close();
}

describeOnEveryDriver('draining a listener', driver => {
  let directory: string;

  before(function () {
    // Other kernels have no gate to close (src/sys/socket/listener-gate.ts).
    if (process.platform !== 'linux') this.skip();
    directory = mkdtempSync(join(tmpdir(), 'pollux-drain-'));
  });

  after(() => {
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });

  const unixListener = () => listening({ path: join(directory, 'socket'), onConnection: answering });

  it('answers all who have connected of a flood of clients on TCP', async () => {
    const listener = await listening({ host: '127.0.0.1', onConnection: answering });
    const { flows, outcomes } = streamOfClients(portOf(listener));
    await flows;
    await listener.drain();
    expect(Object.keys(await outcomes)).to.deep.equal(['answered']);
  });

  it('answers all who have connected of a flood of clients on a Unix socket', async () => {
    const listener = await unixListener();
    const { flows, outcomes } = streamOfClients(join(directory, 'socket'));
    await flows;
    await listener.drain();
    expect(Object.keys(await outcomes)).to.deep.equal(['answered']);
  });

  it('takes those whose handshake comes to its end after it has begun', async () => {
    // The kernel keeps the handshake back until there is something to read.
    const listener = await listening({ host: '127.0.0.1', deferAccept: 'data', onConnection: answering });
    const client = await connected({ host: '127.0.0.1', port: portOf(listener) });
    const drained = listener.drain();
    client.send('?');
    expect(listener.isClosed).to.equal(false);
    expect(await readExactly(client, 1)).to.equal('!');
    await Promise.all([drained, listener.drain()]);
    expect(listener.isClosed).to.equal(true);
    expect(listener.counters.accepted).to.equal(1);
  });

  it('is ended at once by close()', async () => {
    const listener = await listening({ host: '127.0.0.1', onConnection: answering });
    const drained = listener.drain();
    expect(listener.isClosed).to.equal(false);
    void listener.close();
    expect(listener.isClosed).to.equal(true);
    await drained;
  });

  it('hands on all that wait, though the handler throws for one of them', async () => {
    for (const listener of [await listening(), await listening({ path: join(directory, 'socket') })]) {
      const { address } = listener;
      const where = address.family === 'unix' ? { path: address.path } : { host: '127.0.0.1', port: address.port };
      const clients = await Promise.all([1, 2, 3].map(() => connected(where)));
      let count = 0;
      await collectingUncaught(async told => {
        listener.onConnection = connection => {
          answering(track(connection));
          if (++count === 1) throw new Error('thrown by the handler');
        };
        const drained = listener.drain();
        for (const client of clients) client.send('?');
        for (const client of clients) expect(await readExactly(client, 1)).to.equal('!');
        await drained;
        while (told.length === 0) await turns(1);
        expect(told).to.deep.equal(['thrown by the handler']);
      });
    }
  });

  it('of a Unix socket that is shared ends the others without a word', async function () {
    // By edges they hear of it once, and end when they are told to.
    if (driver.mode === 'edge') this.skip();
    const listener = await unixListener();
    const { details } = listener as unknown as { details: ConstructorParameters<typeof ListenerOf>[2] };
    const other: Listener = new ListenerOf(
      driver.reactor,
      driver.reactor.driver.add(dup(listener.fd), REACTOR_SCOPE),
      details,
    );
    atEnd(() => void other.close());
    const failures: IoError[] = [];
    other.onError = failure => failures.push(failure);
    other.onConnection = answering;
    await turns();
    await listener.drain();
    while (!other.isClosed) await turns(1);
    await other.drain();
    expect(failures).to.deep.equal([]);
  });
});
