/** What passes a proxy that speaks HTTP, and what does not: fields, bodies, framing, hosts. */
import { expect } from 'chai';
import { exchange, statusesIn } from '../../exchange.js';
import { leavesNothing, LOOPBACK } from '../upstreams.js';
import { answering, httpProxying, lastHead, nodeUpstream, portOf, scriptedUpstream } from './http-upstreams.js';

const CLOSE = 'Connection: close\r\n';

describe('a proxy that speaks HTTP', () => {
  leavesNothing();

  it('writes the head anew: fields of one connection go, and who asks is added', async () => {
    const upstream = await nodeUpstream();
    const port = portOf(await httpProxying(upstream.port));
    const dropped = 'Keep-Alive: 5\r\nTE: gzip\r\nTrailer: X\r\nProxy-Authorization: x\r\nX-Hop: 1\r\nUpgrade: h2c\r\n';
    const forged =
      'X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded-Port: 1\r\nForwarded: for=6.6.6.6\r\n';
    const fields = `Connection: close, X-Hop, Upgrade\r\n${dropped}${forged}X-Odd:   a \xe9 b \t\r\nCookie: a=1\r\nCookie: b=2\r\n`;
    const received = await exchange(port, `GET /a?b=%20 HTTP/1.1\r\nhost: Ex.org:81\r\n${fields}\r\n`);
    expect(lastHead(upstream.received()).split('\r\n')).to.deep.equal([
      'GET /a?b=%20 HTTP/1.1',
      'Host: Ex.org:81',
      'X-Odd: a \xe9 b',
      'Cookie: a=1',
      'Cookie: b=2',
      `X-Forwarded-For: ${LOOPBACK}`,
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: Ex.org:81',
      'Via: 1.1 pollux',
    ]);
    expect(received).to.match(
      /^HTTP\/1\.1 200 OK\r\n[^]*\r\nVia: 1\.1 pollux\r\nConnection: close\r\n\r\nGET \/a\?b=%20 $/,
    );
  });

  it('adds to what proxies say that are trusted', async () => {
    const upstream = await nodeUpstream();
    const http = { trustedForwarders: '127.0.0.0/8', forwarded: true, via: 'edge', host: 'upstream' as const };
    const port = portOf(await httpProxying(upstream.port, http));
    const said =
      'X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\nForwarded: for=1.1.1.1\r\nVia: 1.0 x\r\n';
    await exchange(port, `GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}${said}X-Forwarded-Port: 444\r\n\r\n`);
    expect(lastHead(upstream.received()).split('\r\n').slice(1)).to.deep.equal([
      `Host: ${LOOPBACK}:${upstream.port}`,
      'X-Forwarded-Port: 444',
      `X-Forwarded-For: 1.1.1.1, ${LOOPBACK}`,
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: b',
      `Forwarded: for=1.1.1.1, for=${LOOPBACK};host="a";proto=http`,
      'Via: 1.0 x, 1.1 edge',
    ]);
  });

  it('drops the same of responses, and passes all else as it came', async () => {
    const fields =
      'Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Status: x\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: then\r\n';
    const port = portOf(
      await httpProxying(
        await scriptedUpstream(answering(`HTTP/1.1 299 So\xe9 so\r\n${fields}content-LENGTH: 02\r\n\r\nok`)),
        { via: '' },
      ),
    );
    const received = await exchange(port, `GET / HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    expect(received).to.equal(
      'HTTP/1.1 299 So\xe9 so\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: then\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
    );
  });

  it('takes targets in absolute form, whose host counts, and hosts of HTTP/1.0 or none', async () => {
    const upstream = await nodeUpstream();
    const port = portOf(await httpProxying(upstream.port));
    await exchange(port, `GET http://B.org:8/p?q HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    expect(lastHead(upstream.received())).to.match(/^GET \/p\?q HTTP\/1\.1\r\nHost: B\.org:8\r\n/);
    const received = await exchange(port, 'GET /0 HTTP/1.0\r\n\r\n');
    expect(lastHead(upstream.received())).to.match(
      new RegExp(`^.*GET /0 HTTP/1.1\r\nHost: ${LOOPBACK}:${upstream.port}\r\n`, 's'),
    );
    expect(received).to.match(/^HTTP\/1\.0 200 OK\r\n[^]*Connection: close\r\n\r\nGET \/0 $/);
  });

  it('keeps connections on both sides, answers pipelined requests in order, and tells so', async () => {
    const upstream = await nodeUpstream();
    const proxy = await httpProxying(upstream.port);
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    const received = await exchange(portOf(proxy), get('/1') + get('/2') + get('/3', CLOSE));
    expect([...received.matchAll(/GET \/\d/g)].map(String)).to.deep.equal(['GET /1', 'GET /2', 'GET /3']);
    await exchange(portOf(proxy), get('/4', CLOSE));
    expect(upstream.connections()).to.equal(1);
    const { http } = proxy.snapshot();
    expect(http).to.include({ requests: 4, dialled: 1, reused: 3, idle: 1 });
    expect(http!.responses[2]).to.equal(4);
  });

  it('gives HTTP/1.0 clients what they can read, and keeps their connection if they ask', async () => {
    const port = portOf(
      await httpProxying(
        (
          await nodeUpstream((_, response) => {
            response.write('a');
            response.end('b');
          })
        ).port,
      ),
    );
    const received = await exchange(port, 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n');
    expect(received).to.match(/^HTTP\/1\.0 200 OK\r\n(?![^]*Transfer-Encoding)[^]*Connection: close\r\n\r\nab$/);
    const plain = portOf(await httpProxying((await nodeUpstream()).port));
    const twice = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n';
    const both = await exchange(plain, twice);
    expect(both).to.match(/^HTTP\/1\.0 200[^]*Connection: keep-alive\r\n[^]*HTTP\/1\.0 200[^]*Connection: close/);
  });

  it('re-frames chunks both ways, with their trailers, and without those that may not come there', async () => {
    const answer =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-Sum: 9\r\nSet-Cookie: no\r\n\r\n';
    let passed = '';
    const port = portOf(
      await httpProxying(
        await scriptedUpstream(socket => {
          socket.setEncoding('latin1').on('data', (text: string) => {
            passed += text;
            if (passed.includes('X-In: 1')) socket.write(answer);
          });
        }),
      ),
    );
    const body = '2\r\nde\r\n1;a="b"\r\nf\r\n0\r\nX-In: 1\r\nAuthorization: 5\r\nHost: b\r\n\r\n';
    const received = await exchange(
      port,
      `POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n${CLOSE}Transfer-Encoding: chunked\r\n\r\n${body}`,
    );
    expect(received).to.match(/\r\nTransfer-Encoding: chunked\r\n[^]*\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n$/);
    expect(received).to.not.match(/Trailer:/);
    const [head, ...parts] = passed.split('\r\n\r\n');
    expect(head).to.include('\r\nTE: trailers\r\nConnection: TE').and.to.include('\r\nTransfer-Encoding: chunked\r\n');
    expect(parts.join('\r\n\r\n')).to.match(/0\r\nX-In: 1\r\n\r\n$/);
    expect(parts.join('').replace(/\r\n|^\d/g, '')).to.match(/^d?e?\d?d?e?\d?f0X-In: 1$/);
  });

  it('knows that HEAD, 204 and 304 have no body, whatever their fields say', async () => {
    const empty = 'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'.split(
      /(?=HTTP)/,
    );
    let index = 0;
    const port = portOf(
      await httpProxying(
        await scriptedUpstream(socket => {
          socket.on('data', () =>
            socket.write(index < 2 ? empty[index++] : 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'),
          );
        }),
      ),
    );
    const received = await exchange(
      port,
      `GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`,
    );
    expect(statusesIn(received)).to.deep.equal([304, 204, 200]);
    expect(received).to.match(/304[^]*Content-Length: 7\r\n[^]*204[^]*200[^]*Content-Length: 9\r\n[^]*\r\n\r\n$/);
  });

  it('passes responses before the response, and 100 (Continue) to those who wait for it', async () => {
    const port = portOf(
      await httpProxying(
        await scriptedUpstream(socket => {
          let text = '';
          socket.setEncoding('latin1').on('data', (piece: string) => {
            if (text === '')
              socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
            text += piece;
            if (text.endsWith('body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
          });
        }),
      ),
    );
    const expecting = `POST / HTTP/1.1\r\nHost: a\r\n${CLOSE}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n`;
    const received = await exchange(port, expecting, 'body');
    expect(statusesIn(received)).to.deep.equal([103, 100, 200]);
    expect(received).to.include('Link: </a>\r\n');
    expect(statusesIn(await exchange(port, expecting.replace('1.1', '1.0'), 'body'))).to.deep.equal([200]);
  });

  it('closes behind a response that came in place of 100 (Continue)', async () => {
    const port = portOf(
      await httpProxying(await scriptedUpstream(answering('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'))),
    );
    const received = await exchange(
      port,
      'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
    );
    expect(received).to.match(/^HTTP\/1\.1 403 No\r\n[^]*Connection: close\r\n\r\n$/);
  });

  it('routes by host and path to pools, and refuses what leads out of a path', async () => {
    const ports = await Promise.all(
      ['a', 'b', 'c'].map(
        async name => (await nodeUpstream((request, response) => response.end(`${name} ${request.url}`))).port,
      ),
    );
    const [a, b, c] = ports.map(port => ({ upstreams: [{ host: LOOPBACK, port }] }));
    const http = {
      routes: [
        { hosts: ['*.api.org', 'api.org'], paths: '/v1', pool: 'b' },
        { paths: ['/admin/', '/x'], pool: 'c' },
        { hosts: 'only.org', pool: 'a' },
      ],
    };
    const proxy = await httpProxying(1, http, { pool: undefined, pools: { a, b, c } });
    const ask = async (host: string, path: string) => {
      const received = await exchange(portOf(proxy), `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${CLOSE}\r\n`);
      return received.includes(' 200 OK') ? received.split('\r\n\r\n')[1] : statusesIn(received)[0];
    };
    expect(await ask('www.API.org:80', '/v1/x')).to.equal('b /v1/x');
    expect(await ask('api.org', '/v1?a')).to.equal('b /v1?a');
    expect(await ask('api.org', '/v11')).to.equal(404);
    expect(await ask('xapi.org', '/v1')).to.equal(404);
    expect(await ask('q', '/admin')).to.equal('c /admin');
    expect(await ask('q', '/%61dmin/1')).to.equal('c /%61dmin/1');
    expect(await ask('api.org', '/v1/../admin/1')).to.equal('c /v1/../admin/1');
    expect(await ask('api.org', '/v1/%2e%2E/x//y')).to.equal('c /v1/%2e%2E/x//y');
    expect(await ask('only.org', '//admin')).to.equal('c //admin');
    expect(await ask('only.org', '/')).to.equal('a /');
    expect(await ask('only.org', '/..')).to.equal(400);
    expect(await ask('only.org', '/a#b')).to.equal(400);
  });

  it('refuses what it has no room for', async () => {
    const upstream = await nodeUpstream();
    const http = { ceilings: { maxBodyBytes: 4, maxHeadBytes: 400, maxTargetBytes: 20, maxRequests: 2 } };
    const port = portOf(await httpProxying(upstream.port, http));
    const status = async (text: string) => statusesIn(await exchange(port, text));
    expect(await status('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n')).to.deep.equal([413]);
    expect(
      await status('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n'),
    ).to.deep.equal([413]);
    expect(await status(`GET /${'a'.repeat(30)} HTTP/1.1\r\nHost: a\r\n\r\n`)).to.deep.equal([414]);
    expect(await status(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(400)}\r\n\r\n`)).to.deep.equal([431]);
    expect(await status('TRACE / HTTP/1.1\r\nHost: a\r\n\r\n')).to.deep.equal([405]);
    expect(await status('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3))).to.deep.equal([200, 200]);
  });

  it('writes the access log', async () => {
    const lines: string[] = [];
    const accessLog = { format: 'common' as const, to: { write: (line: string) => lines.push(line) } };
    const port = portOf(await httpProxying((await nodeUpstream()).port, { accessLog }));
    await exchange(port, `GET /logged HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^127\.0\.0\.1 - - \[[^\]]+\] "GET \/logged HTTP\/1\.1" 200 12\n$/);
  });
});
