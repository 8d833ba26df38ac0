/** Signals of connections, datagram sockets and watches, on every driver. */
import { expect } from 'chai';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchUser, type Connection, type DatagramSocket } from '../../../src/index.js';
import { bound, texts, until } from '../../support/datagrams.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { failureOf } from '../../support/failures.js';
import { atEnd, fillUp, readExactly, turns, unixPair } from '../../support/sockets.js';
import { describeEnd, describeWait, stateOf, type Wait } from './waits.js';

/** A reader whose peer sends its bytes in two pieces. */
function reading(read: (server: Connection, options: object) => Promise<unknown>): () => Wait {
  return () => {
    const { client, server } = unixPair();
    return {
      begin: options => read(server, options),
      arrive: () => client.send('first,second'),
      check: async () => expect(await readExactly(server, 12)).to.equal('first,second'),
    };
  };
}

/** A Unix socket that has sent to another until there is no more room. */
async function crowded(): Promise<{ reader: DatagramSocket; writer: DatagramSocket; count: number }> {
  const path = join(tmpdir(), `pollux-signals-${process.pid}`);
  rmSync(path, { force: true });
  const reader = await bound({ path });
  const writer = await bound({ path: '' });
  await writer.connect({ path });
  let count = 0;
  while (writer.trySend(`${count}`)) count++;
  return { reader, writer, count };
}

describeOnEveryDriver('signals', () => {
  describeWait(
    'connection.read',
    reading((server, options) => server.read(options)),
  );
  describeWait(
    'connection.readInto',
    reading((server, options) => server.readInto(new Uint8Array(5), options)),
  );

  describeWait('connection.write', () => {
    const { client, server } = unixPair();
    const filledBytes = fillUp(client);
    const given = Buffer.alloc(100_000, 'w');
    let received = '';
    return {
      begin: options => client.write(given, options),
      arrive: () => {
        server.onData = chunk => void (received += chunk.toString('latin1'));
      },
      check: async aborted => {
        client.end();
        const whole = filledBytes + (aborted === 'before' ? 0 : given.length);
        // A connection with onData closes itself at the end.
        await until(() => server.isClosed);
        // The wait is given up, not the bytes: what follows them would make no sense without.
        expect(received.length).to.equal(whole);
        expect(received.slice(filledBytes)).to.equal('w'.repeat(whole - filledBytes));
      },
    };
  });

  describeWait('socket.receive', async () => {
    const [client, server] = [await bound(), await bound()];
    return {
      begin: options => server.receive(options),
      arrive: () => client.send('datagram', server.address),
      check: async () => expect((await server.receive()).bytes.toString()).to.equal('datagram'),
    };
  });

  describeWait('socket.send', async () => {
    const { reader, writer, count } = await crowded();
    const received = texts(reader);
    reader.pause();
    return {
      begin: options => writer.send('taken back', undefined, options),
      arrive: () => reader.resume(),
      check: async () => {
        await writer.send('last');
        await until(() => received.includes('last'));
        expect(received).to.have.length(count + 1);
        expect(received).not.to.include('taken back');
      },
    };
  });

  describeEnd('connection.close', () => {
    const { client, server } = unixPair();
    return {
      begin: options => client.close(options),
      arrive: () => server.end(),
      hasBegun: () => stateOf(client) !== 'open',
      check: () => client.closed,
    };
  });

  describeEnd('socket.close', async () => {
    const { reader, writer } = await crowded();
    void writer.send('waits').catch(() => {});
    return {
      begin: options => writer.close(options),
      arrive: () => texts(reader),
      hasBegun: () => stateOf(writer) !== 'open',
      check: () => until(() => writer.isClosed),
    };
  });

  describeWait('watch.next', () => {
    const watch = watchUser();
    atEnd(() => watch.close());
    return {
      begin: options => watch.next(options),
      arrive: () => watch.trigger(),
      check: async () => expect(await watch.next()).to.equal(true),
    };
  });
});

