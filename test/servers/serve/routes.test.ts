import { expect } from 'chai';
import { currentReactor } from '../../../src/index.js';
import type { LineSink, StaticServer } from '../../../src/servers.js';
import { patternBytes } from '../../support/files.js';
import { exchange, statusesIn } from '../exchange.js';
import { ask, Served } from './served.js';

const BYTES = patternBytes(0, 1_000_000);

describe('routes, drain and the log', () => {
  const files = new Served({ 'small.txt': 'small', 'large.bin': BYTES });
  after(() => currentReactor().close());

  const post = (server: StaticServer, path: string, body: Buffer, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', body, headers });

  it('bodies stream both ways, at the pace of the slower side', async () => {
    const server = await files.server();
    server.route('/echo', async (request, response) => {
      response.begin(200, { 'Content-Type': 'application/octet-stream' });
      for await (const chunk of request) await response.write(chunk);
      response.end();
    });
    const answer = await post(server, '/echo', BYTES);
    expect(Buffer.from(await answer.arrayBuffer()).equals(BYTES)).to.equal(true);
    expect(server.counters.requests).to.equal(1);
  });

  it('100 (Continue) is sent when the body is wanted, and not before', async () => {
    const server = await files.server();
    server.route('/take', async (request, response) => response.send(200, {}, await request.body.text()));
    server.route('/leave', (_request, response) => response.send(403));
    const head = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
    expect(statusesIn(await exchange(server.port, head('/take'), 'abcde'))).to.deep.equal([100, 200]);
    expect(statusesIn(await exchange(server.port, head('/leave')))).to.deep.equal([403]);
  });

  it('the longest path counts, and a path is no prefix of a name', async () => {
    const server = await files.server();
    server.route('/a', (_request, response) => response.send(200, {}, 'a'));
    server.route('/a/b', (_request, response) => response.send(200, {}, 'b'));
    const text = async (path: string) => (await ask(server, path)).body.toString();
    expect([await text('/a'), await text('/a/x'), await text('/a/b?q')]).to.deep.equal(['a', 'a', 'b']);
    expect((await ask(server, '/ab')).status).to.equal(404);
  });

  it('what a handler throws is 500 and told; what breaks behind the head breaks the connection', async () => {
    const told: string[] = [];
    const server = await files.server({ onError: failure => told.push(failure.message) });
    server.route('/throws', () => {
      throw new Error('one');
    });
    server.route('/rejects', () => Promise.reject(new Error('two')));
    server.route('/nothing', () => Promise.resolve());
    server.route('/short', async (_request, response) => {
      response.begin(200, {}, 10);
      await response.write('abc');
      response.end();
    });
    server.route('/late', async (_request, response) => {
      response.begin(200);
      await response.write('abc');
      throw new Error('three');
    });
    expect((await ask(server, '/throws')).status).to.equal(500);
    expect((await ask(server, '/rejects')).status).to.equal(500);
    expect((await ask(server, '/nothing')).status).to.equal(500);
    for (const path of ['/short', '/late']) {
      const failure = await ask(server, path).catch((error: NodeJS.ErrnoException) => error.code);
      expect(failure, path).to.equal('ECONNRESET');
    }
    expect(told.slice(0, 3)).to.deep.equal(['one', 'two', 'a handler returned without a response']);
    expect(told).to.include('three');
  });

  it('refuses statuses that are none, fields that would end the line, and more bytes than were declared', async () => {
    const server = await files.server();
    const refused: string[] = [];
    server.route('/', async (_request, response) => {
      for (const [name, value] of [
        ['X-A', 'a\r\nB: c'],
        ['X A', 'a'],
        ['Connection', 'x'],
        ['X-A', '€'],
      ]) {
        try {
          response.send(200, { [name]: value });
        } catch (error) {
          refused.push((error as Error).name);
        }
      }
      for (const status of [NaN, 0, 101, 199, 600, 200.5]) {
        expect(() => response.send(status), `${status}`).to.throw(RangeError, 'allowed: integers from 200 to 599');
      }
      response.begin(200, {}, 3);
      await response.write('abcd').catch((error: Error) => refused.push(error.name));
      response.end('abc');
    });
    expect((await ask(server, '/')).body.toString()).to.equal('abc');
    expect(refused).to.deep.equal(['TypeError', 'TypeError', 'TypeError', 'TypeError', 'RangeError']);
  });

  it('drain lets a response come to its end, and ends idle connections', async () => {
    const server = await files.server();
    let release!: () => void;
    const gate = new Promise<void>(resolve => (release = resolve));
    let begun!: () => void;
    const started = new Promise<void>(resolve => (begun = resolve));
    server.route('/slow', async (_request, response) => {
      begun();
      await gate;
      response.send(200, {}, 'done');
    });
    const idle = exchange(server.port, 'GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n');
    const slow = ask(server, '/slow');
    await started;
    const drained = server.drain();
    expect(statusesIn(await idle)).to.deep.equal([200]);
    release();
    const { body, headers } = await slow;
    expect([body.toString(), headers.connection]).to.deep.equal(['done', 'close']);
    expect(await drained).to.deep.equal({ brokenOff: 0 });
  });

  it('drain breaks off at its deadline', async () => {
    const server = await files.server();
    let begun!: () => void;
    const started = new Promise<void>(resolve => (begun = resolve));
    server.route('/never', () => {
      begun();
      return new Promise(() => {});
    });
    const never = ask(server, '/never').catch((error: NodeJS.ErrnoException) => error.code);
    await started;
    expect(await server.drain({ deadlineMs: 20 })).to.deep.equal({ brokenOff: 1 });
    expect(await never).to.equal('ECONNRESET');
  });

  it('the log has a line for each response, and nothing of a client can end it', async () => {
    const lines: string[] = [];
    const to: LineSink = { write: line => lines.push(line) };
    const combined = await files.server({ accessLog: { to } });
    await ask(combined, '/small.txt', { 'User-Agent': 'a"b\\c\xff', Referer: 'r' });
    await ask(combined, '/nothing');
    expect(lines).to.have.length(2);
    const time = '\\[\\d{2}/\\w{3}/\\d{4}:\\d{2}:\\d{2}:\\d{2} \\+0000\\]';
    const first = new RegExp(
      `^127\\.0\\.0\\.1 - - ${time} "GET /small\\.txt HTTP/1\\.1" 200 5 "r" "a\\\\x22b\\\\x5cc\\\\xff"\\n$`,
    );
    expect(lines[0]).to.match(first);
    expect(lines[1]).to.include('" 404 ');
    const json = await files.server({ accessLog: { to, format: 'json' } });
    await ask(json, '/small.txt?a');
    const entry = JSON.parse(lines[2]) as Record<string, unknown>;
    expect(entry).to.include({ method: 'GET', target: '/small.txt?a', status: 200, bytes: 5, client: '127.0.0.1' });
    expect(entry.ms).to.be.a('number');
  });
});
