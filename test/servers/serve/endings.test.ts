/** What is left behind when something of a response, or the server itself, has come to its end early. */
import { expect } from 'chai';
import { truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { currentReactor, open, openDirectory } from '../../../src/index.js';
import { openResource } from '../../../src/servers/serve/resource.js';
import { patternBytes } from '../../support/files.js';
import { rejection } from '../../support/sockets.js';
import { collectingUncaught } from '../../support/uncaught.js';
import { exchange, statusesIn } from '../exchange.js';
import { ask, openBelow, Served } from './served.js';

const LARGE = patternBytes(0, 200_000);

describe('what an early end leaves behind', () => {
  const files = new Served({ 'large.bin': LARGE, 'small.txt': 'small', 'app.js': LARGE, 'app.js.br': LARGE });
  after(() => currentReactor().close());

  it('a connection serves on after a file that was cut short while it was known', async () => {
    const server = await files.server({ cache: { freshMs: 60_000 } });
    files.write('cut.bin', LARGE);
    await ask(server, '/cut.bin');
    truncateSync(files.path('cut.bin'), 5);
    const get = (name: string, fields = '') => `GET /${name} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
    const received = await exchange(server.port, `${get('cut.bin')}${get('small.txt', 'Connection: close\r\n')}`);
    expect(statusesIn(received)).to.deep.equal([200, 200]);
    expect(received).to.match(/small$/);
  });

  it('a handler may take its time after a file: the client is not late with anything', async () => {
    const server = await files.server({ timeouts: { writeMs: 40 } });
    server.route('/slow', async (_request, response) => {
      response.begin(200, {}, 10);
      await using file = await open(files.path('small.txt'));
      await response.sendFile(file, { offset: 0, length: 5 });
      await new Promise(resolve => setTimeout(resolve, 200));
      response.end('after');
    });
    expect((await ask(server, '/slow')).body.toString()).to.equal('smallafter');
    expect(server.counters.late.write).to.equal(0);
  });

  it('a body that its client cuts short is the fault of that client: 400, and no trouble of the server', async () => {
    const server = await files.server();
    server.route('/read', async (request, response) => response.send(200, {}, await request.body.text()));
    const client = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    client.end('POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nshort');
    expect(statusesIn(await text(client))).to.deep.equal([400]);
    client.destroy();
    expect(server.counters.refused).to.equal(1);
  });

  it('the first deadline of two drains ends both', async () => {
    const server = await files.server();
    let begin!: () => void;
    const begun = new Promise<void>(resolve => (begin = resolve));
    server.route('/never', () => {
      begin();
      return new Promise(() => {});
    });
    const never = rejection(ask(server, '/never'));
    await begun;
    const first = server.drain({ deadlineMs: 600_000 });
    expect(await server.drain({ deadlineMs: 20 })).to.deep.equal({ brokenOff: 1 });
    await first;
    await never;
  });

  it('a log that throws is told, and the connection goes on; so does it when the one who is told throws', () =>
    collectingUncaught(async uncaught => {
      const told: string[] = [];
      const write = () => {
        throw new Error('the log is full');
      };
      const onError = ({ message }: Error) => {
        told.push(message);
        throw new Error('of the program');
      };
      const server = await files.server({ accessLog: { to: { write } }, onError });
      server.route('/bad', () => Promise.reject(new Error('of the handler')));
      const get = (name: string, fields = '') => `GET /${name} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
      const received = await exchange(server.port, `${get('bad')}${get('small.txt', 'Connection: close\r\n')}`);
      expect(statusesIn(received)).to.deep.equal([500, 200]);
      expect(told).to.deep.equal(['of the handler', 'the log is full', 'the log is full']);
      expect(uncaught).to.deep.equal(told.map(() => 'of the program'));
    }));

  it('each close waits for the end, whichever came first', async () => {
    const server = await files.server();
    await ask(server, '/large.bin');
    const first = server.close();
    await server.close();
    expect(openBelow(files.folder)).to.equal(0);
    await first;
  });

  it('a file that can not be made ready leaves none of its forms open', async () => {
    await using directory = await openDirectory(files.folder);
    const before = openBelow(files.folder);
    const fieldsOf = () => {
      throw new RangeError('no fields');
    };
    const failure = await rejection(
      openResource(directory, 'app.js', { smallBytes: 0, precompressed: true, fieldsOf }),
    );
    expect(failure.message).to.equal('no fields');
    expect(openBelow(files.folder)).to.equal(before);
  });
});
