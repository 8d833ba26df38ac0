import { expect } from 'chai';
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { currentReactor, listen, type Connection, type Listener } from 'pollux';
import { openEndpoint, Runtime, type Endpoint } from 'pollux/threads';

describe('a connection that is moved to another thread', () => {
  let endpoint: Endpoint;
  let runtime: Runtime;
  let listener: Listener;
  let client: Socket;
  let connection: Connection;
  let received: Buffer[];

  beforeEach(async () => {
    endpoint = openEndpoint();
    runtime = new Runtime({ entry: new URL('receiver.js', import.meta.url), workers: 1, endpoint });
    await runtime.start();
    const accepted = new Promise<Connection>(resolve => {
      void listen({ host: '127.0.0.1', maxQueuedBytes: 64 << 20, onConnection: resolve }).then(opened => {
        listener = opened;
        client = dial((opened.address as { port: number }).port, '127.0.0.1');
        received = [];
      });
    });
    connection = await accepted;
  });

  afterEach(async () => {
    client.destroy();
    connection.destroy();
    await listener.close();
    await runtime.stop(0);
    endpoint.close();
    currentReactor().close();
  });

  it('regression 43: takes along what is unread and what is unsent, in order and whole', async () => {
    const unsent = Buffer.alloc(16 << 20, 'unsent ');
    const unread = Buffer.alloc(300_000, 'unread ');
    client.write(unread.subarray(0, 1000));
    connection.send(unsent);
    expect(connection.queuedBytes).to.be.above(0);
    await connection.moveTo(runtime.workers[0].peer, 'state ');
    client.write(unread.subarray(1000));
    const whole = Buffer.concat([unsent, Buffer.from('state '), unread]);
    let length = 0;
    await new Promise<void>(resolve => {
      client.on('data', chunk => {
        received.push(chunk);
        if ((length += chunk.length) >= whole.length) resolve();
      });
    });
    expect(Buffer.concat(received).equals(whole)).to.equal(true);
  });

  it('is refused a second time, and of no more use here', async () => {
    await connection.moveTo(runtime.workers[0].peer, 'x');
    const again = await connection.moveTo(runtime.workers[0].peer).catch((error: unknown) => error);
    expect(again).to.include({ code: 'EBADF' });
    expect((again as Error).message).to.include('moved already');
    expect(() => connection.send('more')).to.throw('moved to another thread');
    expect(() => connection.read()).to.throw('moved to another thread');
    expect(() => (connection.onData = () => {})).to.throw('EBADF, the connection was moved to another thread');
    expect(connection.isClosed).to.equal(true);
  });

  it('is closed when the other thread has ended', async () => {
    const peer = runtime.workers[0].peer;
    await runtime.stop(0);
    const ended = once(client.resume(), 'close');
    expect(await connection.moveTo(peer).catch((error: unknown) => error)).to.include({ code: 'EPIPE' });
    await ended;
  });
});
