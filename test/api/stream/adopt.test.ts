import { expect } from 'chai';
import { openSync } from 'node:fs';
import { adopt, IoError, listen } from '../../../src/index.js';
import { F_GETFL, O_NONBLOCK } from '../../../src/sys/ffi/constants.js';
import { close, fcntl } from '../../../src/sys/file/io.js';
import { SOCK_DGRAM } from '../../../src/sys/ffi/constants.js';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { atEnd, readExactly, track } from '../../support/sockets.js';

describeOnEveryDriver('adopt()', () => {
  it('makes a connection of a socket from elsewhere, and leaves it blocking for those that share it', async () => {
    const [first, second] = socketpair();
    fcntl(first, 4 /* F_SETFL */, fcntl(first, F_GETFL, 0) & ~O_NONBLOCK);
    const client = track(adopt(first));
    const server = track(adopt(second));
    expect(fcntl(first, F_GETFL, 0) & O_NONBLOCK).to.equal(0);
    expect(client.fd).to.equal(first);
    client.send('hello');
    expect(await readExactly(server, 5)).to.equal('hello');
    expect(client.localAddress).to.deep.equal({ family: 'unix', path: '' });
  });

  it('a descriptor that is closed is refused: EBADF', () => {
    const [first, second] = socketpair();
    close(first);
    close(second);
    expect(() => adopt(first))
      .to.throw(IoError)
      .with.property('code', 'EBADF');
    expect(() => adopt(-1)).to.throw();
  });

  it('what is no descriptor is refused by name', () => {
    for (const fd of [-1, 1.5, NaN, 2 ** 31]) {
      expect(() => adopt(fd)).to.throw(RangeError, /^fd: .*; allowed: integers from 0 to 2147483647$/);
    }
    expect(() => adopt(0, null as never)).to.throw(TypeError, 'limits: null; allowed: an object');
  });

  it('limits that make no sense are refused before the descriptor is touched', () => {
    const [first, second] = socketpair();
    atEnd(() => close(first));
    atEnd(() => close(second));
    expect(() => adopt(first, { highWaterBytes: 0 })).to.throw(RangeError, 'highWaterBytes');
  });

  it('a file or a directory is refused, and stays whose it was', () => {
    for (const [path, kind] of [
      [import.meta.dirname, 'directory'],
      [import.meta.filename, 'file'],
    ]) {
      const fd = openSync(path, 'r');
      atEnd(() => close(fd));
      expect(() => adopt(fd))
        .to.throw(IoError, `it is a ${kind}; allowed: stream sockets, pipes`)
        .with.property('code', 'EINVAL');
    }
  });

  it('a socket for datagrams is refused, and stays whose it was', () => {
    const [first, second] = socketpair(SOCK_DGRAM);
    atEnd(() => close(first));
    atEnd(() => close(second));
    expect(() => adopt(first))
      .to.throw(IoError, 'it is a socket for datagrams; allowed: stream sockets, pipes')
      .with.property('code', 'EINVAL');
  });

  it('a socket that listens is refused, and stays whose it was', async () => {
    const listener = await listen({ host: '127.0.0.1' });
    atEnd(() => void listener.close());
    expect(() => adopt(listener.fd))
      .to.throw(IoError, 'it is a socket that listens; allowed: stream sockets, pipes')
      .with.property('code', 'EINVAL');
  });

  it('a device is at its end when its driver says so', async () => {
    const connection = track(adopt(openSync('/dev/null', 'r')));
    expect(await connection.readInto(new Uint8Array(1))).to.equal(0);
  });
});
