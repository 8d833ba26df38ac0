/** The two commands at SIGHUP, and with sockets that were passed. */
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { currentReactor, listen, type Listener } from '../../src/index.js';

const command = fileURLToPath(new URL('../../../bin/pollux.js', import.meta.url));

describe('the commands of servers', () => {
  after(() => currentReactor().close());

  let folder: string;
  const running: ChildProcess[] = [];
  const servers: Server[] = [];
  const listeners: Listener[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-reload-'));
    for (const name of ['old', 'new']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'index.html'), name);
    }
  });

  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    for (const server of servers.splice(0)) server.close();
    for (const listener of listeners.splice(0)) void listener.close();
    rmSync(folder, { recursive: true });
  });

  /** @returns what waits for a line, and takes it out. */
  function start(
    args: readonly string[],
    given?: Listener,
  ): { child: ChildProcess; line(of: RegExp): Promise<string[]> } {
    const environment = given === undefined ? '' : 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web ';
    const fd = given?.fd ?? 'ignore';
    const shell = `${environment}exec "$@"`;
    const child = spawn('sh', ['-c', shell, 'sh', process.execPath, command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', fd],
    });
    running.push(child);
    let said = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (part: string) => (said += part));
    const line = async (of: RegExp): Promise<string[]> => {
      for (;;) {
        const found = of.exec(said);
        if (found !== null) {
          said = said.slice(found.index + found[0].length);
          return [...found];
        }
        if (child.exitCode !== null) throw new Error(said);
        await Promise.race([once(child.stdout!, 'data'), once(child.stderr!, 'data'), once(child, 'close')]);
      }
    };
    return { child, line };
  }

  async function listening(server: Server): Promise<number> {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Each client says a word, and its name comes back. */
  async function origin(name: string): Promise<number> {
    return listening(
      createServer(socket => socket.on('error', () => {}).on('data', data => socket.write(`${name}:${String(data)}`))),
    );
  }

  async function exchange(port: number, message: string): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    socket.write(message);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return String(answer);
  }

  async function page(port: number): Promise<string> {
    return await (await fetch(`http://127.0.0.1:${port}/`, { headers: { Connection: 'close' } })).text();
  }

  it('proxy: SIGHUP reads the file again, a wrong one is told, and clients stay', async () => {
    const [a, b] = [await origin('a'), await origin('b')];
    const file = join(folder, 'proxy.yaml');
    const write = (port: number | string) =>
      writeFileSync(
        file,
        `listen: { host: 127.0.0.1, port: 0 }\npool:\n  upstreams: [{ host: 127.0.0.1, port: ${port} }]\n`,
      );
    write(a);
    const { child, line } = start(['proxy', '--config', file]);
    const port = Number((await line(/127\.0\.0\.1:(\d+)\n/))[1]);
    const long = connect(port, '127.0.0.1');
    long.write('1');
    expect(String(((await once(long, 'data')) as [Buffer])[0])).to.equal('a:1');
    write(`'x'`);
    child.kill('SIGHUP');
    expect((await line(/as before: (.*)\n/))[1]).to.equal(
      `${file}:3:40: pool.upstreams[0].port: 'x'; allowed: integers from 1 to 65535`,
    );
    expect(await exchange(port, '2')).to.equal('a:2');
    write(b);
    child.kill('SIGHUP');
    await line(/read again\n/);
    expect(await exchange(port, '3')).to.equal('b:3');
    long.write('4');
    expect(String(((await once(long, 'data')) as [Buffer])[0])).to.equal('a:4');
    long.destroy();
    child.kill('SIGTERM');
    expect(await once(child, 'close')).to.deep.equal([0, null]);
  });

  for (const threads of [1, 2]) {
    it(`serve: SIGHUP reads the file again, with ${threads} of threads`, async () => {
      const file = join(folder, 'serve.json');
      const config = { listen: { host: '127.0.0.1', port: 0 }, threads };
      const write = (name: string) => writeFileSync(file, JSON.stringify({ ...config, directory: join(folder, name) }));
      write('old');
      const { child, line } = start(['serve', '--config', file]);
      const port = Number((await line(/127\.0\.0\.1:(\d+)\n/))[1]);
      expect(await page(port)).to.equal('old');
      write('none');
      child.kill('SIGHUP');
      expect((await line(/as before: (.*)\n/))[1]).to.match(/ENOENT/);
      expect(await page(port)).to.equal('old');
      write('new');
      child.kill('SIGHUP');
      await line(/read again\n/);
      for (let times = 0; times < 4; times++) expect(await page(port)).to.equal('new');
      child.kill('SIGTERM');
      expect(await once(child, 'close')).to.deep.equal([0, null]);
    });
  }

  it('serve and proxy take sockets that systemd passes, by their names', async () => {
    const given = await listen({ host: '127.0.0.1' });
    listeners.push(given);
    const { port } = given;
    const serve = start(['serve', join(folder, 'old'), '--inherited', 'web'], given);
    await serve.line(new RegExp(`127\\.0\\.0\\.1:${port}\n`));
    expect(await page(port)).to.equal('old');
    serve.child.kill('SIGHUP');
    await serve.line(/read again\n/);
    expect(await page(port)).to.equal('old');
    serve.child.kill('SIGTERM');
    expect(await once(serve.child, 'close')).to.deep.equal([0, null]);
    const proxy = start(['proxy', '--inherited', 'web', '-u', `127.0.0.1:${await origin('a')}`], given);
    await proxy.line(new RegExp(`127\\.0\\.0\\.1:${port}\n`));
    expect(await exchange(port, 'x')).to.equal('a:x');
  });

  it('say which names were passed', async () => {
    const given = await listen({ host: '127.0.0.1' });
    listeners.push(given);
    const { line } = start(['serve', folder, '--inherited', 'api'], given);
    await line(/listen\[0\]\.inherited: 'api'; allowed: names of sockets that were passed \(web\)\n/);
  });
});
