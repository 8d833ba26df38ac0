import { expect } from 'chai';
import { BufferList, IoError } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { closing, fillUp, readAll, readExactly, rejection, tcpPair, turns, unixPair } from '../../support/sockets.js';

describeOnEveryDriver('sending', () => {
  it('strings go out as UTF-8, arrays and their parts as they are, lists in order', async () => {
    const { client, server } = unixPair();
    const bytes = Buffer.from('0123456789');
    client.send('grüß ');
    client.send(bytes.subarray(2, 5));
    client.send(new Uint8Array([33]));
    client.send(BufferList.from('a', bytes.subarray(8), 'z'));
    client.end(' 漢字');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('grüß 234!a89z 漢字');
  });

  it('a list is moved: it is empty after', async () => {
    const { client, server } = unixPair();
    const list = BufferList.from('moved');
    client.send(list);
    expect(list.length).to.equal(0);
    expect(await readExactly(server, 5)).to.equal('moved');
  });

  it('a list of more ranges than one call takes arrives whole', async () => {
    const { client, server } = unixPair();
    const list = new BufferList();
    let expected = '';
    for (let index = 0; index < 1000; index++) {
      list.append(`${index},`);
      expected += `${index},`;
    }
    client.end(list);
    expect(Buffer.from(await readAll(server)).toString()).to.equal(expected);
  });

  it('nothing at all is sent for an empty string, array or list', async () => {
    const { client, server } = unixPair();
    expect(client.send('')).to.equal(true);
    expect(client.send(new Uint8Array(0))).to.equal(true);
    expect(client.send(new BufferList())).to.equal(true);
    await client.write('');
    expect(client.bytesSent).to.equal(0);
    client.end('');
    expect((await readAll(server)).length).to.equal(0);
  });

  it('what can not be sent is refused with words', async () => {
    const { client } = unixPair();
    expect(() => client.send(5 as unknown as string)).to.throw(TypeError, 'number; allowed: string');
    expect(() => client.send(new ArrayBuffer(4) as unknown as string)).to.throw(TypeError, 'allowed: string');
    expect(await rejection(client.write(undefined as unknown as string))).to.be.instanceOf(TypeError);
  });

  it("an array is its owner's again when send returns, also if it had to wait", async () => {
    const { client, server } = unixPair({ maxQueuedBytes: 64 << 20 });
    const piece = new Uint8Array(1 << 20);
    for (let index = 0; index < 4; index++) {
      piece.fill(index + 1);
      client.send(piece);
    }
    expect(client.queuedBytes).to.be.greaterThan(0);
    piece.fill(0xee);
    client.end();
    const received = await readAll(server);
    expect(received.length).to.equal(4 << 20);
    for (let index = 0; index < 4; index++) {
      const part = received.subarray(index << 20, (index + 1) << 20);
      expect(
        part.every(byte => byte === index + 1),
        `piece ${index}`,
      ).to.equal(true);
    }
  });

  it('send answers false from the high-water mark on, and onDrain tells of the low one, once', async () => {
    const { client, server } = unixPair({ highWaterBytes: 1 << 20, lowWaterBytes: 1000 });
    const drained = settling<number>();
    let drains = 0;
    client.onDrain = () => {
      drains++;
      drained.resolve(client.queuedBytes);
    };
    fillUp(client, 64 * 1024);
    while (client.queuedBytes + 100_000 < 1 << 20) expect(client.send(new Uint8Array(100_000))).to.equal(true);
    expect(client.send(new Uint8Array(100_000))).to.equal(false);
    expect(client.send('')).to.equal(false);
    server.onData = () => {};
    expect(await drained.promise).to.be.at.most(1000);
    await turns();
    expect(drains).to.equal(1);
    expect(client.send('again')).to.equal(true);
  });

  it('write() waits from the high-water mark on, for all who write', async () => {
    const { client, server } = unixPair({ highWaterBytes: 100_000, lowWaterBytes: 0 });
    fillUp(client);
    const writes = [client.write(new Uint8Array(100_000)), client.write('x'), client.write('')];
    let resolved = 0;
    for (const write of writes) void write.then(() => resolved++);
    await turns();
    expect(resolved).to.equal(0);
    server.onData = () => {};
    await Promise.all(writes);
    expect(client.queuedBytes).to.equal(0);
  });

  it('more in one piece than the queue may ever hold is a RangeError', async () => {
    const { client } = unixPair({ maxQueuedBytes: 1 << 20 });
    expect(() => client.send(new Uint8Array((1 << 20) + 1))).to.throw(RangeError, 'at most maxQueuedBytes (1048576)');
    expect(await rejection(client.write(new Uint8Array((1 << 20) + 1)))).to.be.instanceOf(RangeError);
    expect(client.isClosed).to.equal(false);
  });

  it('ignoring back-pressure ends at the ceiling with ENOBUFS, and what was queued still arrives', async () => {
    const { client, server } = unixPair({ maxQueuedBytes: 1 << 20 });
    let given = fillUp(client);
    const piece = new Uint8Array(100_000);
    const refused = () => {
      for (;;) {
        client.send(piece);
        given += piece.length;
      }
    };
    expect(refused).to.throw(IoError, 'ENOBUFS').with.property('code', 'ENOBUFS');
    expect(client.queuedBytes).to.be.at.most(1 << 20);
    client.end();
    expect((await readAll(server)).length).to.equal(given);
  });

  it('a list that the ceiling refused is still whole', () => {
    const { client } = unixPair({ maxQueuedBytes: 1 << 20 });
    const list = BufferList.from(new Uint8Array((1 << 20) + 1));
    expect(() => client.send(list)).to.throw(RangeError);
    expect(list.length).to.equal((1 << 20) + 1);
    list.release();
  });

  it('after end() or close() sending is a mistake: EPIPE', async () => {
    const { client, server } = unixPair();
    client.end();
    expect(() => client.send('late'))
      .to.throw(IoError)
      .with.property('code', 'EPIPE');
    expect(() => client.end('late'))
      .to.throw(IoError)
      .with.property('code', 'EPIPE');
    expect((await rejection(client.write('late'))).code).to.equal('EPIPE');
    void server.close();
    expect(() => server.send('late'))
      .to.throw(IoError)
      .with.property('code', 'EPIPE');
  });

  it('after destroy() sending is a mistake: EPIPE; after a failure send answers false and write() tells it', async () => {
    const { client, server } = unixPair();
    client.destroy();
    expect(() => client.send('late'))
      .to.throw(IoError)
      .with.property('code', 'EPIPE');
    const reason = new Error('enough');
    server.destroy(reason);
    expect(server.send('late')).to.equal(false);
    expect(await rejection(server.write('late'))).to.equal(reason);
  });

  it('destroy() with something queued refuses those who wait in write()', async () => {
    const { client } = unixPair({ highWaterBytes: 1 });
    fillUp(client);
    const write = client.write('x');
    client.destroy();
    expect((await rejection(write)).code).to.equal('ECANCELED');
  });

  it('sending to a peer that is gone breaks the connection once: EPIPE or ECONNRESET', async () => {
    const { client, server } = await tcpPair();
    const closed = closing(client);
    server.reset();
    // The kernel may need a moment to bring the reset over: until then it takes what is sent.
    while (client.send('x')) await turns(1);
    const failure = await closed.told;
    expect((failure as IoError).code).to.be.oneOf(['EPIPE', 'ECONNRESET']);
    expect(client.send('x')).to.equal(false);
    await turns();
    expect(closed.times).to.equal(1);
  });

  it('sending inside onDrain goes on without end, and in order', async () => {
    const { client, server } = unixPair({ highWaterBytes: 64 * 1024, lowWaterBytes: 0 });
    const total = 3 << 20;
    let given = 0;
    const pump = () => {
      const piece = new Uint8Array(100_000);
      while (given < total) {
        piece.fill(given / 100_000);
        given += piece.length;
        if (!client.send(piece)) return;
      }
      client.end();
    };
    client.onDrain = pump;
    pump();
    const received = await readAll(server);
    expect(received.length).to.equal(given);
    for (let at = 0; at < given; at += 100_000) expect(received[at]).to.equal((at / 100_000) & 255);
  });

  it('destroy() inside onDrain', async () => {
    const { client, server } = unixPair({ highWaterBytes: 1, lowWaterBytes: 0 });
    const closed = closing(client);
    client.onDrain = () => client.destroy();
    fillUp(client);
    server.onData = () => {};
    expect(await closed.told).to.equal(undefined);
    expect(client.queuedBytes).to.equal(0);
  });

  it('after end() with a full queue onDrain is not called: nothing may be sent any more', async () => {
    const { client, server } = unixPair({ highWaterBytes: 1, lowWaterBytes: 0 });
    let drains = 0;
    client.onDrain = () => drains++;
    const given = fillUp(client);
    client.end();
    expect((await readAll(server)).length).to.equal(given);
    await turns();
    expect(drains).to.equal(0);
  });
});
