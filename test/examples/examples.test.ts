import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { cert, key } from '../support/certificate.js';
import { Client, Example } from './example.js';

const root = new URL('../../../', import.meta.url);
const sources = new URL('examples/', root);

/** Those that do a whole job. */
const LONG = new Set(['static-files.ts', 'storage.ts', 'tcp-proxy.ts']);

describe('examples', () => {
  let directory: string;
  const running: Example[] = [];

  function run(name: string, ...args: string[]): Example {
    const example = new Example(name, ...args);
    running.push(example);
    return example;
  }

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-'))));

  afterEach(() => {
    for (const example of running.splice(0)) example.kill();
    rmSync(directory, { recursive: true });
  });

  it('echo gives back what it is sent, and ends when it is interrupted', async () => {
    const example = run('echo', '0');
    const port = await example.port();
    const text = 'abc'.repeat(200_000);
    expect(await new Client({ host: '127.0.0.1', port }).send(text).end()).to.equal(text);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('the program of the README runs as it is pasted', async () => {
    const [, program] = /```ts\n([^]*?)```/.exec(readFileSync(new URL('README.md', root), 'utf8'))!;
    const path = join(directory, 'echo.mjs');
    writeFileSync(path, program);
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(fileURLToPath(root), join(directory, 'node_modules', 'pollux'));
    const example = run(path, '0');
    const port = await example.port();
    expect(await new Client({ host: '127.0.0.1', port }).send('hello\n').end()).to.equal('hello\n');
  });

  it('give-up waits for no answer that does not come', async () => {
    const example = run('give-up', '50');
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.equal('no answer in time\n');
  });

  it('request-context answers with the name of the service that was asked', async () => {
    const example = run('request-context', '0', '0');
    const [, ...ports] = await example.says(/^listening on .*:(\d+)\nlistening on .*:(\d+)$/m);
    const answers = ports.map(port => new Client({ host: '127.0.0.1', port: Number(port) }).end());
    expect(await Promise.all(answers)).to.deep.equal(['one service\n', 'another service\n']);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('shed-load welcomes clients while it has nothing to do, and turns them away beyond its bound', async () => {
    const idle = run('shed-load', '0');
    expect(await new Client({ host: '127.0.0.1', port: await idle.port() }).end()).to.equal('welcome\n');
    expect(await idle.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    const busy = run('shed-load', '0', '-1');
    const port = await busy.port();
    while ((await new Client({ host: '127.0.0.1', port }).end()) !== 'come back later\n');
    expect(await busy.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('unix-echo gives back what it is sent, and removes its path', async () => {
    const path = join(directory, 'echo');
    const example = run('unix-echo', path);
    await example.says(/^listening on/m);
    const text = 'abc'.repeat(200_000);
    expect(await new Client({ path }).send(text).end()).to.equal(text);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    expect(existsSync(path)).to.equal(false);
  });

  it('datagrams answers whoever asks, itself first', async () => {
    const example = run('datagrams', '0');
    const port = await example.port();
    await example.says(/^time\? \d{4}-\d\d-\d\dT.*\nweather\? ask for the time\n/m);
    const client = createSocket('udp4');
    try {
      client.send('time?', port, '127.0.0.1');
      const [answer] = (await once(client, 'message')) as [Buffer];
      expect(Date.parse(answer.toString())).to.be.above(0);
    } finally {
      client.close();
    }
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('http-hello answers a client of HTTP, and several requests in one piece', async () => {
    const example = run('http-hello', '0');
    const port = await example.port();
    const body = await new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port, agent: false }, response => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
    expect(body).to.equal('hello, world\n');
    const answers = await new Client({ host: '127.0.0.1', port }).send('GET / HTTP/1.1\r\n\r\n'.repeat(100)).end();
    expect(answers.match(/hello, world\n/g)).to.have.length(100);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('chat passes on whole lines to all but their speaker', async () => {
    const example = run('chat', '0');
    const port = await example.port();
    const anna = new Client({ host: '127.0.0.1', port });
    const ben = new Client({ host: '127.0.0.1', port });
    await Promise.all([anna.connected, ben.connected]);
    const carl = new Client({ host: '127.0.0.1', port });
    await carl.connected;
    // The line of the last to come is heard by all who came before: so everybody is in the room.
    carl.send('carl is here\n');
    await Promise.all([anna.receives('carl is here\n'), ben.receives('carl is here\n')]);
    anna.send('hel');
    anna.send('lo\nworld\n');
    await Promise.all([ben.receives('hello\nworld\n'), carl.receives('hello\nworld\n')]);
    expect(anna.received).to.not.include('hello');
    const ended = example.interrupt();
    await Promise.all([anna, ben, carl].map(guest => guest.receives('good night\n')));
    await Promise.all([anna, ben, carl].map(guest => guest.end()));
    expect(await ended).to.deep.equal({ status: 0, stderr: '' });
  });

  it('forward passes everything on, both ways, and the ends too', async () => {
    const echo = run('echo', '0');
    const forward = run('forward', '0', `${await echo.port()}`);
    const text = 'xyz'.repeat(300_000);
    const client = new Client({ host: '127.0.0.1', port: await forward.port() });
    expect(await client.send(text).end()).to.equal(text);
    expect(await forward.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    expect(await echo.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('reverse turns lines round in another thread, in order, however they are cut, and those that are too long it refuses', async () => {
    const example = run('reverse', '0');
    const port = await example.port();
    const words = Array.from({ length: 20_000 }, (_, number) => `line ${number} ${'x'.repeat(number % 50)}`);
    const expected = words.map(word => `${[...word].reverse().join('')}\n`).join('');
    const text = `${words.join('\n')}\n`;
    const clients = [1, 2, 3].map(() => new Client({ host: '127.0.0.1', port }));
    const received = clients.map((client, index) => {
      const cut = 1000 * (index + 1) + 7;
      for (let at = 0; at < text.length; at += cut) client.send(text.slice(at, at + cut));
      return client.end();
    });
    expect((await Promise.all(received)).map(each => each === expected)).to.deep.equal([true, true, true]);
    const greedy = new Client({ host: '127.0.0.1', port });
    await greedy.send('y'.repeat(5000)).closed.catch(() => {});
    expect(greedy.received).to.equal('');
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('messages sends words, questions, news and errands, and ends by itself', async () => {
    const example = run('messages');
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.equal('6\nas the ticket said\ngood morning, all is well, tidied the shelves\n');
  });

  it('kitchen sends its cooks messages of the types that they declare, and ends by itself', async () => {
    const example = run('kitchen');
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.equal('table 1: soup, bread; special: pie\nleft: 0\n');
  });

  it('digests has files worked on by its workers, and ends by itself', async () => {
    const paths = ['a', 'b', 'c'].map(name => join(directory, name));
    for (const path of paths) writeFileSync(path, path);
    const example = run('digests', ...paths);
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    const expected = paths.map(path => `${createHash('sha256').update(path).digest('hex')}  ${path}`);
    expect(example.stdout.trim().split('\n').sort()).to.deep.equal(expected.sort());
  });

  for (const file of readdirSync(sources).filter(name => name.endsWith('.ts'))) {
    const [, usage] =
      /(node dist\/examples\/\S+ [A-Z][^*'\n]*)/.exec(readFileSync(new URL(file, sources), 'utf8')) ?? [];
    if (usage === undefined) continue;
    it(`${file} says its usage when it is started without arguments`, async () => {
      const { status, stderr } = await run(file.replace('.ts', '')).ended;
      expect(stderr.trim()).to.equal(`usage: ${usage.trim()}`);
      expect(status).to.equal(2);
    });
  }

  it('watch-fifo prints what is written, and ends by itself', async () => {
    const path = join(directory, 'fifo');
    execFileSync('mkfifo', [path]);
    const example = run('watch-fifo', path);
    await example.says(/^watching/m);
    createWriteStream(path).end('through the file system\n');
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.equal(`watching ${path}\nthrough the file system\n`);
  });

  it('static-files serves what is in its folder, whole and in part, and nothing else', async function () {
    if (spawnSync('curl', ['--version']).error !== undefined) this.skip();
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) & 255));
    writeFileSync(join(directory, 'big.bin'), content);
    writeFileSync(join(directory, 'index.html'), '<p>hello');
    symlinkSync('/etc/passwd', join(directory, 'way-out'));
    mkdirSync(join(directory, 'folder'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    const example = run('static-files', directory, '0');
    const base = `http://127.0.0.1:${await example.port()}`;
    const curl = (...args: string[]) =>
      execFileSync('curl', ['-s', '--path-as-is', '--max-time', '20', ...args], { maxBuffer: 2 * content.length });
    const status = (...args: string[]) => curl('-o', '/dev/null', '-w', '%{http_code}', ...args).toString();

    expect(Buffer.compare(curl(`${base}/big.bin`), content)).to.equal(0);
    expect(curl(`${base}/`, `${base}/index.html?x`).toString()).to.equal('<p>hello<p>hello');
    expect(curl('-r', '10-19', `${base}/big.bin`)).to.deep.equal(content.subarray(10, 20));
    expect(curl('-r', '-5', `${base}/big.bin`)).to.deep.equal(content.subarray(-5));
    expect(Buffer.compare(curl('-r', '2999000-', `${base}/big.bin`), content.subarray(2_999_000))).to.equal(0);
    expect(status('-r', '3000000-', `${base}/big.bin`)).to.equal('416');
    expect(curl('-I', `${base}/big.bin`).toString()).to.match(/^HTTP\/1.1 200 OK[^]*Content-Length: 3000000\r\n/);
    for (const path of [
      '/nothing',
      '/../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/way-out',
      '/%ff',
      '/%00',
      '//etc/passwd',
      '/folder',
      '/folder/',
      '/fifo',
    ]) {
      expect(status(base + path), path).to.equal('404');
    }
    expect(status('-d', 'x', `${base}/`)).to.equal('405');
    const both = await new Client({ host: '127.0.0.1', port: await example.port() })
      .send('GET / HTTP/1.1\r\n\r\n'.repeat(20))
      .end();
    expect(both.match(/<p>hello/g)).to.have.length(20);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('serve answers with files, and with what its routes say, and drains when it is interrupted', async () => {
    mkdirSync(join(directory, 'assets'));
    writeFileSync(join(directory, 'assets/a.css'), 'a{}');
    writeFileSync(join(directory, '404.html'), '<p>lost');
    const example = run('serve', directory, '0');
    const base = `http://127.0.0.1:${await example.port()}`;
    const styles = await fetch(`${base}/assets/a.css`);
    expect([await styles.text(), styles.headers.get('cache-control')]).to.deep.equal([
      'a{}',
      'public, max-age=31536000, immutable',
    ]);
    expect(await (await fetch(`${base}/nothing`)).text()).to.equal('<p>lost');
    expect(await (await fetch(`${base}/upper`, { method: 'POST', body: 'abc' })).text()).to.equal('ABC');
    expect(await (await fetch(`${base}/time`)).text()).to.match(/^\d{4}-\d{2}-/);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.match(/4 requests, 1 of them answered with 4xx/);
  });

  it('static-files ignores ranges that make no sense, and sends a part only of the version that is meant', async function () {
    if (spawnSync('curl', ['--version']).error !== undefined) this.skip();
    writeFileSync(join(directory, 'ten'), '0123456789');
    writeFileSync(join(directory, 'none'), '');
    const example = run('static-files', directory, '0');
    const base = `http://127.0.0.1:${await example.port()}`;
    const curl = (...args: string[]) =>
      execFileSync('curl', ['-s', '--max-time', '20', '-w', ' %{http_code}', ...args], { encoding: 'utf8' });
    const part = (range: string, ...args: string[]) => curl('-H', `Range: ${range}`, ...args, `${base}/ten`);

    for (const range of ['bytes=5-2', 'bytes=-', 'bytes=1-2,4-5', 'bytes=a-b', 'lines=1-2', 'bytes 1-2']) {
      expect(part(range), range).to.equal('0123456789 200');
    }
    expect(part('bytes=0-'), 'all of it').to.equal('0123456789 206');
    expect(part('bytes=7-99')).to.equal('789 206');
    expect(part('bytes=-99')).to.equal('0123456789 206');
    expect(part('bytes=-0')).to.match(/ 416$/);
    expect(part(`bytes=${'9'.repeat(400)}-`)).to.match(/ 416$/);
    expect(curl('-H', 'Range: bytes=0-4', `${base}/none`)).to.equal(' 200');
    const head = curl('-I', '-H', 'Range: bytes=2-3', `${base}/ten`);
    expect(head, 'a range is for GET alone').to.match(/^HTTP\/1.1 200 OK[^]*Content-Length: 10\r\n/);

    const { etag, modified } = /ETag: (?<etag>.*)\r\nLast-Modified: (?<modified>.*)\r\n/.exec(head)!.groups!;
    for (const version of [etag, modified]) {
      expect(part('bytes=2-3', '-H', `If-Range: ${version}`)).to.equal('23 206');
    }
    for (const version of ['"other"', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
      expect(part('bytes=2-3', '-H', `If-Range: ${version}`)).to.equal('0123456789 200');
    }
    expect(curl('-H', `If-None-Match: ${etag}`, `${base}/ten`)).to.equal(' 304');
    expect(curl('-H', `If-Modified-Since: ${modified}`, `${base}/ten`)).to.equal(' 304');
    expect(curl('-H', 'If-None-Match: "other"', `${base}/ten`)).to.equal('0123456789 200');

    const port = await example.port();
    const bad = new Client({ host: '127.0.0.1', port }).send('what?\r\n\r\nGET /ten HTTP/1.1\r\n\r\n');
    expect(await bad.end()).to.match(/^HTTP\/1.1 400 Bad Request\r\n[^]*\r\n\r\n$/);
    const body = 'GET /none HTTP/1.1\r\n\r\n';
    const smuggled = `POST /ten HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const answers = await new Client({ host: '127.0.0.1', port }).send(smuggled).end();
    expect(answers.match(/HTTP\/1.1 \d+/g), 'a body is no request').to.deep.equal(['HTTP/1.1 405']);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('workers echoes on all threads, parks connections in between, and tells of the spread at the end', async () => {
    const example = run('workers', '0');
    const port = await example.port();
    const clients = Array.from({ length: 6 }, () => new Client({ host: '127.0.0.1', port }));
    for (const text of ['one', 'two']) {
      await Promise.all(clients.map((client, index) => client.send(`${text} ${index}.`).receives(`${text} ${index}.`)));
    }
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    const spread = [...example.stdout.matchAll(/^worker \d+: (\d+) connections, (\d+) times one that was parked$/gm)];
    const sum = (column: number) => spread.reduce((total, row) => total + Number(row[column]), 0);
    expect([sum(1), sum(2)]).to.deep.equal([6, 6]);
  });

  it('supervise runs a command anew when its file changes or SIGHUP comes, and tells how it ended', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, '');
    const example = run('supervise', path, 'sh', '-c', 'read line');
    await example.says(/^started sh\n/m);
    writeFileSync(path, 'changed');
    await example.says(/^changed: write\nended by SIGTERM\nstarted sh\n/m);
    example.signal('SIGHUP');
    await example.says(/(started sh\n[^]*){3}/);
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.match(/started sh\nended by SIGTERM\n$/);
  });

  it('user-event brings a result from a worker', async () => {
    const example = run('user-event');
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.equal('the answer is 42\n');
  });

  it('ticks counts the expirations of a timer', async () => {
    const example = run('ticks', '100');
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.match(/^\d+ ticks in \d+ wake-ups\n$/);
  });

  it('tcp-proxy joins clients to its target, and says what it did', async function () {
    if (spawnSync('curl', ['--version']).error !== undefined) this.skip();
    const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) & 255));
    writeFileSync(join(directory, 'big.bin'), content);
    const files = run('static-files', directory, '0');
    const proxy = run('tcp-proxy', '0', `${await files.port()}`);
    const port = await proxy.port();
    const fetched = execFileSync(
      'curl',
      ['-s', '--max-time', '20', '--limit-rate', '20M', `http://127.0.0.1:${port}/big.bin`],
      { maxBuffer: 2 * content.length },
    );
    expect(Buffer.compare(fetched, content)).to.equal(0);
    await proxy.says(/^up: \d+ bytes by buffers in \d+ calls; down: 3000\d+ bytes by \w+ in \d+ calls$/m);

    const echo = run('echo', '0');
    const toEcho = run('tcp-proxy', '0', `${await echo.port()}`);
    const text = 'xyz'.repeat(300_000);
    const client = new Client({ host: '127.0.0.1', port: await toEcho.port() });
    expect(await client.send(text).end()).to.equal(text);
    await toEcho.says(/^up: 900000 bytes .*; down: 900000 bytes/m);
    const open = new Client({ host: '127.0.0.1', port: await toEcho.port() });
    await open.send('still there').receives('still there');
    expect(await toEcho.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    for (const example of [proxy, files, echo]) {
      expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    }
  });

  it('balancer spreads clients over its upstreams, tells of each, and drains', async () => {
    const echoes = [run('echo', '0'), run('echo', '0')];
    const example = run('balancer', '0', ...(await Promise.all(echoes.map(async echo => `${await echo.port()}`))));
    const port = await example.port();
    for (const text of ['one', 'two']) {
      expect(await new Client({ host: '127.0.0.1', port }).send(text).end()).to.equal(text);
    }
    for (const echo of echoes)
      await example.says(new RegExp(`^127.0.0.1 127.0.0.1:${await echo.port()} completed 3$`, 'm'));
    const idle = new Client({ host: '127.0.0.1', port });
    await idle.send('still there').receives('still there');
    const ended = example.interrupt();
    await idle.closed;
    expect(await ended).to.deep.equal({ status: 0, stderr: '' });
    await example.says(/^stopped; 1 idle ones closed, 0 reset 2$/m);
  });

  it('edge-proxy sends TLS where its name or its protocol says, as it is', async () => {
    const [keyPath, certPath] = [join(directory, 'key'), join(directory, 'cert')];
    writeFileSync(keyPath, key);
    writeFileSync(certPath, cert);
    const database = run('secure-lines', keyPath, certPath, '0');
    const example = run('edge-proxy', '0', '9', `${await database.port()}`);
    const port = await example.port();
    const options = { port, host: '127.0.0.1', ca: cert, checkServerIdentity: () => undefined };
    const client = connectTls({ ...options, servername: 'one.db.example.org' });
    client.end('hello');
    let said = '';
    for await (const chunk of client.setEncoding('utf8')) said += chunk as string;
    expect(said).to.equal('HELLO\n');
    const refused = connectTls({ ...options, servername: 'example.org' });
    expect(
      await new Promise(resolve => refused.once('error', ({ code }: { code?: string }) => resolve(code))),
    ).to.equal('ECONNRESET');
    for (const each of [example, database]) expect(await each.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('copy-file copies a file, and goes on where an earlier copy stopped', async () => {
    const [from, to] = [join(directory, 'from'), join(directory, 'to')];
    const content = Buffer.alloc(300_000, 'pollux');
    writeFileSync(from, content);
    writeFileSync(to, content.subarray(0, 100_000));
    const example = run('copy-file', from, to);
    expect(await example.ended).to.deep.equal({ status: 0, stderr: '' });
    expect(example.stdout).to.match(/^200000 bytes by (reflink|copy_file_range|buffers) in \d+ calls/);
    expect(readFileSync(to).equals(content)).to.equal(true);
  });

  it('line-server keeps bodies of any bytes that a line announces, and says what is wrong', async () => {
    const example = run('line-server', '0');
    const port = await example.port();
    const client = new Client({ host: '127.0.0.1', port });
    await client.send('PUT a 4\r\n1\n\n2GET a\n').receives('PUT 4\nGET 4\n1\n\n2');
    expect(await client.send('GET b').end()).to.equal('PUT 4\nGET 4\n1\n\n2NONE\n');
    const wrong = new Client({ host: '127.0.0.1', port }).send('PUT a 5\nabc');
    expect(await wrong.end()).to.include('EBADMSG');
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
  });

  it('secure-lines answers a client with TLS, and says how it is used', async () => {
    const [keyPath, certPath] = [join(directory, 'key'), join(directory, 'cert')];
    writeFileSync(keyPath, key);
    writeFileSync(certPath, cert);
    const example = run('secure-lines', keyPath, certPath, '0');
    const client = connectTls({ port: await example.port(), host: '127.0.0.1', servername: 'localhost', ca: cert });
    client.end('hello\nworld');
    let said = '';
    for await (const chunk of client.setEncoding('utf8')) said += chunk as string;
    expect(said).to.equal('HELLO\nWORLD\n');
    expect(await example.interrupt()).to.deep.equal({ status: 0, stderr: '' });
    const { status, stderr } = await run('secure-lines').ended;
    expect([status, stderr]).to.deep.equal([2, 'usage: node dist/examples/secure-lines.js KEY CERT [PORT]\n']);
  });

  it('notebook keeps lines, and to its folder', async () => {
    const first = run('notebook', directory, 'today', 'one');
    expect(await first.ended).to.deep.equal({ status: 0, stderr: '' });
    const second = run('notebook', directory, 'today', 'two');
    expect(await second.ended).to.deep.equal({ status: 0, stderr: '' });
    expect(second.stdout).to.equal('one\ntwo\n');
    const outside = await run('notebook', directory, '../elsewhere', 'three').ended;
    expect(outside.status).to.equal(1);
    expect(outside.stderr).to.include(`open ../elsewhere: EXDEV, it leads out of ${directory}`);
  });

  it('each is short, and each is run here', () => {
    const folder = new URL('../../../test/', import.meta.url);
    // One is run by the test of the command that shows it.
    const names = [...readdirSync(new URL('examples/', folder)).map(name => `examples/${name}`), 'cli/top.test.ts'];
    const tests = names.map(name => readFileSync(new URL(name, folder), 'utf8'));
    for (const file of readdirSync(sources).filter(name => name.endsWith('.ts'))) {
      const lines = readFileSync(new URL(file, sources), 'utf8').trimEnd().split('\n').length;
      expect(lines, file).to.be.below(LONG.has(file) ? 150 : 60);
      const start = new RegExp(`(run|new Example)\\('${file.slice(0, -3)}'`);
      expect(
        tests.some(test => start.test(test)),
        file,
      ).to.equal(true);
    }
  });
});
