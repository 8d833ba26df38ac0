import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { renameSync, symlinkSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { currentReactor } from '../../../src/index.js';
import { createStaticServer, HttpResponse, type HttpRequest } from '../../../src/servers.js';
import { openSite } from '../../../src/servers/serve/site.js';
import { patternBytes } from '../../support/files.js';
import { exchange, statusesIn } from '../exchange.js';
import { ask, openBelow, Served } from './served.js';

const LARGE = patternBytes(0, 300_000);
const SCRIPT = 'export {};\n'.repeat(200);

after(() => currentReactor().close());

describe('a static server', () => {
  const files = new Served({
    'index.html': '<p>home',
    'a b.txt': 'with a space',
    'ü.txt': 'umlaut',
    'small.txt': 'small',
    'large.bin': LARGE,
    'empty.txt': '',
    'sub/index.html': '<p>sub',
    'plain/file.txt': 'x',
    '.secret': 'secret',
    '.well-known/security.txt': 'contact',
    'sub/.git/config': 'secret',
    'app.js': SCRIPT,
    'app.js.gz': gzipSync(SCRIPT),
    'app.js.br': brotliCompressSync(SCRIPT),
    'old.js': 'new',
    'errors/404.html': '<p>lost',
    'assets/x.css': 'a{}',
  });

  for (const [name, content] of [
    ['small.txt', Buffer.from('small')],
    ['large.bin', LARGE],
    ['empty.txt', Buffer.alloc(0)],
  ] as const) {
    it(`${name}: GET has the bytes, HEAD the same fields without them`, async () => {
      const server = await files.server();
      const got = await ask(server, `/${name}`);
      expect(got.status).to.equal(200);
      expect(got.body.equals(content)).to.equal(true);
      expect(got.headers['content-length']).to.equal(`${content.length}`);
      expect(got.headers['accept-ranges']).to.equal('bytes');
      expect(Date.parse(got.headers['last-modified']!)).to.be.lessThan(Date.now() - 3_000_000);
      expect(Math.abs(Date.parse(got.headers.date!) - Date.now())).to.be.lessThan(60_000);
      const head = await ask(server, `/${name}`, {}, 'HEAD');
      expect(head.body).to.have.length(0);
      expect({ ...head.headers, date: '' }).to.deep.equal({ ...got.headers, date: '' });
    });

    it(`${name}: parts, one and several`, async () => {
      const server = await files.server();
      if (content.length === 0) {
        const none = await ask(server, `/${name}`, { Range: 'bytes=0-' });
        expect(none.status).to.equal(416);
        expect(none.headers['content-range']).to.equal('bytes */0');
        return;
      }
      const end = await ask(server, `/${name}`, { Range: 'bytes=-3' });
      expect(end.status).to.equal(206);
      expect(end.headers['content-range']).to.equal(
        `bytes ${content.length - 3}-${content.length - 1}/${content.length}`,
      );
      expect(end.body.equals(content.subarray(-3))).to.equal(true);
      const two = await ask(server, `/${name}`, { Range: 'bytes=0-0,3-4' });
      expect(two.status).to.equal(206);
      const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(two.headers['content-type']!)![1];
      const parts = two.body.toString('latin1').split(`\r\n--${boundary}`);
      expect(parts).to.have.length(4);
      expect(parts[3]).to.equal('--\r\n');
      expect(parts[1]).to.match(new RegExp(`\r\nContent-Range: bytes 0-0/${content.length}\r\n\r\n`));
      expect(parts[1].endsWith(`\r\n\r\n${content.toString('latin1', 0, 1)}`)).to.equal(true);
      expect(parts[2].endsWith(`\r\n\r\n${content.toString('latin1', 3, 5)}`)).to.equal(true);
    });
  }

  it('conditions count before ranges, and a range of an old version is the whole', async () => {
    const server = await files.server();
    const { headers } = await ask(server, '/small.txt');
    const etag = headers.etag!;
    expect(etag).to.match(/^"/);
    const since = headers['last-modified']!;
    const same = await ask(server, '/small.txt', { 'If-None-Match': etag, Range: 'bytes=0-1' });
    expect(same.status).to.equal(304);
    expect(same.headers.etag).to.equal(etag);
    expect(same.headers).to.not.have.property('content-type');
    expect((await ask(server, '/small.txt', { 'If-Modified-Since': since })).status).to.equal(304);
    expect((await ask(server, '/small.txt', { 'If-Match': '"other"' })).status).to.equal(412);
    expect((await ask(server, '/small.txt', { 'If-Range': etag, Range: 'bytes=0-1' })).body.toString()).to.equal('sm');
    const whole = await ask(server, '/small.txt', { 'If-Range': '"other"', Range: 'bytes=0-1' });
    expect(whole.status).to.equal(200);
    expect(whole.body.toString()).to.equal('small');
    expect((await ask(server, '/small.txt', { Range: 'bytes=0-1' }, 'HEAD')).status).to.equal(200);
  });

  it('a file that was changed just now has a weak tag, which becomes strong', async () => {
    const server = await files.server({ cache: { freshMs: 0 } });
    files.write('young.txt', 'young', 0);
    const young = await ask(server, '/young.txt');
    expect(young.headers.etag).to.match(/^W\/"/);
    files.write('young.txt', 'young', 5_000);
    expect((await ask(server, '/young.txt')).headers.etag).to.match(/^"/);
  });

  it('answers in the version that was asked in, and keeps the connection as it says', async () => {
    const { port } = await files.server();
    const old = await exchange(port, 'GET /small.txt HTTP/1.0\r\n\r\n');
    expect(old).to.match(/^HTTP\/1\.0 200 OK\r\n[^]*Connection: close\r\n[^]*small$/);
    const ends = 'Connection: close\r\n';
    const kept = await exchange(
      port,
      `GET /small.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /small.txt HTTP/1.1\r\nHost: a\r\n${ends}\r\n`,
    );
    expect(kept).to.match(
      /^HTTP\/1\.0 200 OK\r\n[^]*Connection: keep-alive\r\n[^]*smallHTTP\/1\.1 200 OK\r\n[^]*small$/,
    );
  });

  it('pipelined requests are answered in their order, small and large', async () => {
    const { port } = await files.server();
    const paths = ['large.bin', 'small.txt', 'nothing', 'large.bin', 'empty.txt', 'small.txt'];
    const requests = paths.map(path => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join('');
    const last = 'GET /sub HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const received = await exchange(port, requests + last);
    expect(statusesIn(received)).to.deep.equal([200, 200, 404, 200, 200, 200, 301]);
    expect(received.split(LARGE.toString('latin1'))).to.have.length(3);
  });

  it('a client that ends its side behind the last request still gets the answers', async () => {
    const { port } = await files.server();
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end('GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\nGET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(statusesIn(Buffer.concat(chunks).toString('latin1'))).to.deep.equal([200, 200]);
  });

  it('directories: their index, a redirect to the slash with the query, and nothing without an index', async () => {
    const server = await files.server();
    expect((await ask(server, '/')).body.toString()).to.equal('<p>home');
    expect((await ask(server, '/sub/')).body.toString()).to.equal('<p>sub');
    const moved = await ask(server, '/sub?a=b');
    expect([moved.status, moved.headers.location]).to.deep.equal([301, '/sub/?a=b']);
    expect((await ask(server, '/plain/')).status).to.equal(404);
    expect((await ask(server, '/small.txt/')).status).to.equal(404);
  });

  it('names with spaces and of other alphabets', async () => {
    const server = await files.server();
    expect((await ask(server, '/a%20b.txt')).body.toString()).to.equal('with a space');
    expect((await ask(server, '/%C3%BC.txt')).body.toString()).to.equal('umlaut');
    expect((await ask(server, '/small.txt?q=%2e%2e')).body.toString()).to.equal('small');
  });

  const OUTSIDE = [
    '/../small.txt',
    '/sub/../small.txt',
    '/%2e%2e/small.txt',
    '/%2E%2E%2Fsmall.txt',
    '/..%2fsmall.txt',
    '/..%5csmall.txt',
    '/..\\small.txt',
    '/%252e%252e/small.txt',
    '/..%c0%afsmall.txt',
    '/%c0%ae%c0%ae/small.txt',
    '/%e0%80%ae%e0%80%ae/small.txt',
    '/.%00./small.txt',
    '/small.txt%00',
    '/small.txt%00.html',
    '/.',
    '/./small.txt',
    '//small.txt',
    '/sub//index.html',
    '//etc/passwd',
    '/%2fetc/passwd',
    '/..;/small.txt',
    '/%',
    '/%zz',
    '/%u002e%u002e/small.txt',
    '/.secret',
    '/%2esecret',
    '/sub/.git/config',
    '/link-out',
    '/link-out/passwd',
    '/link-absolute',
    '/fifo',
  ];

  it('nothing outside the directory, no dot file and no device is served, however it is written', async () => {
    symlinkSync('..', files.path('link-out'));
    symlinkSync('/etc/passwd', files.path('link-absolute'));
    execFileSync('mkfifo', [files.path('fifo')]);
    const { port } = await files.server({ listing: true });
    for (const path of OUTSIDE) {
      const received = await exchange(port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(statusesIn(received), path).to.deep.equal([404]);
    }
  });

  it('dot files if they are asked for, and .well-known always', async () => {
    expect((await ask(await files.server(), '/.well-known/security.txt')).body.toString()).to.equal('contact');
    const open = await files.server({ dotFiles: 'allow' });
    expect((await ask(open, '/.secret')).body.toString()).to.equal('secret');
    expect((await exchange(open.port, 'GET /../.secret HTTP/1.0\r\n\r\n')).slice(9, 12)).to.equal('404');
  });

  it('forms that were compressed beforehand, by the weights of the client', async () => {
    const server = await files.server();
    const codingFor = async (accept: string | undefined) => {
      const answer = await ask(server, '/app.js', accept === undefined ? {} : { 'Accept-Encoding': accept });
      expect(answer.headers.vary).to.equal('Accept-Encoding');
      expect(answer.headers['content-type']).to.equal('text/javascript; charset=utf-8');
      return answer.headers['content-encoding'];
    };
    expect(await codingFor(undefined)).to.equal(undefined);
    expect(await codingFor('gzip, deflate, br')).to.equal('br');
    expect(await codingFor('gzip')).to.equal('gzip');
    expect(await codingFor('br;q=0.5, gzip')).to.equal('gzip');
    expect(await codingFor('br;q=0, *')).to.equal('gzip');
    expect(await codingFor('gzip;q=0, br;q=0')).to.equal(undefined);
    expect(await codingFor('gzip;q=0.5, identity')).to.equal(undefined);
    const tags = [await ask(server, '/app.js'), await ask(server, '/app.js', { 'Accept-Encoding': 'br' })];
    expect(tags[0].headers.etag).to.not.equal(tags[1].headers.etag);
  });

  it('a form that is older than the file is of another version, and is not sent', async () => {
    files.write('old.js.gz', gzipSync('old'), 7_200_000);
    const answer = await ask(await files.server(), '/old.js', { 'Accept-Encoding': 'gzip' });
    expect(answer.body.toString()).to.equal('new');
  });

  it('a change is seen once what is known is no longer fresh', async () => {
    const server = await files.server({ cache: { freshMs: 0 } });
    files.write('changing.txt', 'one');
    const one = await ask(server, '/changing.txt');
    files.write('next.txt', 'two');
    renameSync(files.path('next.txt'), files.path('changing.txt'));
    const two = await ask(server, '/changing.txt');
    expect([one.body.toString(), two.body.toString()]).to.deep.equal(['one', 'two']);
    renameSync(files.path('changing.txt'), files.path('gone.txt'));
    expect((await ask(server, '/changing.txt')).status).to.equal(404);
  });

  it('a file that was cut short, and is thought fresh, is asked for anew', async () => {
    const server = await files.server({ cache: { freshMs: 60_000 } });
    files.write('cut.bin', LARGE);
    expect((await ask(server, '/cut.bin')).body).to.have.length(LARGE.length);
    truncateSync(files.path('cut.bin'), 100_000);
    expect((await ask(server, '/cut.bin')).body.equals(LARGE.subarray(0, 100_000))).to.equal(true);
  });

  it('a client that goes while its file is looked up gets no answer, and is no trouble', async () => {
    const failures: unknown[] = [];
    const note = (failure: unknown): void => void failures.push(failure);
    process.on('unhandledRejection', note);
    const site = await openSite({ directory: files.folder, errorPages: { 404: 'errors/404.html' } }, note);
    const sent: unknown[] = [];
    const sink = {
      mayGoOn: true,
      send: (data: unknown) => sent.push(data) > 0,
      drained: () => Promise.resolve(),
      sendFile: () => Promise.resolve(),
      onOver: () => {},
      breakOff: () => {},
    };
    for (const path of ['/small.txt', '/sub', '/nothing', '/large.bin', '/']) {
      const request = {
        method: 'GET',
        path,
        query: '',
        get: () => undefined,
        keepAlive: true,
      } as unknown as HttpRequest;
      const response = new HttpResponse(request, sink);
      site.answer(request, response);
      response.breakOff(new Error('the client went'));
    }
    // Asked for last, and so answered behind all others.
    const last = { method: 'GET', path: '/plain', query: '', get: () => undefined } as unknown as HttpRequest;
    await new Promise<void>(resolve => site.answer(last, new HttpResponse(last, { ...sink, onOver: resolve })));
    for (let turns = 0; turns < 5; turns++) await new Promise(resolve => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(failures).to.deep.equal([]);
    expect(sent).to.have.length(1);
    await site.close();
  });

  it('keeps no more files open than it may', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many/${index}.bin`);
    for (const name of names) files.write(name, LARGE.subarray(0, 20_000));
    const server = await files.server({ cache: { maxFiles: 3 } });
    for (const name of names) expect((await ask(server, `/${name}`)).body).to.have.length(20_000);
    expect(openBelow(files.folder)).to.be.at.most(4);
  });

  it('fields by patterns, types by endings', async () => {
    const server = await files.server({
      rules: [
        { match: 'assets/**', cacheControl: 'public, max-age=31536000, immutable' },
        { match: '*.html', cacheControl: 'no-cache', fields: { 'X-Frame-Options': 'DENY' } },
      ],
      types: { '.css': 'text/x-own' },
    });
    const css = await ask(server, '/assets/x.css');
    expect(css.headers['cache-control']).to.equal('public, max-age=31536000, immutable');
    expect(css.headers['content-type']).to.equal('text/x-own');
    const page = await ask(server, '/sub/');
    expect([page.headers['cache-control'], page.headers['x-frame-options']]).to.deep.equal(['no-cache', 'DENY']);
    expect((await ask(server, '/small.txt')).headers).to.not.have.property('cache-control');
  });

  it('the page of an application, for who accepts pages', async () => {
    const server = await files.server({ fallback: 'index.html' });
    const page = await ask(server, '/some/where', { Accept: 'text/html,*/*' });
    expect([page.status, page.body.toString()]).to.deep.equal([200, '<p>home']);
    expect((await ask(server, '/missing.js', { Accept: '*/*' })).status).to.equal(404);
  });

  it('pages of errors', async () => {
    const server = await files.server({ errorPages: { 404: 'errors/404.html' } });
    const lost = await ask(server, '/nothing', { 'If-None-Match': '*', Range: 'bytes=0-1' });
    expect([lost.status, lost.body.toString()]).to.deep.equal([404, '<p>lost']);
    expect((await ask(server, '/nothing', {}, 'HEAD')).status).to.equal(404);
  });

  it('redirects, which lead to no other server', async () => {
    const server = await files.server({
      redirects: [
        { from: '/old', to: '/small.txt', status: 308 },
        { from: '/docs/*', to: '/*' },
        { from: '/away', to: 'https://example.org/' },
      ],
    });
    const location = async (path: string) => {
      const { status, headers } = await ask(server, path);
      return [status, headers.location];
    };
    expect(await location('/old')).to.deep.equal([308, '/small.txt']);
    expect(await location('/docs/a/b')).to.deep.equal([301, '/a/b']);
    expect(await location('/docs//evil.example')).to.deep.equal([301, '/evil.example']);
    expect(await location('/away')).to.deep.equal([301, 'https://example.org/']);
  });

  it('other origins, all or those that are named', async () => {
    const all = await files.server({ cors: '*' });
    expect((await ask(all, '/small.txt')).headers['access-control-allow-origin']).to.equal('*');
    const some = await files.server({ cors: ['https://app.example'] });
    const origin = async (from: string, method = 'GET') =>
      (await ask(some, '/small.txt', { Origin: from }, method)).headers['access-control-allow-origin'];
    expect(await origin('https://app.example')).to.equal('https://app.example');
    expect(await origin('https://app.example.evil')).to.equal(undefined);
    expect(await origin('https://app.example', 'OPTIONS')).to.equal('https://app.example');
    expect((await ask(some, '/small.txt')).headers.vary).to.equal('Origin');
    const preflight = await ask(some, '/small.txt', { Origin: 'https://app.example' }, 'OPTIONS');
    expect([preflight.status, preflight.headers['access-control-allow-methods']]).to.deep.equal([204, 'GET, HEAD']);
  });

  it('other methods are refused, with those that are allowed', async () => {
    const server = await files.server();
    const refused = await ask(server, '/small.txt', {}, 'DELETE');
    expect([refused.status, refused.headers.allow]).to.deep.equal([405, 'GET, HEAD, OPTIONS']);
  });

  it('a site for each host', async () => {
    const server = await files.server({
      hosts: { 'a.example': { directory: files.path('sub') }, '*.b.example': { directory: files.path('assets') } },
    });
    const text = async (host: string, path: string) => (await ask(server, path, { Host: host })).body.toString();
    expect(await text('A.example:8080', '/')).to.equal('<p>sub');
    expect(await text('x.y.b.example', '/x.css')).to.equal('a{}');
    expect(await text('b.example', '/')).to.equal('<p>home');
    const absolute = 'GET http://a.example/ HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n';
    expect(await exchange(server.port, absolute)).to.match(/<p>sub$/);
  });

  it('a list of what is there, if it is asked for, without what is not served', async () => {
    files.write('list/<b>&.txt', 'x'.repeat(2000));
    files.write('list/.hidden', '');
    files.write('list/inner/x', '');
    symlinkSync('/etc/passwd', files.path('list/out'));
    const server = await files.server({ listing: true });
    const page = (await ask(server, '/list/', { Accept: 'text/html' })).body.toString();
    expect(page).to.include('href="./%3Cb%3E%26.txt"').and.to.include('&#60;b&#62;&#38;.txt').and.to.include('2.0 KiB');
    expect(page).to.not.include('<b>').and.to.not.include('.hidden').and.to.not.include('out');
    const json = JSON.parse((await ask(server, '/list/', { Accept: 'application/json' })).body.toString()) as object[];
    expect(json.map(entry => (entry as { name: string }).name)).to.deep.equal(['inner', '<b>&.txt']);
  });

  it('says which option makes no sense', async () => {
    const wrong: readonly [object, RegExp][] = [
      [{}, /directory/],
      [{ directory: '.', lists: true }, /'lists' is no option/],
      [{ directory: '.', cache: { freshMs: -1 } }, /cache\.freshMs: -1/],
      [{ directory: '.', ceilings: { maxFields: 0 } }, /ceilings\.maxFields: 0/],
      [{ directory: '.', fallback: '/index.html' }, /fallback/],
      [{ directory: '.', errorPages: { 200: 'x' } }, /errorPages: 200/],
      [{ directory: '.', redirects: [{ from: 'a', to: '/' }] }, /redirects\[0\]\.from/],
      [{ directory: '.', redirects: [{ from: '/a', to: 'javascript:x' }] }, /redirects\[0\]\.to/],
      [{ directory: '.', hosts: { 'A:80': { directory: '.' } } }, /hosts\['A:80'\]/],
      [{ directory: '.', rules: [{ match: '*', cacheControl: 'a\r\nb' }] }, /Cache-Control/],
      [{ directory: './nothing-here' }, /ENOENT/],
    ];
    for (const [options, says] of wrong) {
      const refusal = await createStaticServer(options as never).then(
        () => undefined,
        (error: Error) => error.message,
      );
      expect(refusal).to.match(says);
    }
  });
});
