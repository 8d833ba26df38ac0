import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { get as getSecurely } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { cert, key } from '../support/certificate.js';
import { runPollux } from './run-pollux.js';

const command = fileURLToPath(new URL('../../../bin/pollux.js', import.meta.url));

describe('pollux serve', () => {
  let folder: string;
  const running: ChildProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-serve-'));
    mkdirSync(join(folder, 'public'));
    writeFileSync(join(folder, 'public/index.html'), '<p>home');
    writeFileSync(join(folder, 'public/x.css'), 'a{}');
  });

  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  interface Started {
    /** The port of what it says that it has there. */
    place(what: string): Promise<number>;
    readonly child: ChildProcess;
    readonly port: number;
    /** All of standard error, once it has ended. */
    end(signal?: NodeJS.Signals): Promise<{ readonly status: number | null; readonly stderr: string }>;
  }

  async function start(...args: string[]): Promise<Started> {
    const child = spawn(process.execPath, [command, 'serve', join(folder, 'public'), '--port', '0', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.push(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
    const closed = once(child, 'close') as Promise<[number | null]>;
    while (!/serving .* at https?:\/\/127\.0\.0\.1:\d+\n/.test(stderr)) {
      await Promise.race([once(child.stderr, 'data'), closed.then(() => Promise.reject(new Error(stderr)))]);
    }
    const port = Number(/:(\d+)\n/.exec(stderr)![1]);
    const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
      child.kill(signal);
      const [status] = await closed;
      return { status, stderr };
    };
    const place = async (what: string) => {
      const line = new RegExp(`${what} at http://127\\.0\\.0\\.1:(\\d+)/`);
      while (!line.test(stderr)) await once(child.stderr, 'data');
      return Number(line.exec(stderr)![1]);
    };
    return { child, port, place, end };
  }

  async function fetchText(port: number, path = '/', isSecure = false): Promise<string> {
    const options = { host: '127.0.0.1', port, path, agent: false, ca: cert, servername: 'localhost' };
    const [response] = (await once((isSecure ? getSecurely : get)(options), 'response')) as [IncomingMessage];
    return `${response.statusCode} ${response.headers['cache-control'] ?? '-'} ${await text(response)}`;
  }

  it('serves with the flags that it is given, and ends at SIGTERM', async () => {
    writeFileSync(join(folder, 'public/404.html'), '<p>lost');
    const flags = ['--cache', '*.css=max-age=60', '--error-page', '404=404.html', '--redirect', '/old=/x.css'];
    const { port, end } = await start(...flags);
    expect(await fetchText(port)).to.equal('200 - <p>home');
    expect(await fetchText(port, '/x.css')).to.equal('200 max-age=60 a{}');
    expect(await fetchText(port, '/nothing')).to.equal('404 - <p>lost');
    expect(await fetchText(port, '/old')).to.equal('301 - ');
    const { status, stderr } = await end();
    expect(status).to.equal(0);
    expect(stderr.split('\n')).to.have.length(2);
  });

  for (const signal of ['SIGHUP', 'SIGUSR2'] as const)
    it(`${signal} opens the log anew, and loses no line`, async () => {
      const log = join(folder, 'access.log');
      const { child, port, end } = await start('--log', log, '--log-format', 'common');
      await fetchText(port, '/one');
      renameSync(log, `${log}.1`);
      child.kill(signal);
      while (!lines(log)) await new Promise(resolve => setTimeout(resolve, 10));
      await fetchText(port, '/two');
      await end();
      const all = readFileSync(`${log}.1`, 'utf8') + readFileSync(log, 'utf8');
      expect(all.match(/"GET \S+/g)).to.deep.equal(['"GET /one', '"GET /two']);
    });

  for (const accept of ['reuseport', 'acceptor']) {
    it(`threads that accept by ${accept} serve one port with TLS, and drain`, async () => {
      const [certificate, privateKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
      writeFileSync(certificate, cert);
      writeFileSync(privateKey, key);
      const flags = ['--threads', '2', '--accept', accept, '--cert', certificate, '--key', privateKey];
      const { port, end } = await start(...flags);
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetchText(port, '/', true)));
      expect(new Set(answers)).to.deep.equal(new Set(['200 - <p>home']));
      const { status, stderr } = await end('SIGINT');
      expect({ status, lines: stderr.split('\n').length }, stderr).to.deep.equal({ status: 0, lines: 2 });
    });
  }

  it('threads tell of themselves together: metrics, and a page', async () => {
    const { port, place, end } = await start('--threads', '2', '--metrics', '0', '--status', '127.0.0.1:0');
    await fetchText(port);
    const metrics = await fetchText(await place('metrics'), '/metrics');
    const requests = [...metrics.matchAll(/^pollux_server_requests_total\{thread="worker (\d)"\} (\d+)$/gm)];
    expect(requests.map(([, thread]) => thread)).to.deep.equal(['0', '1']);
    expect(requests.reduce((sum, [, , count]) => sum + Number(count), 0)).to.equal(1);
    expect(metrics).to.match(/^pollux_turns_total\{thread="main"\} [1-9]/m);
    const page = JSON.parse(/{.*/s.exec(await fetchText(await place('status page'), '/status.json'))![0]) as {
      readonly states: readonly unknown[];
    };
    expect(page)
      .to.have.property('title')
      .that.matches(/^pollux serve /);
    expect(page.states).to.deep.equal([
      ['worker 0', 'running'],
      ['worker 1', 'running'],
    ]);
    expect((await end()).status).to.equal(0);
  });

  // Misuse exits 2, and what can not be opened exits 1.
  const refused: readonly [string[], number, RegExp][] = [
    [['--cert', 'x'], 2, /--cert and --key: only together/],
    [['--path', 'x', '--port', '1'], 2, /--path: not with --port/],
    [['--threads', '2', '--max-connections', '5'], 2, /--max-connections: only with one thread/],
    [['--cache', 'x'], 2, /--cache .* Allowed: two parts/],
    [['nowhere'], 1, /nowhere: ENOENT/],
    [['--redirect', 'a=/'], 1, /redirects\[0\]\.from/],
  ];
  for (const [args, status, says] of refused) {
    it(`exits ${status} for 'pollux serve ${args.join(' ')}'`, async () => {
      const finished = await runPollux(['serve', ...args]);
      expect(finished.status).to.equal(status);
      expect(finished.stderr)
        .to.match(says)
        .and.to.match(/^pollux: /);
    });
  }
});

function lines(path: string): boolean {
  try {
    return readFileSync(path) !== undefined;
  } catch {
    return false;
  }
}
