/** A static server that goes on with other options: no request is lost, and what is wrong changes nothing. */
import { expect } from 'chai';
import { Agent, get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { currentReactor } from '../../../src/index.js';
import type { StaticServer } from '../../../src/servers.js';
import { Served } from './served.js';

const LISTEN = { host: '127.0.0.1', port: 0 };

describe('a static server that is reloaded', () => {
  const served = new Served({
    'old/x.txt': 'old',
    'new/x.txt': 'new',
    'old/big': Buffer.alloc(8 << 20, 'b'),
    '404.html': 'lost',
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  after(() => {
    agent.destroy();
    currentReactor().close();
  });

  async function ask(server: StaticServer, path = '/x.txt'): Promise<string> {
    const [response] = (await once(get({ host: LISTEN.host, port: server.port, path, agent }), 'response')) as [
      IncomingMessage,
    ];
    return `${response.statusCode} ${response.headers['cache-control'] ?? '-'} ${await text(response)}`;
  }

  it('serves other files by other rules, also to connections that are open', async () => {
    const server = await served.server({ directory: served.path('old') });
    const [listener] = server.listeners;
    server.route('/route', (_, response) => response.send(200, {}, 'routed'));
    expect(await ask(server)).to.equal('200 - old');
    const rules = [{ match: '*.txt', cacheControl: 'no-store' }];
    await server.reload({ directory: served.path('new'), listen: LISTEN, rules });
    expect(server.listeners).to.deep.equal([listener]);
    expect(await ask(server)).to.equal('200 no-store new');
    expect(await ask(server, '/route')).to.equal('200 - routed');
    expect(server.counters.accepted).to.equal(1);
  });

  it('goes on as before if the options are wrong', async () => {
    const server = await served.server({ directory: served.path('old') });
    for (const [options, says] of [
      [{ directory: served.path('none'), listen: LISTEN }, /ENOENT/],
      [{ directory: served.path('new'), listen: LISTEN, listing: 7 }, /listing: 7; allowed: true, false/],
      [{ directory: served.path('new'), listen: [LISTEN, { ...LISTEN, port: server.port }] }, /EADDRINUSE/],
      [{ directory: served.path('new'), listen: LISTEN, tls: { certificate: '/none', key: '/none' } }, /ENOENT/],
    ] as const) {
      const failure: unknown = await server.reload(options as never).catch((error: unknown) => error);
      expect(String(failure)).to.match(says);
      expect(await ask(server)).to.equal('200 - old');
    }
  });

  it('sends what is under way to its end, and closes the old files then', async () => {
    const server = await served.server({ directory: served.path('old') });
    const socket = connect(server.port, LISTEN.host);
    socket.write('GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await once(socket, 'readable');
    await server.reload({ directory: served.path('new'), listen: LISTEN });
    expect(await ask(server)).to.equal('200 - new');
    let length = 0;
    for await (const chunk of socket) length += (chunk as Buffer).length;
    expect(length).to.be.above(8 << 20);
  });

  it('loses no request under load, however often', async () => {
    const server = await served.server({ directory: served.path('old'), cache: { freshMs: 0 } });
    let isOver = false;
    let asked = 0;
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        expect(await ask(server)).to.match(/^200 - (?:old|new)$/);
        expect(await ask(server, '/none')).to.match(/^404 - lost|^404 - 404 there is/);
        asked++;
      }
    });
    for (let times = 1; times <= 20; times++) {
      const before = asked;
      const directory = served.path(times % 2 === 0 ? 'old' : 'new');
      await server.reload({ directory, listen: LISTEN, cache: { freshMs: 0 } });
      while (asked < before + 4) await new Promise(resolve => setTimeout(resolve, 2));
    }
    isOver = true;
    await Promise.all(clients);
    expect(server.counters).to.deep.include({ broken: 0, refused: 0 });
  });
});
