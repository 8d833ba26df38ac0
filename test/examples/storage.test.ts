import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Example } from './example.js';

const host = '127.0.0.1';

/** Content that shows where it comes from. */
function contentOf(name: string, lengthBytes: number): Buffer {
  return Buffer.alloc(lengthBytes, `${name} `);
}

describe('the storage example', () => {
  let folder: string;
  let example: Example;
  let port: number;
  let agent: Agent;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-'));
    example = new Example('storage', folder, '0');
    port = await example.port();
    agent = new Agent({ keepAlive: true, maxSockets: 4 });
  });

  afterEach(() => {
    agent.destroy();
    example.kill();
    rmSync(folder, { recursive: true });
  });

  async function stop(): Promise<void> {
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  }

  function ask(method: string, name: string, body?: Buffer): Promise<{ status: number; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-length': body?.length ?? 0 };
      const asked = request({ host, port, agent, method, path: `/${name}`, headers }, response => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(parts) }));
      });
      asked.on('error', reject).end(body);
    });
  }

  it('keeps files of all sizes, over few connections that are used again and again', async () => {
    const sizes = [0, 1, 100, 70_000, 1_000_000];
    const keep = async (_: unknown, number: number) => {
      const content = contentOf(`file ${number}`, sizes[number % sizes.length]);
      expect((await ask('PUT', `file-${number}`, content)).status).to.equal(201);
      const { status, body } = await ask('GET', `file-${number}`);
      expect({ status, same: body.equals(content) }).to.deep.equal({ status: 200, same: true });
    };
    await Promise.all(Array.from({ length: 60 }, keep));
    expect(readdirSync(folder)).to.have.length(60);
    await stop();
  });

  it('answers requests that come in one piece, and in pieces of a byte, in their order', async () => {
    await ask('PUT', 'a', Buffer.from('[a]'));
    await ask('PUT', 'b', Buffer.from('[b]'));
    const get = (name: string) => `GET /${name} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const put = 'PUT /c HTTP/1.1\r\nContent-Length: 3\r\n\r\n[c]';
    const last = 'GET /c HTTP/1.1\r\nConnection: close\r\n\r\n';
    const text = (get('a') + get('b')).repeat(20) + put + last;
    const whole = new Client({ host, port });
    await whole.send(text).closed;
    const bytewise = connect({ host, port, noDelay: true });
    let received = '';
    bytewise.setEncoding('latin1').on('data', (piece: string) => (received += piece));
    const closed = new Promise(resolve => bytewise.on('close', resolve));
    for (const character of get('a') + get('b') + put + last) {
      await new Promise(resolve => bytewise.write(character, resolve));
    }
    await closed;
    const bodies = (answers: string) => answers.match(/\[.\]/g)!.join('');
    expect(bodies(whole.received)).to.equal(`${'[a][b]'.repeat(20)}[c]`);
    expect(bodies(received)).to.equal('[a][b][c]');
    await stop();
  });

  it('refuses what it does not understand or have, and keeps nothing of a file whose client left', async () => {
    const status = async (text: string) => {
      const client = new Client({ host, port });
      await client.send(text).closed;
      return client.received.split('\r\n')[0];
    };
    for (const path of ['/../etc/passwd', '/.hidden', '/a/b', '/', '/%2e']) {
      expect(await status(`GET ${path} HTTP/1.1\r\n\r\n`), path).to.equal('HTTP/1.1 400 Bad Request');
    }
    for (const field of ['Content-Length: x', 'Content-Length: -1', 'Transfer-Encoding: chunked']) {
      expect(await status(`PUT /a HTTP/1.1\r\n${field}\r\n\r\n`), field).to.equal('HTTP/1.1 400 Bad Request');
    }
    expect((await ask('GET', 'nothing')).status).to.equal(404);
    const leaving = new Client({ host, port });
    await leaving.send('PUT /a HTTP/1.1\r\nContent-Length: 1000\r\n\r\nsome of it').end();
    expect(leaving.received).to.equal('');
    expect((await ask('GET', 'a')).status).to.equal(404);
    expect(readdirSync(folder)).to.deep.equal([]);
    const endless = new Client({ host, port });
    await endless.send('x'.repeat(20_000)).closed.catch(() => {});
    expect(endless.received).to.equal('');
    await stop();
  });

  it('serves curl, and ends in order while clients are idle', async function () {
    if (spawnSync('curl', ['--version']).error !== undefined) this.skip();
    const [from, back] = [join(folder, 'from'), join(folder, 'back')];
    const content = contentOf('curl', 5_000_000);
    writeFileSync(from, content);
    const url = `http://${host}:${port}/kept`;
    execFileSync('curl', ['-s', '--fail', '--max-time', '20', '-T', from, url, '--next', '-s', '-o', back, url]);
    expect(readFileSync(back).equals(content)).to.equal(true);
    const idle = new Client({ host, port });
    await idle.send('GET /nothing HTTP/1.1\r\n\r\n').receives('404');
    await Promise.all([stop(), idle.closed]);
  });
});