describeOnEveryDriver('a signal that is aborted at the last moment', () => {
  for (const way of ['read', 'readInto'] as const) {
    it(`${way}: the bytes come to whoever waits, or to whoever reads next`, async () => {
      for (let round = 0; round < 10; round++) {
        const first = unixPair();
        const other = unixPair();
        const controller = new AbortController();
        // Told in one turn with the bytes that the read waits for.
        other.server.onData = () => controller.abort(new Error('too late'));
        const memory = new Uint8Array(8);
        const options = { signal: controller.signal };
        const read = way === 'read' ? first.server.read(options) : first.server.readInto(memory, options);
        const outcome = read.then(
          value => (typeof value === 'number' ? Buffer.from(memory.subarray(0, value)).toString() : value!.toString()),
          () => '',
        );
        await turns(1);
        if (round % 2 === 0) other.client.send('!');
        first.client.send('bytes');
        if (round % 2 === 1) other.client.send('!');
        const got = await outcome;
        expect(got === '' ? await readExactly(first.server, 5) : got).to.equal('bytes');
      }
    });
  }

  it('a read that was given its bytes keeps them, and the read after it is not aborted with it', async () => {
    const { client, server } = unixPair();
    const controller = new AbortController();
    const first = server.read({ signal: controller.signal });
    client.send('one');
    const text = await first.then(async chunk => {
      const second = server.read();
      controller.abort();
      client.send('two');
      return `${chunk?.toString()}, ${(await second)?.toString()}`;
    });
    expect(text).to.equal('one, two');
  });

  it('many waits of one signal end together, and the connection reads on', async () => {
    const controller = new AbortController();
    const pairs = Array.from({ length: 20 }, () => unixPair());
    const failures = pairs.map(({ server }) => failureOf(server.read({ signal: controller.signal })));
    controller.abort(new Error('all of you'));
    for (const failure of failures) expect((await failure).message).to.equal('all of you');
    for (const { client, server } of pairs) {
      client.end('still here');
      expect((await server.read())?.toString()).to.equal('still here');
      expect(await server.read()).to.equal(null);
    }
  });

  it('reading goes on by another way', async () => {
    const { client, server } = unixPair();
    const controller = new AbortController();
    const failure = failureOf(server.readInto(new Uint8Array(4), { signal: controller.signal }));
    controller.abort(new Error('no more'));
    await failure;
    const received: string[] = [];
    server.onData = chunk => received.push(chunk.toString());
    client.send('abc');
    await until(() => received.length > 0);
    expect(received).to.deep.equal(['abc']);
  });

  it('AbortSignal.timeout ends a read whose peer is mute', async () => {
    const { server } = unixPair();
    expect((await failureOf(server.read({ signal: AbortSignal.timeout(5) }))).name).to.equal('TimeoutError');
  });

  it('datagrams are taken back from anywhere in the line, and close waits for none of them', async () => {
    const { reader, writer } = await crowded();
    const controllers = [0, 1, 2, 3].map(() => new AbortController());
    const outcomes = controllers.map(({ signal }, index) =>
      writer.send(`waits ${index}`, undefined, { signal }).then(
        () => 'sent',
        (failure: Error) => failure.message,
      ),
    );
    controllers[1].abort(new Error('second'));
    controllers[3].abort(new Error('last'));
    const received = texts(reader);
    expect(await Promise.all(outcomes)).to.deep.equal(['sent', 'second', 'sent', 'last']);
    await until(() => received.includes('waits 2'));
    expect(received.filter(text => text.startsWith('waits'))).to.deep.equal(['waits 0', 'waits 2']);
    expect(writer.queuedBytes).to.equal(0);
  });

  it('a datagram that is taken back while the socket closes ends the wait of close', async () => {
    const { writer } = await crowded();
    const controller = new AbortController();
    const failure = failureOf(writer.send('the only one', undefined, { signal: controller.signal }));
    const closing = writer.close();
    controller.abort(new Error('forget it'));
    expect((await failure).message).to.equal('forget it');
    await closing;
    expect(writer.isClosed).to.equal(true);
  });

  it('room is told of although the datagram that waited for it was taken back', async () => {
    const { reader, writer } = await crowded();
    let drained = 0;
    writer.onDrain = () => drained++;
    const controller = new AbortController();
    const failure = failureOf(writer.send('waits', undefined, { signal: controller.signal }));
    controller.abort(new Error('forget it'));
    await failure;
    texts(reader);
    await until(() => drained > 0);
    expect(writer.trySend('more')).to.equal(true);
  });
});
