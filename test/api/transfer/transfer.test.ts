import { expect } from 'chai';
import { randomFillSync } from 'node:crypto';
import type { Connection } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { Digest, tcpPair, unixPair, type Pair } from '../../support/sockets.js';

const MEGABYTE = 1 << 20;
const TOTAL_BYTES = 50 * MEGABYTE;
const random = randomFillSync(new Uint8Array(MEGABYTE));

/** The stream under test: random bytes, each megabyte marked with its number so that none can be taken for another. */
function piece(number: number): Uint8Array {
  new DataView(random.buffer).setUint32(0, number);
  return random;
}

/** Takes a little, rests for a turn, takes more. */
function readSlowly(connection: Connection): Promise<Digest> {
  const received = new Digest();
  const { promise, resolve } = settling<Digest>();
  let resting = 0;
  connection.onData = chunk => {
    received.add(chunk);
    if (++resting % 8 !== 0) return;
    connection.pause();
    setImmediate(() => connection.resume());
  };
  connection.onEnd = () => resolve(received);
  return promise;
}

const kinds: Record<string, () => Promise<Pair>> = { TCP: tcpPair, Unix: () => Promise.resolve(unixPair()) };

describeOnEveryDriver('50 MB to a slow reader', () => {
  it('TCP, with write(): every byte, and write() resolves below the high-water mark only', async () => {
    const { client, server } = await kinds.TCP();
    const received = readSlowly(server);
    const sent = new Digest();
    let queuedBytes = 0;
    for (let number = 0; number < TOTAL_BYTES / MEGABYTE; number++) {
      const bytes = piece(number);
      sent.add(bytes);
      await client.write(bytes);
      queuedBytes = Math.max(queuedBytes, client.queuedBytes);
    }
    client.end();
    expect(String(await received)).to.equal(String(sent));
    expect(queuedBytes).to.be.below(64 * 1024);
    expect(client.bytesSent).to.equal(TOTAL_BYTES);
    expect(server.bytesReceived).to.equal(TOTAL_BYTES);
  });

  it('Unix, with send() and onDrain: every byte', async () => {
    const { client, server } = await kinds.Unix();
    const received = readSlowly(server);
    const sent = new Digest();
    let number = 0;
    const pump = () => {
      while (number < TOTAL_BYTES / MEGABYTE) {
        const bytes = piece(number++);
        sent.add(bytes);
        if (!client.send(bytes)) return;
      }
      client.end();
    };
    client.onDrain = pump;
    pump();
    expect(String(await received)).to.equal(String(sent));
  });

  it('both ways at once: an echo that moves what it receives', async () => {
    const { client, server } = await tcpPair();
    server.onData = chunk => {
      if (!server.send(chunk)) server.pause();
    };
    server.onDrain = () => server.resume();
    server.onEnd = () => server.end();
    const received = readSlowly(client);
    const sent = new Digest();
    for (let number = 0; number < 8; number++) {
      const bytes = piece(number);
      sent.add(bytes);
      await client.write(bytes);
    }
    client.end();
    expect(String(await received)).to.equal(String(sent));
  });
});
