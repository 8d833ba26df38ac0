import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { snapshotProcess, type ProcessSnapshot } from '../../src/observe/process-snapshot.js';
import { currentReactor } from '../../src/index.js';
import { bytes, count, duration, milliseconds } from '../../src/cli/top/numbers.js';
import { ratesBetween } from '../../src/cli/top/rates.js';
import { renderFrame, type View } from '../../src/cli/top/rendering.js';
import { Client, Example } from '../examples/example.js';
import { runPollux } from './run-pollux.js';

const command = fileURLToPath(new URL('../../../bin/pollux.js', import.meta.url));
const view: View = { columns: 80, rows: 24, sort: 'out', paint: (_style, text) => text };

/** Two snapshots, a second apart. */
async function frames(): Promise<[ProcessSnapshot, ProcessSnapshot]> {
  const earlier = await snapshotProcess('server', undefined, {});
  const { thread } = earlier;
  const connection = { id: 7, fd: 9, state: 'open', local: '127.0.0.1:80', remote: '10.0.0.1:4711', queuedBytes: 0 };
  const sockets = (sent: number) => ({
    counts: { connections: 40, listeners: 1, datagramSockets: 0 },
    connections: Array.from({ length: 20 }, (_, id) => ({ ...connection, id, receivedBytes: 0, sentBytes: sent * id })),
    listeners: [],
  });
  const later = {
    ...thread,
    atMs: thread.atMs + 1000,
    bytes: {
      ...thread.bytes,
      sent: thread.bytes.sent + 5_000_000,
      paths: { ...thread.bytes.paths, sendfile: 5_000_000 },
    },
    sockets: sockets(1000),
  };
  const workers = [{ index: 0, name: 'worker 0', restarts: 2, state: 'hung' as const, thread: undefined }];
  return [
    { ...earlier, thread: { ...thread, sockets: sockets(0) } },
    { ...earlier, uptimeMs: earlier.uptimeMs + 1000, thread: later, workers },
  ];
}

describe('pollux top', () => {
  after(() => currentReactor().close());

  it('shows rates, paths, hung workers and the busiest connections in 80 columns', async () => {
    const [earlier, later] = await frames();
    const lines = renderFrame(ratesBetween(later, earlier), view);
    expect(lines).to.have.length.most(24);
    for (const line of lines) expect(line, line).to.have.length.most(80);
    const text = lines.join('\n');
    expect(text).to.match(/out 5\.00 MB\/s/);
    expect(text).to.match(/paths +sendfile 5\.00 MB\/s 100%/);
    expect(text).to.match(/worker 0 +hung: .*started again: 2/);
    expect(text).to.match(/10\.0\.0\.1:4711 +open +0 B +19\.0 kB/);
    expect(text).to.match(/… and \d+ more connections/);
  });

  it('drops columns and wraps lines where the terminal is narrow, and shows whole addresses where it is wide', async () => {
    const [earlier, later] = await frames();
    const [connection] = later.thread.sockets.connections;
    const remote = '[2001:db8:85a3:8d3:1319:8a2e:370:7348]:52311';
    const messages = { received: 0, sent: 0, wakes: 0, waiting: 0, queues: [{ name: 'orders', length: 1200 }] };
    const sockets = { ...later.thread.sockets, connections: [{ ...connection, remote, queuedBytes: 1000 }] };
    const thread = { ...later.thread, sockets, messages };
    const rates = ratesBetween({ ...later, thread }, earlier);
    const narrow = renderFrame(rates, { ...view, columns: 60 });
    for (const line of narrow) expect(line, line).to.have.length.most(60);
    expect(narrow.join('\n')).to.match(/out 5\.00 MB\/s/);
    expect(narrow.join('\n')).to.match(/main .*5\.00 MB +40$/m);
    expect(narrow.join('\n')).to.match(/2001:db8.*… .*1\.00 kB$/m);
    expect(narrow.join('\n')).to.match(/queues +orders 1\.20k/);
    expect(renderFrame(rates, { ...view, columns: 120 }).join('\n')).to.include(remote);
  });

  it('fits what little room there is', async () => {
    const [earlier, later] = await frames();
    for (const rows of [1, 5, 10]) {
      expect(renderFrame(ratesBetween(later, earlier), { ...view, columns: 40, rows })).to.have.length.most(rows);
    }
  });

  it('writes numbers in few columns', () => {
    expect([0, 812, 999.6, 3210, 1_200_000].map(count)).to.deep.equal(['0', '812', '1.00k', '3.21k', '1.20M']);
    expect([0, 12_400_000].map(bytes)).to.deep.equal(['0 B', '12.4 MB']);
    expect([0.34, 41.2, 1200].map(milliseconds)).to.deep.equal(['0.3 ms', '41 ms', '1.2 s']);
    expect([45_000, 723_000, 8_025_000, 267_060_000].map(duration)).to.deep.equal([
      '45 s',
      '12:03',
      '2:13:45',
      '3 d 02:11',
    ]);
  });

  describe('of a running program', () => {
    let directory: string;
    let path: string;
    const running: Example[] = [];
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'pollux-'));
      path = join(directory, 'echo.sock');
    });
    afterEach(() => {
      for (const example of running.splice(0)) example.kill();
      rmSync(directory, { recursive: true });
    });

    async function observed(): Promise<Example> {
      const example = new Example('observed', '0', path);
      running.push(example);
      await example.says(/^listening on .*/m);
      return example;
    }

    it('prints one frame where there is no terminal', async () => {
      const example = await observed();
      const port = Number(/port: (\d+)/.exec(example.stdout)![1]);
      const client = new Client({ host: '127.0.0.1', port }).send('hello');
      await client.receives('hello');
      const { status, stdout, stderr } = await runPollux(['top', path]);
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      expect(stdout).to.match(/^ echo {2}pid \d+ · up /);
      expect(stdout).to.match(/^ main +[█░]{8}/m);
      expect(stdout).to.include('127.0.0.1');
      await client.end();
      const ended = await example.interrupt();
      expect(ended.status).to.equal(0);
      // Stalls are what it tells of, and a busy machine makes some.
      expect(ended.stderr.replace(/^a turn took .*\n/gm, '')).to.equal('');
    });

    it('prints a snapshot as JSON', async () => {
      await observed();
      const { status, stdout } = await runPollux(['top', path, '--once', '--json']);
      expect(status).to.equal(0);
      expect(JSON.parse(stdout)).to.include({ title: 'echo' });
    });

    it('ends when the program does', async () => {
      const example = await observed();
      const watching = new Example(command, 'top', path, '--json');
      running.push(watching);
      await watching.says(/"pid"/);
      example.kill();
      expect(await watching.ended).to.deep.equal({ status: 0, stderr: '' });
    });

    it('says in one line why there is nothing to watch', async () => {
      const none = await runPollux(['top', path]);
      expect(none).to.include({ status: 1, stdout: '' });
      expect(none.stderr).to.match(/^pollux: .*: there is no such socket; a program makes it by exposeStatus/);
      const server = createServer(socket => socket.end('hello\n')).listen(path);
      await once(server, 'listening');
      expect((await runPollux(['top', path])).stderr).to.match(/is no status socket of Pollux/);
      server.close();
      expect((await runPollux(['top'])).status).to.equal(2);
    });
  });
});
