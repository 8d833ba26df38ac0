import { expect } from 'chai';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { type Connection, currentReactor, encodeLine, lines } from '../../src/index.js';
import { secure } from '../../src/node.js';
import { settling } from '../../src/api/settling.js';
import { cert, key } from '../support/certificate.js';
import { checkNoDescriptorIsLeft, clientTls, serverTls, trackSecure } from '../support/secure-pair.js';
import { listening, rejection, tcpPair, track, turns } from '../support/sockets.js';

/** Whether the system has a program; the test says that it is skipped where it has not. */
function has(program: string, argument: string): boolean {
  const isThere = spawnSync(program, [argument]).status === 0;
  if (!isThere) console.log(`    skipped: ${program} is not installed`);
  return isThere;
}

const run = promisify(execFile);

describe('secure, with clients of others', () => {
  after(() => currentReactor().close());
  checkNoDescriptorIsLeft();

  /** A server of lines. @returns its port, and the names that clients asked for. */
  async function servingLines(answer: (line: string) => string) {
    const names: (string | undefined)[] = [];
    const serve = async (connection: Connection): Promise<void> => {
      const secured = trackSecure(await secure(connection, { role: 'server', tls: serverTls }));
      names.push(secured.servername);
      for await (const line of lines(secured)) secured.send(encodeLine(answer(line)));
      await secured.close();
    };
    const listener = await listening({ host: '127.0.0.1', onConnection: connection => void serve(connection) });
    return { port: listener.port, names };
  }

  for (const version of ['-tls1_2', '-tls1_3']) {
    it(`openssl s_client ${version}`, async function () {
      if (!has('openssl', 'version')) return this.skip();
      const { port, names } = await servingLines(line => line.toUpperCase());
      const parameters = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-quiet', version];
      const client = spawn('openssl', parameters, { stdio: ['pipe', 'pipe', 'ignore'] });
      client.stdin.write('hello\n');
      const [answer] = (await once(client.stdout, 'data')) as [Buffer];
      expect(answer.toString()).to.equal('HELLO\n');
      client.kill();
      await once(client, 'exit');
      expect(names).to.deep.equal(['localhost']);
    });
  }

  it('curl', async function () {
    if (!has('curl', '--version')) return this.skip();
    const listener = await listening({
      host: '127.0.0.1',
      onConnection: connection => {
        void secure(connection, { role: 'server', tls: serverTls }).then(secured => {
          trackSecure(secured);
          secured.onData = () => {
            secured.onData = undefined;
            secured.send('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello');
            secured.close().catch(() => {});
          };
        });
      },
    });
    const parameters = ['--insecure', '--silent', '--max-time', '10', `https://127.0.0.1:${listener.port}/`];
    expect((await run('curl', parameters)).stdout).to.equal('hello');
  });

  it('SNICallback chooses the certificate, and refuses names', async () => {
    const asked: string[] = [];
    const tls = {
      SNICallback: (
        name: string,
        done: (error: Error | null, context?: ReturnType<typeof createSecureContext>) => void,
      ) => {
        asked.push(name);
        if (name === 'localhost') done(null, createSecureContext({ key, cert }));
        else done(new Error(`no certificate for ${name}`));
      },
    };
    const shake = async (servername: string) => {
      const { client, server } = await tcpPair();
      return Promise.allSettled([
        secure(server, { role: 'server', tls }).then(trackSecure),
        secure(client, { role: 'client', tls: { ...clientTls, servername } }).then(trackSecure),
      ]);
    };
    const known = await shake('localhost');
    expect(known.map(({ status }) => status)).to.deep.equal(['fulfilled', 'fulfilled']);
    const unknown = await shake('other.test');
    expect(unknown.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(asked).to.deep.equal(['localhost', 'other.test']);
  });

  describe('a hello', () => {
    let hello: Uint8Array;
    before(async () => {
      const { client, server } = await tcpPair();
      const shaking = secure(client, { role: 'client', tls: clientTls }).catch(() => {});
      hello = (await server.read())!.toBytes();
      server.destroy();
      await shaking;
    });

    it('that is cut anywhere is ECONNRESET', async () => {
      for (let cut = 0; cut < hello.length; cut += 23) {
        const { client, server } = await tcpPair();
        const shaking = rejection(secure(server, { role: 'server', tls: serverTls }));
        client.end(hello.subarray(0, cut));
        expect((await shaking).code, `after ${cut} bytes`).to.equal('ECONNRESET');
        client.destroy();
      }
    });

    it('that was read ahead in part, and split anywhere, is answered', async () => {
      for (let cut = 1; cut < hello.length; cut += 61) {
        const { client, server } = await tcpPair();
        client.send(hello.subarray(0, cut));
        const first = (await server.read())!;
        server.unread(first);
        const shaking = secure(server, { role: 'server', tls: serverTls }).then(trackSecure, () => {});
        await turns(1);
        client.send(hello.subarray(cut));
        const answer = await client.read();
        // A record of a handshake.
        expect(answer?.byteAt(0), `split after ${cut} bytes`).to.equal(22);
        client.destroy();
        await shaking;
      }
    });

    it('that is changed anywhere ends with EPROTO or ECONNRESET, or is still a hello', async () => {
      for (let at = 0; at < 120; at += 7) {
        const { client, server } = await tcpPair();
        const changed = Uint8Array.from(hello);
        changed[at] ^= 0xff;
        const answered = settling<void>();
        const shaking = secure(server, { role: 'server', tls: serverTls }).then(
          trackSecure,
          (error: { code: string }) => error.code,
        );
        track(client).onData = () => answered.resolve();
        client.onEnd = () => answered.resolve();
        client.onClose = () => answered.resolve();
        client.send(changed);
        client.end();
        await answered.promise;
        expect(await shaking).to.be.oneOf(['EPROTO', 'ECONNRESET']);
        client.destroy();
      }
    });
  });
});
