import { expect } from 'chai';
import { once } from 'node:events';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { type Connection, currentReactor, encodeLine, fixed, lines } from '../../src/index.js';
import { connectSecure, secure } from '../../src/node.js';
import { settling } from '../../src/api/settling.js';
import { cert, key } from '../support/certificate.js';
import { checkNoDescriptorIsLeft, clientTls, securePair, serverTls, trackSecure } from '../support/secure-pair.js';
import { atEnd, destroyTracked, listening, rejection, tcpPair, turns } from '../support/sockets.js';

describe('secure and connectSecure', () => {
  after(() => currentReactor().close());
  checkNoDescriptorIsLeft();

  function trackNode(socket: TLSSocket): TLSSocket {
    atEnd(() => socket.destroy());
    return socket.on('error', () => {});
  }

  async function textOf(connection: AsyncIterable<{ toString(): string }>): Promise<string> {
    let text = '';
    for await (const chunk of connection) text += chunk.toString();
    return text;
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`${version}: bytes both ways, half-close, and what TLS knows`, async () => {
      const protocols = { ALPNProtocols: ['pollux'], minVersion: version, maxVersion: version };
      const { serving, asking } = await securePair(protocols, { ALPNProtocols: ['other', 'pollux'] });
      expect(serving.protocol).to.equal(version);
      expect([serving.alpnProtocol, asking.alpnProtocol]).to.deep.equal(['pollux', 'pollux']);
      expect(serving.servername).to.equal('localhost');
      expect([asking.authorized, serving.authorized]).to.deep.equal([true, false]);
      expect(asking.getPeerCertificate()?.subject).to.equal('CN=localhost');
      asking.end('question');
      expect(await textOf(serving)).to.equal('question');
      serving.end('answer');
      expect(await textOf(asking)).to.equal('answer');
      await Promise.all([serving.closed, asking.closed]);
      expect([asking.bytesReceived, asking.bytesSent]).to.deep.equal([6, 8]);
    });
  }

  it('serves clients of Node, and asks servers of Node', async () => {
    const listener = await listening();
    listener.onConnection = connection => void serveLines(connection);
    const serveLines = async (connection: Connection): Promise<void> => {
      const secured = trackSecure(await secure(connection, { role: 'server', tls: serverTls }));
      for await (const line of lines(secured)) await secured.write(encodeLine(line.toUpperCase()));
      await secured.close();
    };
    const options = { port: listener.port, host: '127.0.0.1', servername: 'localhost', ca: cert };
    const client = trackNode(connectTls(options));
    client.end('hello\nworld');
    let text = '';
    for await (const chunk of client.setEncoding('utf8')) text += chunk as string;
    expect(text).to.equal('HELLO\nWORLD\n');

    const server = createServer(serverTls, socket => socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const asking = await connectSecure({ host: '127.0.0.1', port, tls: clientTls });
    trackSecure(asking).end('echo');
    expect(await textOf(asking)).to.equal('echo');
    server.close();
  });

  it('STARTTLS: the connection speaks plainly first, and bytes that were read ahead belong to the handshake', async () => {
    const { client, server } = await tcpPair();
    const serving = (async () => {
      expect(await lines(server).read()).to.equal('STARTTLS');
      server.send('go on\n');
      return secure(server, { role: 'server', tls: serverTls });
    })();
    client.send('STARTTLS\n');
    expect(await lines(client).read()).to.equal('go on');
    const asking = trackSecure(await secure(client, { role: 'client', tls: clientTls }));
    const secured = trackSecure(await serving);
    asking.send('secret');
    expect((await fixed(secured, 6).read())?.toString()).to.equal('secret');
  });

  it('a hello may arrive byte by byte', async () => {
    const { client, server } = await tcpPair();
    const relay = await tcpPair();
    relay.server.onData = chunk =>
      void (async bytes => {
        for (const byte of bytes) {
          client.send(Uint8Array.of(byte));
          await turns(1);
        }
      })(chunk.toBytes());
    client.onData = chunk => relay.server.send(chunk);
    const [serving] = await Promise.all([
      secure(server, { role: 'server', tls: serverTls }),
      secure(relay.client, { role: 'client', tls: clientTls }).then(trackSecure),
    ]);
    expect(trackSecure(serving).protocol).to.equal('TLSv1.3');
  });

  it('carries 8 MiB with back-pressure, to the callback and to the byte', async () => {
    const { serving, asking } = await securePair();
    const { promise, resolve } = settling<void>();
    const sent = Buffer.alloc(8 * 1024 * 1024, 'pollux is a backend');
    const got: Uint8Array[] = [];
    serving.onData = chunk => got.push(chunk.toBytes());
    serving.onEnd = resolve;
    for (let at = 0; at < sent.length; at += 100_000) await asking.write(sent.subarray(at, at + 100_000));
    asking.end();
    await promise;
    expect(Buffer.concat(got).equals(sent)).to.equal(true);
  });

  it('asks for certificates of clients, and resumes sessions', async () => {
    const asked = { requestCert: true, ca: cert };
    const known = await securePair(asked, { key: key, cert: cert });
    expect(known.serving.authorized).to.equal(true);
    const pair = await tcpPair();
    const both = await Promise.allSettled([
      secure(pair.server, { role: 'server', tls: { ...serverTls, ...asked } }),
      secure(pair.client, { role: 'client', tls: { servername: 'localhost', ca: cert, maxVersion: 'TLSv1.2' } }),
    ]);
    expect(both.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);

    const first = await tcpPair();
    const session = settling<Buffer>();
    const side = { servername: 'localhost', ca: cert };
    const [serving, asking] = await Promise.all([
      secure(first.server, { role: 'server', tls: serverTls }).then(trackSecure),
      secure(first.client, { role: 'client', tls: side }).then(trackSecure),
    ]);
    asking.tlsSocket.on('session', session.resolve);
    asking.onData = () => {};
    serving.send('x');
    const second = await tcpPair();
    const [, again] = await Promise.all([
      secure(second.server, { role: 'server', tls: serverTls }).then(trackSecure),
      secure(second.client, { role: 'client', tls: { ...side, session: await session.promise } }).then(trackSecure),
    ]);
    expect(again.tlsSocket.isSessionReused()).to.equal(true);
  });

  it('a certificate that is not known, or of another name, is EPROTO, and nothing is left', async () => {
    for (const side of [{ servername: 'localhost' }, { servername: 'other.test', ca: cert }]) {
      const { client, server } = await tcpPair();
      const serving = secure(server, { role: 'server', tls: serverTls }).then(trackSecure, () => {});
      const failure = await rejection(secure(client, { role: 'client', tls: side }));
      expect(failure.code).to.equal('EPROTO');
      expect(failure.message).to.match(/SELF_SIGNED|ALTNAME/);
      await serving;
      destroyTracked();
    }
  });

  it('a client that speaks plainly is EPROTO, one that goes is ECONNRESET, and one that is silent ETIMEDOUT', async () => {
    const codeOf = async (act: (client: Connection) => void, handshakeTimeoutMs?: number) => {
      const { client, server } = await tcpPair();
      act(client);
      return (await rejection(secure(server, { role: 'server', tls: serverTls, handshakeTimeoutMs }))).code;
    };
    expect(await codeOf(client => client.send('GET / HTTP/1.0\r\n\r\n'))).to.equal('EPROTO');
    expect(await codeOf(client => client.destroy())).to.equal('ECONNRESET');
    expect(await codeOf(client => client.reset())).to.equal('ECONNRESET');
    expect(await codeOf(() => {}, 30)).to.equal('ETIMEDOUT');
    const { server } = await tcpPair();
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = rejection(secure(server, { role: 'server', tls: serverTls, signal: controller.signal }));
    controller.abort(reason);
    expect(await waiting).to.equal(reason);
  });

  it('a server that is none is EPROTO for the client', async () => {
    const { client, server } = await tcpPair();
    server.send('220 ready\r\n');
    expect((await rejection(secure(client, { role: 'client' }))).code).to.equal('EPROTO');
  });

  it('is closed in order, and tells what it broke with', async () => {
    const { serving, asking } = await securePair();
    const told = settling<Error | undefined>();
    serving.onClose = told.resolve;
    serving.onData = () => {};
    await asking.close();
    expect(await told.promise).to.equal(undefined);
    expect(() => asking.send('late')).to.throw(Error, 'EPIPE');

    const other = await securePair();
    const reading = other.serving.read();
    other.serving.destroy(new Error('of mine'));
    expect((await rejection(reading)).message).to.equal('of mine');
    expect((await rejection(other.serving.closed)).message).to.equal('of mine');
  });

  it('refuses what makes no sense, and leaves the connection as it was', async () => {
    const { client, server } = await tcpPair();
    expect((await rejection(secure(client, { role: 'both' } as never))).message).to.include("role: 'both'");
    expect((await rejection(secure(client, { role: 'server' } as never))).message).to.include('tls: undefined');
    client.end('still there');
    expect((await server.read())?.toString()).to.equal('still there');
  });
});
