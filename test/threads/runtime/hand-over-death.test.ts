import { expect } from 'chai';
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { currentReactor, listen, type Connection, type Listener } from 'pollux';
import { openEndpoint, Runtime, type Endpoint } from 'pollux/threads';
import { openDescriptors } from '../../support/descriptors.js';
import { portOf, turns } from '../../support/sockets.js';
import { until } from './until.js';

const CONNECTIONS = 20;

describe('the end of a thread in the midst of moving connections', () => {
  let endpoint: Endpoint;
  let runtime: Runtime;
  let listener: Listener;
  let clients: Socket[];
  let before: string[];
  let closes: number;

  beforeEach(async () => {
    before = openDescriptors();
    endpoint = openEndpoint();
    runtime = new Runtime({ entry: new URL('mover.js', import.meta.url), workers: 2, endpoint });
    await runtime.start();
    const accepted: Connection[] = [];
    listener = await listen({ host: '127.0.0.1', onConnection: connection => void accepted.push(connection) });
    closes = 0;
    clients = Array.from({ length: CONNECTIONS }, () => {
      const client = dial({ port: portOf(listener), host: '127.0.0.1' });
      return client.on('error', () => {}).on('close', () => closes++);
    });
    await until(() => accepted.length === CONNECTIONS);
    await Promise.all(accepted.map((connection, index) => connection.moveTo(runtime.workers[index % 2].peer)));
    // All of them go around: an echo from each.
    await Promise.all(clients.map(client => (client.write('hello'), once(client, 'data'))));
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    await listener.close();
    await runtime.stop(0).catch(() => {});
    endpoint.close();
    currentReactor().close();
    await until(() => closes === CONNECTIONS);
    expect(openDescriptors(), 'descriptors left open').to.deep.equal(before);
  });

  /** Each connection either lives on in the other thread or is closed, and its peer told; none is neither. */
  async function checkAllAccountedFor(): Promise<void> {
    const { peer } = runtime.workers[1];
    const echoed = Promise.all(
      clients.map(async client => {
        if (client.destroyed) return false;
        const echo = new Promise(resolve => client.on('data', resolve).on('close', resolve));
        client.write('still there?');
        await echo;
        return !client.destroyed;
      }),
    );
    const alive = (await echoed).filter(lives => lives).length;
    await turns();
    const { here } = await peer.request<{ here: number }>('count', null);
    expect(alive).to.equal(here);
    expect(CONNECTIONS - alive).to.equal(closes);
  }

  for (const round of [1, 2, 3]) {
    it(`regression 44: a thread that is terminated gives and takes: what it had is closed, once (${round})`, async () => {
      await turns(round * 3);
      const gone = new Promise(resolve => (runtime.workers[0].peer.onGone = resolve));
      await runtime.workers[0].terminate();
      await gone;
      await checkAllAccountedFor();
    });
  }

  it('a thread that closes its endpoint meanwhile: what it was about to give it closes, or the other has', async () => {
    const gone = new Promise(resolve => (runtime.workers[0].peer.onGone = resolve));
    runtime.workers[0].peer.schedule('close endpoint');
    await gone;
    await turns();
  });
});
