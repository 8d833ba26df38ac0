import { expect } from 'chai';
import { once } from 'node:events';
import { open as openNode } from 'node:fs/promises';
import { Agent, createServer, get, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, get as getHttps } from 'node:https';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { connect as connectNode, type AddressInfo, type Server, type Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { createGzip, gunzipSync } from 'node:zlib';
import { sendFile, serveHttp, type ResponseFileOptions } from '../../src/node.js';
import {
  currentReactor,
  listen,
  open,
  type IoError,
  type TransferAccount,
  type TransferFailure,
} from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { cert, key } from '../support/certificate.js';
import { patternBytes, TestFiles } from '../support/files.js';
import { atEnd, destroyTracked, turns } from '../support/sockets.js';

const BIG_BYTES = 20_000_000;

describe('sendFile of a response', () => {
  after(() => currentReactor().close());
  const files = new TestFiles();
  afterEach(destroyTracked);

  /** A server of Node's own, without a listener of Pollux. @returns its port. */
  async function serving(handler: RequestListener, server: Server = createServer(handler)): Promise<number> {
    server.listen(0, '127.0.0.1');
    atEnd(() => {
      (server as unknown as { closeAllConnections?(): void }).closeAllConnections?.();
      server.close();
    });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Serves a file, and tells what became of it. */
  async function servingFile(path: string, options?: ResponseFileOptions) {
    const sent = settling<TransferAccount>();
    const port = await serving(
      (_request, response) => void sendFile(response, path, options).then(sent.resolve, sent.reject),
    );
    return { port, sent: sent.promise };
  }

  async function fetched(port: number, options: object = {}): Promise<{ response: IncomingMessage; body: Buffer }> {
    const [response] = (await once(get({ host: '127.0.0.1', port, agent: false, ...options }), 'response')) as [
      IncomingMessage,
    ];
    return { response, body: await buffer(response) };
  }

  for (const lengthBytes of [0, 1, 65_536, BIG_BYTES]) {
    it(`sends ${lengthBytes} bytes by sendfile`, async () => {
      const { path } = files.pattern(lengthBytes);
      const { port, sent } = await servingFile(path);
      const { response, body } = await fetched(port);
      expect(response.headers['content-length']).to.equal(String(lengthBytes));
      expect(body.equals(patternBytes(0, lengthBytes))).to.equal(true);
      const account = await sent;
      expect([account.path, account.fallback, account.bytes]).to.deep.equal([
        lengthBytes === 0 ? 'none' : 'sendfile',
        undefined,
        lengthBytes,
      ]);
    });
  }

  for (const [path, chunked] of [
    ['sendfile', false],
    ['buffers', true],
  ] as const) {
    it(`by ${path}, what else is written into the body meanwhile is refused, and an end comes in its place`, async () => {
      const sent = settling<TransferAccount>();
      const refused: (string | undefined)[] = [];
      const file = files.pattern(BIG_BYTES).path;
      const port = await serving((_request, response) => {
        if (chunked) response.setHeader('transfer-encoding', 'chunked');
        sendFile(response, file).then(sent.resolve, sent.reject);
        // Once the file is open.
        const meddle = (): void => {
          if (!response.headersSent) return void setImmediate(meddle);
          for (const call of [() => response.write('extra'), () => response.end('extra')]) {
            try {
              call();
            } catch (error) {
              refused.push((error as IoError).code);
            }
          }
          response.end();
        };
        meddle();
      });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      atEnd(() => agent.destroy());
      const { body } = await fetched(port, { agent });
      expect(body.equals(patternBytes(0, BIG_BYTES))).to.equal(true);
      expect((await sent.promise).path).to.equal(path);
      expect(refused).to.deep.equal(['EBUSY', 'EBUSY']);
    });
  }

  it('sends on a listener of Pollux, from a file that is open, and leaves it open', async () => {
    const file = await open(files.pattern(100_000).path);
    const server = createServer((_request, response) => void sendFile(response, file));
    const service = serveHttp(server, await listen({ host: '127.0.0.1' }));
    for (let round = 0; round < 3; round++) {
      const { body } = await fetched(service.listener!.port);
      expect(body.equals(patternBytes(0, 100_000))).to.equal(true);
    }
    await file.close();
    await service.close();
  });

  it('sends from a handle of node:fs', async () => {
    const handle = await openNode(files.pattern(1000).path);
    const port = await serving((_request, response) => void sendFile(response, handle));
    expect((await fetched(port)).body).to.have.lengthOf(1000);
    await handle.close();
  });

  it('a part of it, with what the caller answers for a range', async () => {
    const { path } = files.pattern(1_000_000);
    const port = await serving((_request, response) => {
      response.writeHead(206, { 'content-range': 'bytes 1000-500999/1000000', 'content-length': 500_000 });
      void sendFile(response, path, { offset: 1000, length: 500_000 });
    });
    const { response, body } = await fetched(port);
    expect(response.statusCode).to.equal(206);
    expect(body.equals(patternBytes(1000, 500_000))).to.equal(true);
  });

  it('the head only, after HEAD and for 304', async () => {
    const { path } = files.pattern(1000);
    const { port, sent } = await servingFile(path);
    const head = await fetched(port, { method: 'HEAD' });
    expect([head.response.headers['content-length'], head.body.length]).to.deep.equal(['1000', 0]);
    expect((await sent).path).to.equal('none');
  });

  it('keeps the connection alive, with other answers between files', async () => {
    const { path } = files.pattern(300_000);
    const clients = new Set<number | undefined>();
    const port = await serving((request, response) => {
      clients.add(request.socket.remotePort);
      if (request.url === '/file') void sendFile(response, path);
      else response.end('text');
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let round = 0; round < 10; round++) {
      const isFile = round % 3 > 0;
      const { body } = await fetched(port, { agent, path: isFile ? '/file' : '/text' });
      expect(body.equals(isFile ? patternBytes(0, 300_000) : Buffer.from('text'))).to.equal(true);
    }
    expect(clients.size).to.equal(1);
    agent.destroy();
  });

  it('sends a head of more than its own memory for one takes, and one of Latin-1', async () => {
    const { path } = files.pattern(1000);
    const long = 'ä'.repeat(20_000);
    const port = await serving((request, response) => {
      response.setHeader('x-text', request.url === '/long' ? long : 'äöü');
      void sendFile(response, path);
    });
    for (const url of ['/short', '/long', '/short']) {
      const { response, body } = await fetched(port, { path: url, maxHeaderSize: 100_000 });
      expect(response.headers['x-text']).to.equal(url === '/long' ? long : 'äöü');
      expect(body.equals(patternBytes(0, 1000))).to.equal(true);
    }
  });

  it('answers of pipelined requests stay in order', async () => {
    const { path } = files.pattern(2_000_000);
    const port = await serving((request, response) => {
      if (request.url === '/last') response.setHeader('connection', 'close');
      if (request.url === '/file') void sendFile(response, path);
      else setTimeout(() => response.end(`<${request.url}>`), request.url === '/slow' ? 20 : 0);
    });
    const urls = ['/slow', '/file', '/a', '/file', '/file', '/last'];
    const socket = connectNode(port, '127.0.0.1');
    socket.write(urls.map(url => `GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    let rest = await buffer(socket);
    for (const url of urls) {
      const headEnd = rest.indexOf('\r\n\r\n') + 4;
      const head = rest.subarray(0, headEnd).toString();
      const lengthBytes = Number(/content-length: (\d+)/i.exec(head)![1]);
      const body = rest.subarray(headEnd, headEnd + lengthBytes);
      const expected = url === '/file' ? patternBytes(0, 2_000_000) : Buffer.from(`<${url}>`);
      expect(body.equals(expected), url).to.equal(true);
      rest = rest.subarray(headEnd + lengthBytes);
    }
    expect(rest).to.have.lengthOf(0);
  });

  it('follows what was written of the body before', async () => {
    const { path } = files.pattern(1_000_000);
    const port = await serving((_request, response) => {
      response.setHeader('content-length', 2_000_000);
      response.write('x'.repeat(1_000_000));
      void sendFile(response, path);
    });
    const { body } = await fetched(port);
    expect(body.subarray(0, 1_000_000).equals(Buffer.alloc(1_000_000, 'x'))).to.equal(true);
    expect(body.subarray(1_000_000).equals(patternBytes(0, 1_000_000))).to.equal(true);
  });

  it('strictContentLength does not miss what the kernel sent', async () => {
    const { path } = files.pattern(1000);
    const port = await serving((_request, response) => {
      response.strictContentLength = true;
      void sendFile(response, path);
    });
    expect((await fetched(port)).body).to.have.lengthOf(1000);
  });

  it('a client that goes away ends the transfer, and its descriptor is touched no more', async () => {
    const { path } = files.sparse(2 ** 32);
    const sent = settling<unknown>();
    const port = await serving((_request, response) => void sendFile(response, path).catch(sent.resolve));
    const socket = connectNode(port, '127.0.0.1').on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    while (socket.bytesRead < 1_000_000) await once(socket, 'data');
    socket.resetAndDestroy();
    const failure = (await sent.promise) as TransferFailure & IoError;
    expect(failure.code).to.be.oneOf(['ECONNRESET', 'EPIPE']);
    expect(failure.transfer!.bytes).to.be.within(1, 2 ** 31);
  });

  it('the server may destroy the socket meanwhile', async () => {
    const { path } = files.sparse(2 ** 32);
    const sent = settling<IoError>();
    const port = await serving((_request, response) => {
      void sendFile(response, path).catch(sent.resolve);
      setTimeout(() => response.socket?.destroy(), 20);
    });
    const socket = connectNode(port, '127.0.0.1').on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await sent.promise).code).to.equal('ECONNRESET');
    socket.destroy();
  });

  it('a signal ends it', async () => {
    const { path } = files.sparse(2 ** 32);
    const aborting = new AbortController();
    const { port, sent } = await servingFile(path, { signal: aborting.signal });
    const socket = connectNode(port, '127.0.0.1').on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    aborting.abort(new Error('enough'));
    expect(await sent.catch((error: Error) => error.message)).to.equal('enough');
    socket.destroy();
  });

  it('a connection that sends is not idle, however long that takes', async () => {
    const { path } = files.sparse(2 ** 32);
    const timeoutMs = 500;
    let hasTimedOut = false;
    const port = await serving((_request, response) => {
      response.socket!.setTimeout(timeoutMs, () => (hasTimedOut = true));
      void sendFile(response, path).catch(() => {});
    });
    const socket = connectNode({ port, host: '127.0.0.1' }).on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const begunMs = performance.now();
    while (performance.now() - begunMs < 3 * timeoutMs) await once(socket, 'data');
    expect(hasTimedOut).to.equal(false);
    socket.destroy();
  });

  it('what can not be sent is told before anything is', async () => {
    const { path } = files.pattern(1000);
    const failures: string[] = [];
    const port = await serving((request, response) => {
      const [name, options] =
        request.url === '/range' ? [path, { offset: 500, length: 501 }] : [files.path('none'), {}];
      sendFile(response, name, options).catch((error: Error) => {
        failures.push(error.message);
        response.writeHead(404).end('none');
      });
    });
    for (const url of ['/missing', '/range']) {
      const { response, body } = await fetched(port, { path: url });
      expect([response.statusCode, body.toString()]).to.deep.equal([404, 'none']);
    }
    expect(failures[0]).to.contain('ENOENT');
    expect(failures[1]).to.contain('length: 501 from 500; allowed: up to the end of the file');
    expect(() => currentReactor()).not.to.throw();
  });

  it('refuses what is no response, and one that was ended', async () => {
    expect(await sendFile({} as ServerResponse, 'x').catch((error: Error) => error.message)).to.contain(
      'response: Object',
    );
    const ended = settling<string>();
    const port = await serving((_request, response) => {
      response.end();
      sendFile(response, 'x').catch((error: Error) => ended.resolve(error.message));
    });
    await fetched(port);
    expect(await ended.promise).to.contain('the response was ended');
  });

  describe('by buffers', () => {
    it('over TLS', async () => {
      const { path } = files.pattern(300_000);
      const sent = settling<TransferAccount>();
      const handler: RequestListener = (_request, response) => void sendFile(response, path).then(sent.resolve);
      const port = await serving(handler, createHttpsServer({ key, cert }, handler));
      const [response] = (await once(
        getHttps({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false }),
        'response',
      )) as [IncomingMessage];
      expect((await buffer(response)).equals(patternBytes(0, 300_000))).to.equal(true);
      const { path: way, fallback, bytes } = await sent.promise;
      expect([way, fallback, bytes]).to.deep.equal(['buffers', 'the connection is of TLS', 300_000]);
    });

    it('over HTTP/2', async () => {
      const { path } = files.pattern(300_000);
      const sent = settling<TransferAccount>();
      const server = createSecureServer({ key, cert }, (_request, response) => {
        void sendFile(response, path, { offset: 10 }).then(sent.resolve);
      });
      const port = await serving(() => {}, server);
      const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
      const body = await buffer(session.request({ ':path': '/' }));
      expect(body.equals(patternBytes(10, 299_990))).to.equal(true);
      session.close();
      expect((await sent.promise).fallback).to.contain('not of HTTP/1');
    });

    it('through middleware that replaces write, as compression does', async () => {
      const { path } = files.pattern(300_000);
      const sent = settling<TransferAccount>();
      const port = await serving((_request, response) => {
        const gzip = createGzip();
        const [write, end] = [response.write.bind(response), response.end.bind(response)];
        response.setHeader('content-encoding', 'gzip');
        response.removeHeader('content-length');
        response.setHeader('transfer-encoding', 'chunked');
        gzip.on('data', (chunk: Buffer) => write(chunk)).on('end', () => end());
        gzip.on('drain', () => response.emit('drain'));
        response.write = ((chunk: Buffer) => gzip.write(chunk)) as typeof response.write;
        response.end = (() => (gzip.end(), response)) as typeof response.end;
        void sendFile(response, path).then(sent.resolve);
      });
      const { body } = await fetched(port);
      expect(gunzipSync(body).equals(patternBytes(0, 300_000))).to.equal(true);
      expect((await sent.promise).fallback).to.contain('response.write was replaced');
    });

    it('in chunks, where that was asked for', async () => {
      const { path } = files.pattern(1000);
      const sent = settling<TransferAccount>();
      const port = await serving((_request, response) => {
        response.setHeader('transfer-encoding', 'chunked');
        void sendFile(response, path).then(sent.resolve);
      });
      expect((await fetched(port)).body).to.have.lengthOf(1000);
      expect((await sent.promise).fallback).to.contain('in chunks');
    });
  });

  it('leaves nothing in the reactor', async () => {
    const { path } = files.pattern(1000);
    const { port, sent } = await servingFile(path);
    expect(
      await text((await once(get({ host: '127.0.0.1', port, agent: false }), 'response'))[0] as Socket),
    ).to.have.lengthOf.above(0);
    await sent;
    await turns();
    expect(currentReactor().isUnused).to.equal(true);
  });
});
