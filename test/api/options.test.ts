import { expect } from 'chai';
import type { Connection } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import {
  IPPROTO_TCP,
  SOL_SOCKET,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_SNDBUF,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from '../../src/sys/ffi/constants.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { connected, listening, portOf, tcpPair, unixPair } from '../support/sockets.js';

function intOption(connection: Connection, level: number, name: number): number {
  const bytes = connection.getOption(level, name);
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
}

describeOnEveryDriver(
  'socket options',
  () => {
    it('TCP_NODELAY is on unless it was refused, and can be switched', async () => {
      const { client, server } = await tcpPair({ client: { noDelay: false } });
      expect(intOption(server, IPPROTO_TCP, TCP_NODELAY)).to.not.equal(0);
      expect(intOption(client, IPPROTO_TCP, TCP_NODELAY)).to.equal(0);
      client.setNoDelay();
      expect(intOption(client, IPPROTO_TCP, TCP_NODELAY)).to.not.equal(0);
      client.setNoDelay(false);
      expect(intOption(client, IPPROTO_TCP, TCP_NODELAY)).to.equal(0);
    });

    it('keep-alive, as an option of listen and connect and later', async () => {
      const { client, server } = await tcpPair({ client: { keepAlive: true }, server: { keepAlive: true } });
      expect(intOption(client, SOL_SOCKET, SO_KEEPALIVE)).to.not.equal(0);
      expect(intOption(server, SOL_SOCKET, SO_KEEPALIVE)).to.not.equal(0);
      client.setKeepAlive(true, { idleSeconds: 7, intervalSeconds: 3, probes: 4 });
      expect(intOption(client, IPPROTO_TCP, TCP_KEEPIDLE)).to.equal(7);
      expect(intOption(client, IPPROTO_TCP, TCP_KEEPINTVL)).to.equal(3);
      expect(intOption(client, IPPROTO_TCP, TCP_KEEPCNT)).to.equal(4);
      client.setKeepAlive(false);
      expect(intOption(client, SOL_SOCKET, SO_KEEPALIVE)).to.equal(0);
    });

    it('buffer sizes, as an option of listen and connect and later', async () => {
      const { client, server } = await tcpPair({
        client: { sendBufferBytes: 20_000, receiveBufferBytes: 30_000 },
        server: { sendBufferBytes: 40_000 },
      });
      // Linux doubles what it is given, for its own bookkeeping, and FreeBSD rounds it.
      const expectSize = (bytes: number, asked: number) => expect(bytes).to.be.within(asked, 2 * asked);
      expectSize(intOption(client, SOL_SOCKET, SO_SNDBUF), 20_000);
      expectSize(intOption(client, SOL_SOCKET, SO_RCVBUF), 30_000);
      expectSize(intOption(server, SOL_SOCKET, SO_SNDBUF), 40_000);
      const size = client.setBufferBytes('send', 50_000);
      expectSize(size, 50_000);
      expect(intOption(client, SOL_SOCKET, SO_SNDBUF)).to.equal(size);
    });

    it('SO_LINGER', async () => {
      const { client } = await tcpPair();
      const linger = () => [...new Int32Array(client.getOption(SOL_SOCKET, SO_LINGER).slice().buffer)];
      client.setLinger(5);
      // FreeBSD answers with the option's own bit.
      expect(linger()[0]).to.not.equal(0);
      expect(linger()[1]).to.equal(5);
      client.setLinger(undefined);
      expect(linger()[0]).to.equal(0);
    });

    it('any other option, by its numbers', async () => {
      const { client } = await tcpPair();
      client.setOption(IPPROTO_TCP, TCP_KEEPIDLE, 9);
      expect(intOption(client, IPPROTO_TCP, TCP_KEEPIDLE)).to.equal(9);
      client.setOption(SOL_SOCKET, SO_LINGER, new Uint8Array(8));
      expect(() => client.getOption(SOL_SOCKET, 9999))
        .to.throw()
        .with.property('code', 'ENOPROTOOPT');
      expect(() => client.setOption(SOL_SOCKET, 9999, 1)).to.throw(Error, 'option 9999 of level');
    });

    it('refuses values that make no sense, with words', async () => {
      const { client } = await tcpPair();
      expect(() => client.setKeepAlive(true, { idleSeconds: 0 })).to.throw(RangeError, 'idleSeconds: 0');
      expect(() => client.setKeepAlive(true, { intervalSeconds: 1.5 })).to.throw(RangeError, 'intervalSeconds: 1.5');
      expect(() => client.setKeepAlive(true, { probes: 128 })).to.throw(RangeError, 'probes: 128');
      expect(() => client.setLinger(-1)).to.throw(RangeError, 'seconds: -1');
      expect(() => client.setBufferBytes('receive', 0)).to.throw(RangeError, 'receiveBufferBytes: 0');
    });

    it('TCP options on a Unix socket are refused by the kernel, and told', () => {
      const { client } = unixPair();
      expect(() => client.setNoDelay())
        .to.throw(Error, 'setsockopt')
        .with.property('code')
        .that.is.a('string');
    });

    it('options of a listener can be read back too', async () => {
      const accepted = settling<Connection>();
      const listener = await listening({ host: '127.0.0.1', onConnection: accepted.resolve });
      listener.setBufferBytes('receive', 50_000);
      await connected({ host: '127.0.0.1', port: portOf(listener) });
      expect(intOption(await accepted.promise, SOL_SOCKET, SO_RCVBUF)).to.be.oneOf([50_000, 100_000]);
    });
  },
  ['level'],
);
