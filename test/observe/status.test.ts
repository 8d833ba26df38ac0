import { expect } from 'chai';
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { currentReactor } from '../../src/index.js';
import { exposeStatus, type ProcessSnapshot } from '../../src/observe.js';
import { rejection } from '../support/sockets.js';

async function linesFrom(path: string, count: number): Promise<ProcessSnapshot[]> {
  const socket = connect({ path });
  const found: ProcessSnapshot[] = [];
  for await (const line of createInterface({ input: socket })) {
    found.push(JSON.parse(line) as ProcessSnapshot);
    if (found.length === count) break;
  }
  socket.destroy();
  return found;
}

describe('the status socket', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    path = join(directory, 'status.sock');
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  after(async () => {
    while (!currentReactor().isUnused) await new Promise(setImmediate);
    currentReactor().close();
  });

  it('is for its own user alone, and its file goes with it', async () => {
    const status = await exposeStatus({ path });
    expect(lstatSync(path).mode & 0o777).to.equal(0o600);
    await status.close();
    expect(existsSync(path)).to.equal(false);
  });

  it('tells several clients line after line', async () => {
    await using status = await exposeStatus({ path, title: 'a test', intervalMs: 100 });
    const all = await Promise.all([linesFrom(status.path, 2), linesFrom(status.path, 2)]);
    for (const [first, second] of all) {
      expect(first).to.include({ pid: process.pid, title: 'a test', node: process.version });
      expect(second.thread.atMs).to.be.above(first.thread.atMs);
      expect(second.thread.turns.count).to.be.above(first.thread.turns.count);
    }
  });

  it('turns away clients beyond its bound, and takes others once those have gone', async () => {
    await using status = await exposeStatus({ path, intervalMs: 100 });
    const clients = Array.from({ length: 8 }, () => connect({ path: status.path }));
    await Promise.all(clients.map(client => once(client, 'data')));
    const late = connect({ path: status.path });
    await once(late, 'close');
    for (const client of clients) client.destroy();
    for (;;) if ((await linesFrom(path, 1)).length === 1) break;
  });

  it('replaces the socket file of a process that has ended', async () => {
    const leave = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', leave, path]);
    expect(existsSync(path)).to.equal(true);
    await using status = await exposeStatus({ path });
    expect(await linesFrom(status.path, 1)).to.have.length(1);
  });

  it('does not replace a file, nor a socket at which somebody listens', async () => {
    writeFileSync(path, 'precious');
    expect(await rejection(exposeStatus({ path }))).to.include({ code: 'EADDRINUSE' });
    expect(existsSync(path)).to.equal(true);
    const other = join(directory, 'other.sock');
    const server = createServer().listen(other);
    await once(server, 'listening');
    expect(await rejection(exposeStatus({ path: other }))).to.include({ code: 'EADDRINUSE' });
    server.close();
  });

  it('refuses options that make no sense', async () => {
    expect(await rejection(exposeStatus({ path: '' }))).to.be.instanceOf(TypeError);
    expect(await rejection(exposeStatus({ path, intervalMs: 1 }))).to.be.instanceOf(RangeError);
    expect(await rejection(exposeStatus({ path, interval: 1 } as never))).to.be.instanceOf(TypeError);
  });
});
