/** `pollux proxy` as a process: what it carries, how it stops, and what it refuses. */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { listenPlace, upstreamPlace } from '../../src/cli/proxy/places.js';
import { runPollux } from './run-pollux.js';

const command = fileURLToPath(new URL('../../../bin/pollux.js', import.meta.url));

/** @returns the process and what it says first. */
async function start(...args: string[]): Promise<[ChildProcess, string]> {
  const child = spawn(process.execPath, [command, 'proxy', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return [child, line];
}

async function ask(port: number, localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.write('x');
  let text = '';
  socket.on('data', chunk => {
    text += String(chunk);
    socket.end();
  });
  await once(socket, 'close').catch(() => {});
  return text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('pollux proxy', () => {
  let origin: Server;
  let port: number;

  before(async () => {
    origin = createServer(socket => {
      socket.on('data', chunk => socket.write(`origin:${String(chunk)}`));
      socket.on('end', () => socket.end());
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    ({ port } = origin.address() as AddressInfo);
  });
  after(() => origin.close());

  it('carries, heeds the order of its lists, and drains at SIGTERM', async () => {
    const rules = ['--deny', '127.0.0.2', '--allow', '127.0.0.0/8', '--otherwise', 'deny'];
    const [child, line] = await start(
      '--listen',
      '127.0.0.1:0',
      '-u',
      `127.0.0.1:${port}`,
      ...rules,
      '--drain',
      '60000',
    );
    const proxied = Number(/^pollux proxy: listening on 127\.0\.0\.1:(\d+)$/.exec(line)![1]);
    expect(await ask(proxied)).to.equal('origin:x');
    expect(await ask(proxied, '127.0.0.2')).to.equal('');
    const idle = connect(proxied, '127.0.0.1');
    idle.write('x');
    await once(idle, 'data');
    child.kill('SIGTERM');
    idle.resume();
    await once(idle, 'end');
    expect(await once(child, 'close')).to.deep.equal([0, null]);
  });

  it('serves from several threads on one port', async () => {
    const shared = await freePort();
    const [child, line] = await start('-l', `127.0.0.1:${shared}`, '-u', `127.0.0.1:${port}`, '--threads', '2');
    expect(line).to.equal(`pollux proxy: listening on 127.0.0.1:${shared}`);
    for (let times = 0; times < 8; times++) expect(await ask(shared)).to.equal('origin:x');
    child.kill('SIGTERM');
    expect(await once(child, 'close')).to.deep.equal([0, null]);
  });

  it('logs clients of all threads, opens the log anew at SIGUSR2, and has metrics', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-cli-'));
    try {
      const [shared, metrics, log] = [await freePort(), await freePort(), join(directory, 'clients.log')];
      const flags = ['--threads', '2', '--log', log, '--log-format', 'json', '--metrics', `${metrics}`];
      const [child] = await start('-l', `127.0.0.1:${shared}`, '-u', `127.0.0.1:${port}`, ...flags);
      await ask(shared);
      const page = await text((await fetch(`http://127.0.0.1:${metrics}/metrics`)).body!);
      expect(page).to.match(
        new RegExp(`^pollux_upstream_up\\{thread="worker [01]",.*upstream="127.0.0.1:${port}"\\} 1$`, 'm'),
      );
      renameSync(log, `${log}.1`);
      child.kill('SIGUSR2');
      while (!existsSync(log)) await new Promise(resolve => setTimeout(resolve, 5));
      await ask(shared);
      child.kill('SIGTERM');
      expect(await once(child, 'close')).to.deep.equal([0, null]);
      const lines = (readFileSync(`${log}.1`, 'utf8') + readFileSync(log, 'utf8')).trim().split('\n');
      const records = lines.map(line => JSON.parse(line) as object);
      expect(records).to.have.length(2);
      expect(records[0]).to.include({
        client: '127.0.0.1',
        outcome: 'completed',
        bytesToUpstream: 1,
        bytesToClient: 8,
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('takes Unix sockets on both sides', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-cli-'));
    try {
      const path = join(directory, 'front');
      const [child, line] = await start('--listen', path, '--upstream', `127.0.0.1:${port}`);
      expect(line).to.equal(`pollux proxy: listening on ${path}`);
      const [second, place] = await start('--listen', '127.0.0.1:0', '--upstream', path);
      expect(await ask(Number(place.split(':').at(-1)))).to.equal('origin:x');
      for (const each of [child, second]) {
        each.kill('SIGINT');
        expect(await once(each, 'close')).to.deep.equal([0, null]);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('reads places in all their forms', () => {
    expect(listenPlace('80')).to.deep.equal({ port: 80 });
    expect(listenPlace('[::1]:80')).to.deep.equal({ host: '::1', port: 80 });
    expect(upstreamPlace('db.example:5432,weight=2,backup,max=7')).to.deep.equal({
      host: 'db.example',
      port: 5432,
      weight: 2,
      backup: true,
      maxConnections: 7,
    });
    for (const wrong of ['', ':80', 'a b:80', '::1:80', '1.2.3.4', '65536', 'x:-1']) {
      expect(() => listenPlace(wrong), wrong).to.throw(/Allowed: PORT/);
    }
    expect(() => upstreamPlace('0')).to.throw(/Allowed: PORT/);
    expect(() => upstreamPlace('80,heavy')).to.throw(/not 'heavy'/);
  });

  for (const [args, status, says] of [
    [[], 2, /required option '-l, --listen/],
    [['-l', '0'], 2, /required option '-u, --upstream/],
    [['-l', 'x', '-u', '80'], 2, /Allowed: PORT, HOST:PORT/],
    [['-l', '0', '-u', '80', '--balance', 'luck'], 2, /Allowed choices are round-robin, least-connections/],
    [['-l', '0', '-u', '80', '--deny', '10.0.0.0/40'], 1, /listen\[0\]\.access\.rules\[0\]\.deny: '10\.0\.0\.0\/40'/],
    [['-l', '0', '-u', '80', '--cert', 'x'], 1, /--cert: only with --key/],
    [['-l', '0', '-u', '80', '--threads', '2'], 1, /--threads: .* a port from 1/],
  ] as const) {
    it(`'pollux proxy ${args.join(' ')}' exits ${status} and says why`, async () => {
      const { status: found, stderr } = await runPollux(['proxy', ...args]);
      expect(stderr).to.match(says);
      expect(found).to.equal(status);
    });
  }
});
