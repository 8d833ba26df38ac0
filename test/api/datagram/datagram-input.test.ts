/** Bad input to datagram sockets: each is refused by name, and the socket goes on. */
import { expect } from 'chai';
import { bindDatagram, currentReactor, type DatagramSocket, type DatagramTarget } from '../../../src/index.js';
import { bound, until } from '../../support/datagrams.js';
import { destroyTracked, rejection } from '../../support/sockets.js';

describe('datagram sockets, given what makes no sense', () => {
  let socket: DatagramSocket;
  let unix: DatagramSocket;

  beforeEach(async () => {
    socket = await bound();
    unix = await bound({ path: '' });
  });

  afterEach(() => destroyTracked());
  after(() => currentReactor().close());

  const options: [object | null, string, string][] = [
    [null, 'TypeError', 'options: null; allowed: an object'],
    [{ port: 65_536 }, 'RangeError', 'port: 65536; allowed: integers from 0 to 65535'],
    [{ port: -1 }, 'RangeError', 'port: -1; allowed: integers from 0 to 65535'],
    [{ port: '80' }, 'RangeError', "port: '80'; allowed: integers from 0 to 65535"],
    [{ host: '' }, 'TypeError', "host: ''; allowed: an IP address or a host name"],
    [{ path: 5 }, 'TypeError', 'path: number; allowed: a string'],
    [{ host: 7 }, 'TypeError', "host: '7'; allowed: an IP address or a host name"],
    [{ host: '203.0.113.1' }, 'IoError', 'bind 203.0.113.1:0: EADDRNOTAVAIL'],
    [{ path: 'x', port: 1 }, 'TypeError', 'path: given beside host or port; allowed: one of the two'],
    [{ path: '', host: '::1' }, 'TypeError', 'path: given beside host or port; allowed: one of the two'],
    [{ path: 'x'.repeat(200) }, 'TypeError', 'path: 200 bytes; allowed: 1 to'],
    [{ path: '/no such folder/x' }, 'IoError', 'bind /no such folder/x: ENOENT'],
    [{ reusePort: true }, 'TypeError', 'reusePort: true; allowed: off, prefer, require'],
    [{ maxDatagramBytes: 0 }, 'RangeError', 'maxDatagramBytes: 0; allowed: integers from 1 to 1048576'],
    [{ maxDatagramBytes: 2 ** 20 + 1 }, 'RangeError', 'maxDatagramBytes: 1048577; allowed'],
    [{ maxQueuedBytes: 255 }, 'RangeError', 'maxQueuedBytes: 255; allowed: integers from 256'],
    [{ closeTimeoutMs: NaN }, 'RangeError', 'closeTimeoutMs: NaN; allowed: milliseconds from 0'],
    [{ receiveBufferBytes: 0 }, 'RangeError', 'receiveBufferBytes: 0; allowed'],
    [{ onDatagram: 'x' }, 'TypeError', 'onDatagram: string; allowed: a function'],
  ];
  for (const [given, name, message] of options) {
    it(`bindDatagram(${JSON.stringify(given)?.slice(0, 60)})`, async () => {
      const failure = await rejection(bindDatagram(given as object));
      expect(failure.name).to.equal(name);
      expect(failure.message).to.include(message);
    });
  }

  const targets: [unknown, string, string][] = [
    [undefined, 'TypeError', 'to: missing; the socket is not connected to a peer'],
    [null, 'TypeError', "to: null; allowed: { host, port }, { path }, or the 'from' of a datagram"],
    ['127.0.0.1:80', 'TypeError', 'to: string; allowed'],
    [{ path: '/tmp/x' }, 'TypeError', 'to: a path; this is a UDP socket'],
    [{ host: '127.0.0.1' }, 'TypeError', 'port: missing; allowed: integers from 1 to 65535'],
    [{ host: '127.0.0.1', port: 0 }, 'RangeError', 'port: 0; allowed: integers from 1 to 65535'],
    [{ host: '127.0.0.1', port: 1.5 }, 'RangeError', 'port: 1.5; allowed'],
    [{ host: 'localhost', port: 1 }, 'TypeError', "host: 'localhost'; allowed: an IP address"],
    [{ port: 1 }, 'TypeError', 'host: undefined; allowed: an IP address'],
    [{ host: '::1', port: 1 }, 'TypeError', "host: '::1'; the socket is bound to an IPv4 address"],
  ];
  for (const [to, name, message] of targets) {
    it(`to ${JSON.stringify(to)}: send and trySend`, async () => {
      const failure = await rejection(socket.send('x', to as DatagramTarget));
      expect(failure.name).to.equal(name);
      expect(failure.message).to.include(message);
      expect(() => socket.trySend('x', to as DatagramTarget)).to.throw(message);
    });
  }

  it('from a Unix socket to no path', async () => {
    expect(() => unix.trySend('x', { host: '127.0.0.1', port: 1 })).to.throw(TypeError, 'it has no path');
    expect(() => unix.trySend('x', { path: 'y'.repeat(200) })).to.throw(TypeError, 'path: 200 bytes');
    expect(await rejection(unix.send('x', { path: '/no such folder/x' }))).to.include({ code: 'ENOENT' });
    expect(() => unix.port).to.throw(TypeError, 'port: it is a Unix socket');
  });

  it('what is no datagram', async () => {
    for (const given of [undefined, null, 7, {}, [1]]) {
      expect((await rejection(socket.send(given as never, socket.address))).message).to.include('data: ');
      expect(() => socket.trySend(given as never, socket.address)).to.throw(TypeError, 'allowed: string, Uint8Array');
    }
    expect(await rejection(socket.send(Buffer.alloc(65_508), socket.address))).to.include({ code: 'EMSGSIZE' });
  });

  it('a peer that is none', async () => {
    expect(await rejection(socket.connect({ host: '127.0.0.1', port: 0 }))).to.be.instanceOf(RangeError);
    for (const nothing of [undefined, null]) {
      const failure = await rejection(socket.connect(nothing as never));
      expect(failure).to.be.instanceOf(TypeError);
      expect(failure.message).to.equal(
        `to: ${nothing}; allowed: an object: { host, port }, { path }, or the 'from' of a datagram`,
      );
    }
    expect(await rejection(socket.connect({ host: 'a b', port: 1 }))).to.be.instanceOf(TypeError);
    expect(await rejection(socket.connect({ host: '::1', port: 1 }))).to.include({ code: 'EAFNOSUPPORT' });
    expect(await rejection(unix.connect({ path: '/no such folder/x' }))).to.include({ code: 'ENOENT' });
    expect(socket.remoteAddress).to.equal(undefined);
  });

  it('two ways of receiving at once', async () => {
    const waiting = rejection(socket.receive());
    expect((await rejection(socket.receive())).message).to.match(
      /^receive descriptor .*EBUSY, another receive is under way/,
    );
    expect(() => (socket.onDatagram = () => {})).to.throw('use one way at a time');
    await socket.close();
    await waiting;
    unix.onDatagram = () => {};
    expect((await rejection(unix.receive())).message).to.match(
      /^receive .*EBUSY, the socket has an onDatagram handler/,
    );
  });

  it('after the end', async () => {
    await socket.close();
    for (const failure of [
      await rejection(socket.send('x', { host: '127.0.0.1', port: 1 })),
      await rejection(socket.receive()),
      await rejection(socket.connect({ host: '127.0.0.1', port: 1 })),
    ]) {
      expect(failure).to.include({ code: 'EBADF' });
      expect(failure.message).to.include('the socket is closed');
    }
    socket.onDatagram = () => {};
    socket.resume();
    socket.onDatagram = undefined;
    socket.destroy();
    for await (const datagram of socket) expect(datagram).to.equal(undefined);
  });

  it('and after all that it still receives', async () => {
    expect(() => socket.trySend('x')).to.throw(TypeError);
    const heard: string[] = [];
    socket.onDatagram = bytes => heard.push(bytes.toString());
    socket.trySend('to itself', socket.address);
    await until(() => heard.length === 1);
  });
});
