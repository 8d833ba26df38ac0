/** The gate of a listening socket, by the calls alone. Handshakes are held under way by TCP_DEFER_ACCEPT. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectNode, type Socket } from 'node:net';
import process from 'node:process';
import {
  AF_UNIX,
  IPPROTO_TCP,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_ATTACH_FILTER,
  TCP_DEFER_ACCEPT,
} from '../../../src/sys/ffi/constants.js';
import { EAGAIN, ECONNREFUSED } from '../../../src/sys/ffi/errno.js';
import { close } from '../../../src/sys/file/io.js';
import { errno } from '../../../src/sys/ffi/libc.js';
import { closeGate, isUnixGateClosed, liftFilter } from '../../../src/sys/socket/listener-gate.js';
import { domainOf, type InternetAddress } from '../../../src/sys/socket/sockaddr.js';
import {
  accept,
  bind,
  connect,
  getOption,
  listen,
  localAddress,
  openSocket,
  setOption,
} from '../../../src/sys/socket/socket.js';

/** SO_GET_FILTER is SO_ATTACH_FILTER when it is read, and answers a number of instructions. */
const instructionsOf = (fd: number) => getOption(fd, SOL_SOCKET, SO_ATTACH_FILTER).length;

function clientOf({ address, port }: InternetAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectNode({ host: address, port }, () => resolve(socket));
    socket.on('error', reject);
  });
}

async function accepted(listener: number): Promise<number> {
  for (;;) {
    const fd = accept(listener);
    if (fd >= 0) return fd;
    expect(errno()).to.equal(EAGAIN);
    await new Promise(setImmediate);
  }
}

describe('the gate of a listening socket', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  for (const [title, address] of [
    ['IPv4', { family: 'ipv4', address: '127.0.0.1', port: 0 }],
    ['IPv6', { family: 'ipv6', address: '::1', port: 0 }],
  ] as const) {
    it(`lets no new TCP client in, and handshakes under way come to their end (${title})`, async () => {
      const listener = openSocket(domainOf(address), SOCK_STREAM);
      bind(listener, address);
      listen(listener, 16);
      const where = localAddress(listener) as InternetAddress;
      const waiting = await clientOf(where);
      setOption(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
      const underWay = await clientOf(where);

      expect(closeGate(listener, false)).to.equal('closing');
      const late = clientOf(where).catch((error: NodeJS.ErrnoException) => error.code);
      const first = accept(listener);
      expect(first).to.be.at.least(0);
      expect(instructionsOf(first)).to.equal(0);
      liftFilter(first);
      expect([accept(listener), errno()]).to.deep.equal([-1, EAGAIN]);

      underWay.write('?');
      const second = await accepted(listener);
      expect(instructionsOf(second)).to.be.above(0);
      liftFilter(second);
      expect(instructionsOf(second)).to.equal(0);

      expect(closeGate(listener, false)).to.equal('closing');
      expect([accept(listener), errno()]).to.deep.equal([-1, EAGAIN]);
      close(listener);
      expect(await late).to.equal('ECONNREFUSED');
      for (const socket of [waiting, underWay]) socket.destroy();
      for (const fd of [first, second]) close(fd);
    });
  }

  it('refuses clients of a Unix socket, and those that wait can be accepted', () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-gate-'));
    const address = { family: 'unix', path: join(directory, 'socket') } as const;
    const [listener, waiting, late] = [1, 2, 3].map(() => openSocket(AF_UNIX, SOCK_STREAM));
    bind(listener, address);
    listen(listener, 16);
    expect(connect(waiting, address)).to.equal(0);
    expect(isUnixGateClosed(listener)).to.equal(false);
    for (let times = 0; times < 2; times++) {
      expect(closeGate(listener, true)).to.equal('closed');
      expect(isUnixGateClosed(listener)).to.equal(true);
    }
    expect(connect(late, address)).to.equal(ECONNREFUSED);
    const fd = accept(listener);
    expect(fd).to.be.at.least(0);
    expect([accept(listener), errno()]).to.deep.equal([-1, EAGAIN]);
    for (const open of [listener, waiting, late, fd]) close(open);
    rmSync(directory, { recursive: true });
  });

  it('is not there where the kernel refuses', () => {
    const regular = openSocket(AF_UNIX, SOCK_STREAM);
    close(regular);
    expect(closeGate(regular, false)).to.equal('open');
    expect(closeGate(regular, true)).to.equal('open');
  });
});
