import { expect } from 'chai';
import { once } from 'node:events';
import { Agent, createServer, get, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, get as getHttps } from 'node:https';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { connect as connectNode, type AddressInfo, type Socket } from 'node:net';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { serveHttp, type HttpService } from '../../src/node.js';
import { currentReactor, listen, type Listener } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { cert, key } from '../support/certificate.js';
import { TestFiles } from '../support/files.js';
import { atEnd, destroyTracked, turns } from '../support/sockets.js';

const hello: RequestListener = (_request, response) => void response.end('hello\n');

describe('serveHttp', () => {
  after(() => currentReactor().close());
  const files = new TestFiles();
  afterEach(destroyTracked);

  async function serving(server: Server, listener?: Listener): Promise<HttpService> {
    const service = serveHttp(server, listener ?? (await listen({ host: '127.0.0.1' })));
    atEnd(() => {
      server.closeAllConnections();
      void service.close();
    });
    return service;
  }

  const portOf = (service: HttpService) => service.listener!.port;

  async function fetchText(port: number, path = '/', agent?: Agent): Promise<string> {
    const [response] = (await once(get({ host: '127.0.0.1', port, path, agent: agent ?? false }), 'response')) as [
      IncomingMessage,
    ];
    return text(response);
  }

  /** What a raw client gets until the server closes. */
  async function rawly(port: number, what: string): Promise<string> {
    return text(
      connectNode(port, '127.0.0.1', function (this: Socket) {
        this.write(what);
      }),
    );
  }

  it('answers, and the server is as after listen()', async () => {
    const server = createServer(hello);
    const listened = once(server, 'listening');
    const service = await serving(server);
    await listened;
    const port = portOf(service);
    expect(await fetchText(port)).to.equal('hello\n');
    expect(server.listening).to.equal(true);
    expect(server.address()).to.deep.equal({ address: '127.0.0.1', family: 'IPv4', port });
  });

  it('serves a Unix socket', async () => {
    const path = files.path('http');
    const service = await serving(createServer(hello), await listen({ path }));
    expect(service.server.address()).to.equal(path);
    const [response] = (await once(get({ socketPath: path, agent: false }), 'response')) as [IncomingMessage];
    expect(await text(response)).to.equal('hello\n');
  });

  it('keeps connections alive between requests', async () => {
    const ports = new Set<number | undefined>();
    const service = await serving(
      createServer((incoming, response) => {
        ports.add(incoming.socket.remotePort);
        response.end(incoming.url);
      }),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let index = 0; index < 20; index++) {
      expect(await fetchText(portOf(service), `/${index}`, agent)).to.equal(`/${index}`);
    }
    expect(ports.size).to.equal(1);
    agent.destroy();
  });

  it('answers pipelined requests in order', async () => {
    const service = await serving(
      createServer((incoming, response) => {
        if (incoming.url === '/3') response.setHeader('connection', 'close');
        setTimeout(() => response.end(`<${incoming.url}>`), incoming.url === '/1' ? 20 : 0);
      }),
    );
    const requests = [1, 2, 3].map(number => `GET /${number} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const answer = await rawly(portOf(service), requests.join(''));
    expect(answer.match(/<[^>]+>/g)).to.deep.equal(['</1>', '</2>', '</3>']);
  });

  it('receives an upload of 100 MB', async () => {
    const service = await serving(
      createServer((incoming, response) => {
        const hash = createHash('sha256');
        void pipeline(incoming, hash).then(() => response.end(hash.digest('hex')));
      }),
    );
    const piece = randomBytes(1_000_000);
    const expected = createHash('sha256');
    const upload = request({ host: '127.0.0.1', port: portOf(service), method: 'POST', agent: false });
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    await pipeline(
      Readable.from(
        (function* () {
          for (let index = 0; index < 100; index++) {
            expected.update(piece);
            yield piece;
          }
        })(),
      ),
      upload,
    );
    expect(await text((await answered)[0])).to.equal(expected.digest('hex'));
  });

  it('tells a handler of a client that goes away', async () => {
    const aborted = settling<void>();
    const service = await serving(
      createServer((_incoming, response) => {
        response.write('x'.repeat(1000));
        response.on('close', () => aborted.resolve());
      }),
    );
    const client = get({ host: '127.0.0.1', port: portOf(service), agent: false });
    await once(client, 'response');
    client.on('error', () => {}).destroy();
    await aborted.promise;
  });

  it('upgrades', async () => {
    const server = createServer();
    server.on('upgrade', (_incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.write(head);
      socket.pipe(socket);
    });
    const service = await serving(server);
    const headers = { connection: 'Upgrade', upgrade: 'echo' };
    const client = request({ host: '127.0.0.1', port: portOf(service), headers }).end();
    const [, socket] = (await once(client, 'upgrade')) as [IncomingMessage, Socket];
    socket.end('after the upgrade');
    expect(await text(socket)).to.equal('after the upgrade');
  });

  it("asks for 'checkContinue'", async () => {
    const server = createServer();
    server.on('checkContinue', (incoming: IncomingMessage, response) => {
      response.writeContinue();
      void text(incoming).then(body => response.end(body.toUpperCase()));
    });
    const service = await serving(server);
    const headers = { expect: '100-continue' };
    const client = request({ host: '127.0.0.1', port: portOf(service), method: 'POST', headers, agent: false });
    client.flushHeaders();
    await once(client, 'continue');
    client.end('body');
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    expect(await text(response)).to.equal('BODY');
  });

  it('keeps maxConnections, and tells of those that it drops', async () => {
    const server = createServer((_incoming, response) => void response.write('x'));
    server.maxConnections = 1;
    const service = await serving(server);
    const first = get({ host: '127.0.0.1', port: portOf(service), agent: false }).on('error', () => {});
    await once(first, 'response');
    const dropped = once(server, 'drop');
    const second = get({ host: '127.0.0.1', port: portOf(service), agent: false });
    const failed = once(second, 'error');
    const [ends] = (await dropped) as [{ remoteFamily: string }];
    expect(ends).to.include({ remoteFamily: 'IPv4', localPort: portOf(service) });
    await failed;
    expect(await new Promise(resolve => server.getConnections((_error, count) => resolve(count)))).to.equal(1);
    first.destroy();
  });

  it('looks after the timeouts of the server', async () => {
    const server = createServer({ headersTimeout: 50, requestTimeout: 50, connectionsCheckingInterval: 20 }, hello);
    const service = await serving(server);
    expect(await rawly(portOf(service), 'GET / HTTP/1.1\r\n')).to.match(/^HTTP\/1.1 408 /);
  });

  it('close() ends idle connections, lets requests be answered, and closes the listener', async () => {
    const asked = settling<void>();
    const answer = settling<void>();
    const server = createServer((incoming, response) => {
      if (incoming.url === '/fast') return void response.end('fast');
      asked.resolve();
      void answer.promise.then(() => response.end('slow'));
    });
    const service = await serving(server);
    const agent = new Agent({ keepAlive: true });
    expect(await fetchText(portOf(service), '/fast', agent)).to.equal('fast');
    const slow = fetchText(portOf(service), '/slow');
    await asked.promise;
    let isClosed = false;
    const closed = service.close().then(() => (isClosed = true));
    await turns(10);
    expect([isClosed, server.listening, service.listener!.isClosed]).to.deep.equal([false, false, true]);
    answer.resolve();
    expect(await slow).to.equal('slow');
    await closed;
    agent.destroy();
  });

  it('server.close() does the same, and one who comes later is closed', async () => {
    const server = createServer(hello);
    const service = await serving(server);
    await new Promise<void>((resolve, reject) => server.close(error => (error ? reject(error) : resolve())));
    expect(service.listener!.isClosed).to.equal(true);
  });

  it('takes connections from elsewhere, with what was received of them', async () => {
    const service = serveHttp(createServer(hello));
    atEnd(() => void service.close());
    const elsewhere = await listen({ host: '127.0.0.1' });
    atEnd(() => void elsewhere.close());
    elsewhere.onConnection = connection => {
      void connection.read().then(chunk => {
        // As one that was moved here with what its thread had read.
        connection.unread(chunk!);
        service.accept(connection);
      });
    };
    expect(await rawly(elsewhere.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).to.match(/hello\n$/);
  });

  it('serves https and http2', async () => {
    const https = createHttpsServer({ key, cert }, hello);
    const service = await serving(https);
    const options = { host: '127.0.0.1', port: portOf(service), rejectUnauthorized: false, agent: false as const };
    const [response] = (await once(getHttps(options), 'response')) as [IncomingMessage];
    expect(await text(response)).to.equal('hello\n');

    const server2 = createSecureServer({ key, cert }, (_incoming, answer) => void answer.end('hello 2\n'));
    const service2 = serveHttp(server2, await listen({ host: '127.0.0.1' }));
    const session = connectHttp2(`https://127.0.0.1:${portOf(service2)}`, { rejectUnauthorized: false });
    expect(await text(session.request({ ':path': '/' }))).to.equal('hello 2\n');
    session.close();
    await service2.close();
  });

  it('refuses what it can not serve', async () => {
    const listener = await listen({ host: '127.0.0.1' });
    atEnd(() => void listener.close());
    expect(() => serveHttp({} as Server, listener)).to.throw(TypeError, 'server: Object');
    expect(() => serveHttp(createServer(), {} as Listener)).to.throw(
      TypeError,
      'listener: Object; allowed: a Listener',
    );
    listener.onConnection = () => {};
    expect(() => serveHttp(createServer(), listener)).to.throw(Error, 'onConnection');
    listener.onConnection = undefined;
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect((server.address() as AddressInfo).port).to.be.above(0);
    expect(() => serveHttp(server, listener)).to.throw(Error, 'listens already');
    server.close();
    await once(server, 'close');
  });
});
