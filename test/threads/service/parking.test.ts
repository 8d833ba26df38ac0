/** Connections that are parked between their requests, and who serves the next. */
import { expect } from 'chai';
import { adopt, currentReactor, type Connection } from 'pollux';
import { Runtime, type AcceptModel, type Service } from 'pollux/threads';
import { scanDescriptors } from '../../../src/sys/file/descriptor-scan.js';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { destroyTracked } from '../../support/sockets.js';
import { clientOf, clientsOf } from './service-clients.js';

const THREADS = 2;
const entry = new URL('parking-entry.js', import.meta.url);

describe('parked connections', () => {
  let runtime: Runtime;
  let service: Service;
  /** Lets a busy thread go on. */
  const release = new Int32Array(new SharedArrayBuffer(4));

  async function start(accept: AcceptModel, idleMs?: number): Promise<void> {
    runtime = new Runtime({ entry, workers: THREADS, payload: release });
    await runtime.start();
    service = await runtime.listen({ accept, host: '127.0.0.1', idleMs });
  }

  /** @returns the thread that answered. */
  async function ask(connection: Connection, text: string): Promise<number> {
    await connection.write(text);
    const [thread, said] = (await connection.read())!.toString().split(' ');
    expect(said).to.equal(text);
    return Number(thread);
  }

  async function untilOpen(count: number): Promise<void> {
    const sum = () => service.spread().reduce((total, { open }) => total + open, 0);
    while (sum() !== count) await new Promise(setImmediate);
  }

  /** Ends a thread that is in the midst of nothing. */
  async function endFirst(): Promise<void> {
    await runtime.workers[0].pause();
    await runtime.workers[0].terminate();
  }

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(2_000);
    currentReactor().close();
  });

  for (const accept of ['reuseport', 'exclusive', 'acceptor'] as const) {
    it(`are served by the thread that they came to with '${accept}'`, async () => {
      await start(accept);
      const connections = await clientsOf(service, 20);
      const first = await Promise.all(connections.map(connection => ask(connection, 'one')));
      for (const text of ['two', 'three']) {
        expect(await Promise.all(connections.map(connection => ask(connection, text)))).to.deep.equal(first);
      }
      await untilOpen(0);
      expect(service.spread().reduce((sum, { awakened }) => sum + awakened, 0)).to.equal(40);
    });
  }

  it("are served by whichever thread is free with 'combined'", async () => {
    await start('combined');
    const connections = await clientsOf(service, 20);
    await Promise.all(connections.map(connection => ask(connection, 'one')));
    await untilOpen(0);
    const said = runtime.endpoint.queue<string>('said')[Symbol.asyncIterator]();
    for (const busy of [0, 1]) {
      // One is in the midst of something, and the other serves them all: those as well that came to the first.
      Atomics.store(release, 0, 0);
      runtime.workers[busy].peer.schedule('be busy');
      await said.next();
      const served = await Promise.all(connections.map(connection => ask(connection, 'two')));
      expect(served).to.deep.equal(connections.map(() => 1 - busy));
      expect(service.spread()[1 - busy].awakened).to.equal(20);
      Atomics.store(release, 0, 1);
      Atomics.notify(release, 0);
      await untilOpen(0);
    }
  });

  it('that are parked, written to and parked at the same time by many threads reach each one thread', async () => {
    await start('combined');
    const connections = await clientsOf(service, 30);
    await Promise.all(
      connections.map(async (connection, index) => {
        for (let round = 0; round < 30; round++) await ask(connection, `${index}:${round}`);
      }),
    );
    await untilOpen(0);
    const spread = service.spread();
    expect(spread.reduce((sum, { accepted, awakened }) => sum + accepted + awakened, 0)).to.equal(30 * 30);
  });

  for (const accept of ['combined', 'acceptor'] as const) {
    it(`are closed when they have been idle too long, and others stay, with '${accept}'`, async () => {
      await start(accept, 1_000);
      const [idle, busy, open] = await clientsOf(service, 3);
      await ask(idle, 'one');
      await open.write('stay');
      let isOver = false;
      const ended = idle.read().then(chunk => {
        isOver = true;
        return chunk;
      });
      for (let round = 0; !isOver; round++) {
        await ask(busy, `${round}`);
        await new Promise(resolve => setTimeout(resolve, 50));
      }
      expect(await ended).to.equal(null);
      await ask(busy, 'still');
      expect(open.isClosed).to.equal(false);
    });

    it(`are closed with their service, and leave nothing behind, with '${accept}'`, async () => {
      await start(accept);
      const connection = await clientOf(service);
      await ask(connection, 'one');
      await service.close();
      expect(await connection.read()).to.equal(null);
    });
  }

  for (const accept of ['reuseport', 'acceptor'] as const) {
    it(`are closed with their thread where no other waits for them, with '${accept}'`, async () => {
      await start(accept);
      const clients = await clientsOf(service, 20);
      const threads = await Promise.all(clients.map(each => ask(each, 'one')));
      await untilOpen(0);
      await endFirst();
      for (const [index, each] of clients.entries()) {
        if (threads[index] === 0) expect(await each.read()).to.equal(null);
        else expect(await ask(each, 'two')).to.equal(1);
      }
    });
  }

  it("are served by the threads that are left with 'combined'", async () => {
    await start('combined');
    const clients = await clientsOf(service, 20);
    await Promise.all(clients.map(each => ask(each, 'one')));
    await untilOpen(0);
    await endFirst();
    for (const each of clients) expect(await ask(each, 'two')).to.equal(1);
  });

  for (const accept of ['acceptor', 'combined'] as const) {
    it(`come back with the end of the stream, had it come before or not, with '${accept}'`, async () => {
      await start(accept);
      const connection = await clientOf(service);
      connection.send('one');
      connection.end();
      expect((await connection.read())!.toString()).to.match(/^[01] one$/);
      expect(await connection.read()).to.equal(null);
      const other = await clientOf(service);
      await ask(other, 'two');
      other.end();
      expect(await other.read()).to.equal(null);
      await untilOpen(0);
    });
  }

  it('leave no descriptor behind', async () => {
    const open = () => scanDescriptors().length;
    await start('combined');
    await service.close();
    const before = open();
    service = await runtime.listen({ accept: 'combined', host: '127.0.0.1' });
    const connections = await clientsOf(service, 20);
    await Promise.all(connections.map(connection => ask(connection, 'one')));
    await service.close();
    for (const connection of connections) await connection.close();
    expect(open()).to.equal(before);
  });

  it('are refused where that makes no sense', async () => {
    await start('combined');
    const said = runtime.endpoint.queue<string>('said');
    const connection = await clientOf(service);
    await connection.write('wrongly');
    for await (const message of said) {
      expect(message).to.include('await write() first');
      break;
    }
    const [ours, theirs] = socketpair().map(fd => adopt(fd));
    expect(() => ours.park()).to.throw(Error, 'was not accepted by a service');
    for (const end of [ours, theirs]) end.destroy();
  });
});
