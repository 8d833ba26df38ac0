import { expect } from 'chai';
import { SOL_SOCKET } from '../../../src/sys/ffi/constants.js';
import { errnoNumber } from '../../../src/sys/ffi/errno.js';
import { IoError } from '../../../src/sys/ffi/io-error.js';
import { SO_SPLICE, SocketSplice } from '../../../src/sys/socket/so-splice.js';

describe('SO_SPLICE', () => {
  it('is asked for with struct splice as FreeBSD and OpenBSD have it on 64-bit systems', () => {
    const asked: [number, number, number, Uint8Array][] = [];
    const splice = new SocketSplice(
      (fd, level, name, value) => void asked.push([fd, level, name, value.slice()]),
      () => new Uint8Array(8),
    );
    expect(splice.begin(7, 9, 2 ** 33 + 5)).to.equal(0);
    splice.end(7);
    expect(asked.map(([fd, level, name]) => [fd, level, name])).to.deep.equal([
      [7, SOL_SOCKET, SO_SPLICE],
      [7, SOL_SOCKET, SO_SPLICE],
    ]);
    const [begin, end] = asked.map(([, , , value]) => new DataView(value.buffer));
    expect(begin.byteLength).to.equal(32);
    expect(begin.getInt32(0, true)).to.equal(9);
    expect(begin.getBigInt64(8, true)).to.equal(2n ** 33n + 5n);
    expect([begin.getBigInt64(16, true), begin.getBigInt64(24, true)]).to.deep.equal([0n, 0n]);
    expect(end.getInt32(0, true)).to.equal(-1);
  });

  it('tells how many bytes it moved, as off_t', () => {
    const value = new Uint8Array(8);
    new DataView(value.buffer).setBigInt64(0, 2n ** 40n + 3n, true);
    const splice = new SocketSplice(
      () => {},
      () => value,
    );
    expect(splice.movedBytes(7)).to.equal(2 ** 40 + 3);
  });

  it('does not ask for what would lose bytes, or leave the source busy for ever', () => {
    let asked = 0;
    const splice = new SocketSplice(
      () => asked++,
      () => new Uint8Array(8),
      fd => fd !== 9,
    );
    expect(splice.begin(7, 7, 0)).to.equal(errnoNumber('EINVAL'));
    expect(splice.begin(7, 9, 0)).to.equal(errnoNumber('ENOTCONN'));
    expect(asked).to.equal(0);
    expect(splice.begin(7, 8, 0)).to.equal(0);
    expect(asked).to.equal(1);
  });

  it('says why not: ENOPROTOOPT is what FreeBSD 14.0 answered', () => {
    const splice = new SocketSplice(
      () => {
        throw new IoError('ENOPROTOOPT', 'setsockopt');
      },
      () => new Uint8Array(8),
    );
    expect(splice.begin(7, 9, 0)).to.equal(errnoNumber('ENOPROTOOPT'));
    expect(() => splice.end(7)).to.not.throw();
  });
});
