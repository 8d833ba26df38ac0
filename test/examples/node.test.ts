/** The programs that join Pollux to Node, with the clients that people use. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { Example } from './example.js';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';

const hasCurl = spawnSync('curl', ['--version']).status === 0;

describe('examples for Node', () => {
  const running: Example[] = [];
  let folder: string;

  const run = (name: string, ...args: string[]): Example => {
    const example = new Example(name, ...args);
    running.push(example);
    return example;
  };

  before(() => (folder = mkdtempSync(join(tmpdir(), 'pollux-'))));
  afterEach(() => running.splice(0).forEach(example => example.kill()));
  after(() => rmSync(folder, { recursive: true }));

  it('node-http sends files, and says by which way', async () => {
    writeFileSync(join(folder, 'page.txt'), 'x'.repeat(100_000));
    const example = run('node-http', '0', folder);
    const url = `http://127.0.0.1:${await example.port()}`;
    expect(await (await fetch(`${url}/page.txt`)).text()).to.equal('x'.repeat(100_000));
    expect((await fetch(`${url}/none`)).status).to.equal(404);
    await example.says(/^page.txt: 100000 bytes by sendfile$/m);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('frameworks: Express answers, and takes 100 MB', async () => {
    const example = run('frameworks', 'express', '0');
    const url = `http://127.0.0.1:${await example.port()}`;
    expect(await (await fetch(url)).text()).to.equal('hello from Express');
    const uploaded = await fetch(`${url}/length`, { method: 'POST', body: 'x'.repeat(100_000_000) });
    expect(await uploaded.json()).to.deep.equal({ length: 100_000_000 });
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('frameworks: Fastify answers', async () => {
    const example = run('frameworks', 'fastify', '0');
    expect(await (await fetch(`http://127.0.0.1:${await example.port()}`)).text()).to.equal('hello from Fastify');
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('frameworks: ws echoes', async () => {
    const example = run('frameworks', 'ws', '0');
    const socket = new WebSocket(`ws://127.0.0.1:${await example.port()}`);
    await once(socket, 'open');
    socket.send('over a socket');
    expect(String((await once(socket, 'message'))[0])).to.equal('over a socket');
    socket.close();
    await once(socket, 'close');
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('curl is answered, several times on one connection', async function () {
    if (!hasCurl) this.skip();
    const example = run('frameworks', 'express', '0');
    const url = `http://127.0.0.1:${await example.port()}/`;
    const { stdout } = spawnSync('curl', ['-sS', '-w', '%{num_connects} ', url, url, url], { encoding: 'utf8' });
    expect(stdout).to.equal('hello from Express1 hello from Express0 hello from Express0 ');
  });

  it('gzip sends back what it is sent, compressed', async () => {
    const example = run('gzip', '0');
    const socket = connect(await example.port(), '127.0.0.1');
    socket.end('abc'.repeat(100_000));
    expect(gunzipSync(await buffer(socket)).toString()).to.equal('abc'.repeat(100_000));
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  for (const name of ['node-http', 'frameworks', 'gzip']) {
    it(`${name} says how it is used`, async () => {
      const { status, stderr } = await run(name).ended;
      expect([status, stderr.startsWith(`usage: node dist/examples/${name}.js `)]).to.deep.equal([2, true]);
    });
  }
});
