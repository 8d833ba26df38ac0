/** Smoke programs of datagrams. */
import { join } from 'node:path';
import { bindDatagram, IoError, type DatagramOptions, type DatagramSocket } from '../../../index.js';
import { Inapplicable, type Check } from '../check.js';
import { expectEqual } from './expect.js';
import { smoke } from './ground.js';

const ROUNDS = 100;

/** One asks, the other answers to where the question came from. */
async function askAndAnswer(answering: DatagramOptions, asking: DatagramOptions): Promise<void> {
  const server = await bindDatagram(answering);
  server.onDatagram = (bytes, from) => void server.send(bytes.toString().toUpperCase(), from);
  const client = await bindDatagram(asking);
  for (let round = 0; round < ROUNDS; round++) {
    // UDP may lose one, even here.
    const answer = await ask(client, server, `question ${round}`);
    expectEqual(answer, `QUESTION ${round}`, 'the answer');
  }
  await Promise.all([client.close(), server.close()]);
}

async function ask(client: DatagramSocket, server: DatagramSocket, question: string): Promise<string> {
  await client.send(question, server.address);
  return (await client.receive()).bytes.toString();
}

async function overIpv6(): Promise<void> {
  try {
    await askAndAnswer({ host: '::1' }, { host: '::1' });
  } catch (error) {
    const isMissing = error instanceof IoError && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(error.code);
    if (isMissing) throw new Inapplicable(`no IPv6 on the loopback: ${error.code}`);
    throw error;
  }
}

export const datagrams: readonly Check[] = [
  smoke('questions are answered over UDP', () => askAndAnswer({ host: '127.0.0.1' }, { host: '127.0.0.1' })),
  smoke('questions are answered over IPv6', overIpv6),
  smoke('questions are answered over Unix sockets', directory =>
    askAndAnswer({ path: join(directory, 'server') }, { path: join(directory, 'client') }),
  ),
  smoke('an empty datagram is one, and a long one is cut off whole', async () => {
    const receiver = await bindDatagram({ host: '127.0.0.1', maxDatagramBytes: 100 });
    const sender = await bindDatagram({ host: '127.0.0.1' });
    await sender.connect(receiver.address);
    await sender.send('');
    expectEqual((await receiver.receive()).bytes.length, 0, 'bytes of the empty one');
    await sender.send(Buffer.alloc(101));
    await sender.send('last');
    expectEqual((await receiver.receive()).bytes.toString(), 'last', 'what follows the long one');
    expectEqual(receiver.counters.truncated, 1, 'counters.truncated');
    await Promise.all([sender.close(), receiver.close()]);
  }),
  smoke('a sender waits while the queue of a Unix peer is full, and loses nothing', async directory => {
    const receiver = await bindDatagram({ path: join(directory, 'receiver') });
    const sender = await bindDatagram({ path: '' });
    await sender.connect({ path: join(directory, 'receiver') });
    let sent = 0;
    while (sender.trySend(Buffer.alloc(10))) sent++;
    const waiting = [sender.send('a'), sender.send('b')];
    let received = 0;
    const all = new Promise<void>(resolve => {
      receiver.onDatagram = () => {
        if (++received === sent + 2) resolve();
      };
    });
    await Promise.all([all, ...waiting]);
    await Promise.all([sender.close(), receiver.close()]);
    return `${sent} before the queue was full`;
  }),
];
