/**
 * A process that survives what its callbacks throw. Each scenario throws once; what came of everybody in each is told as
 * JSON.
 */
import process from 'node:process';
import { adopt, connect, listen, startReactor, type InternetAddress, type ReactorMode } from 'pollux';
import { settling } from '../../../src/api/settling.js';
import { socketpair } from '../../../src/sys/socket/socket.js';

startReactor({ mode: process.argv[2] as ReactorMode });

let thrown = 0;
process.on('uncaughtException', error => {
  if (error.message !== 'of the user') throw error;
  thrown++;
});

const pair = () => socketpair().map(fd => adopt(fd));

const scenarios: Record<string, () => Promise<string>> = {
  async onData() {
    const [client, server] = pair();
    const [other, otherServer] = pair();
    const ended = settling<void>();
    const otherEnded = settling<void>();
    let received = 0;
    let calls = 0;
    server.onData = chunk => {
      received += chunk.length;
      if (++calls === 1) throw new Error('of the user');
    };
    server.onEnd = ended.resolve;
    otherServer.onData = chunk => (received += chunk.length);
    otherServer.onEnd = otherEnded.resolve;
    // More than one turn's budget, all of it in the kernel before the first call, and FIN behind it: no further edge.
    client.setBufferBytes('send', 1 << 20);
    client.end(new Uint8Array(400_000));
    other.end(new Uint8Array(1000));
    await Promise.all([ended.promise, otherEnded.promise]);
    for (const connection of [client, server, other, otherServer]) connection.destroy();
    return `received ${received}`;
  },

  async onConnection() {
    let calls = 0;
    const all = settling<void>();
    const listener = await listen({ host: '127.0.0.1', backlog: 16 });
    const { port } = listener.address as InternetAddress;
    const clients = await Promise.all([1, 2, 3].map(() => connect({ host: '127.0.0.1', port })));
    listener.onConnection = connection => {
      connection.destroy();
      if (++calls === 3) all.resolve();
      if (calls === 1) throw new Error('of the user');
    };
    await all.promise;
    for (const client of clients) client.destroy();
    await listener.close();
    return `accepted ${calls}`;
  },

  async onDrain() {
    const [client, server] = socketpair().map(fd => adopt(fd, { highWaterBytes: 1, lowWaterBytes: 0 }));
    const ended = settling<void>();
    let received = 0;
    let given = 0;
    client.onDrain = () => {
      throw new Error('of the user');
    };
    while (client.queuedBytes === 0) {
      client.send(new Uint8Array(100_000));
      given += 100_000;
    }
    server.onData = chunk => (received += chunk.length);
    server.onEnd = ended.resolve;
    const drained = settling<void>();
    process.once('uncaughtException', drained.resolve);
    await drained.promise;
    client.end('last');
    await ended.promise;
    client.destroy();
    server.destroy();
    return `lost ${given + 4 - received}`;
  },

  async 'a chunk that was taken'() {
    const [client, server] = pair();
    const second = settling<string>();
    let taken: string | undefined;
    const first = settling<void>();
    server.onData = chunk => {
      if (taken !== undefined) {
        second.resolve(chunk.toString());
        return;
      }
      const kept = chunk.take();
      taken = 'kept';
      void second.promise.then(() => {
        taken = kept.toString();
        kept.release();
        done.resolve();
      });
      first.resolve();
      throw new Error('of the user');
    };
    const done = settling<void>();
    client.send('AAAAAAAA');
    await first.promise;
    client.send('BBBBBBBB');
    await done.promise;
    client.destroy();
    server.destroy();
    return `kept ${taken}`;
  },

  async onClose() {
    const ends = [...pair(), ...pair()];
    const told = settling<void>();
    let closed = 0;
    for (const end of ends) {
      end.onClose = () => {
        if (++closed === 4) told.resolve();
        if (closed === 1) throw new Error('of the user');
      };
      end.destroy();
    }
    await told.promise;
    return `closed ${closed}`;
  },
};

const outcomes: Record<string, string> = {};
for (const [name, run] of Object.entries(scenarios)) {
  thrown = 0;
  const outcome = await run();
  outcomes[name] = `${outcome}, thrown ${thrown}`;
}
process.stdout.write(JSON.stringify(outcomes));
