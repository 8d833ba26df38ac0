import { expect } from 'chai';
import os from 'node:os';
import { IoError, wrongState } from '../../../src/sys/ffi/io-error.js';

const { ECONNREFUSED, EINTR } = os.constants.errno;

describe('sys: IoError', () => {
  it('says what was done to what, the code, and what that means', () => {
    const error = new IoError(ECONNREFUSED, 'connect', '127.0.0.1:80');
    expect(error).to.be.instanceOf(Error);
    expect(error.message).to.equal('connect 127.0.0.1:80: ECONNREFUSED, nobody listens there');
    expect(`${error}`).to.equal(`IoError: ${error.message}`);
    expect({ ...error }).to.deep.equal({
      name: 'IoError',
      code: 'ECONNREFUSED',
      errno: ECONNREFUSED,
      syscall: 'connect',
      target: '127.0.0.1:80',
    });
  });

  it('leaves out what there is not: a target, a meaning', () => {
    expect(new IoError('EMFILE', 'socket').message).to.equal(
      'socket: EMFILE, the process has no descriptor left (ulimit -n)',
    );
    expect(new IoError(EINTR, 'close', 'descriptor 7').message).to.equal('close descriptor 7: EINTR');
    expect(new IoError(4711, 'ioctl').message).to.equal('ioctl: errno 4711');
  });

  it('takes an explanation in place of the usual meaning', () => {
    expect(new IoError('ENOENT', 'modify', 'token 5', 'not registered').message).to.equal(
      'modify token 5: ENOENT, not registered',
    );
  });

  it('means what it means for what was called', () => {
    expect(new IoError('EEXIST', 'open', 'x').message).to.equal('open x: EEXIST, it exists already');
    expect(new IoError('EEXIST', 'register').message).to.equal('register: EEXIST, it is registered already');
    expect(new IoError('ENOSPC', 'pwritev').message).to.equal('pwritev: ENOSPC, no space left on the device');
  });

  it('by name, has the number of this platform; of a name that is not from here, -1', () => {
    expect(new IoError('ECONNREFUSED', 'connect').errno).to.equal(ECONNREFUSED);
    expect(new IoError('EELSEWHERE', 'connect').errno).to.equal(-1);
  });

  it('says which state does not allow a call, with a code, and the stack of the caller', () => {
    const error = wrongState('EBUSY', 'read', 'another read is under way');
    expect(error).to.be.instanceOf(IoError);
    expect(error).to.include({ code: 'EBUSY', syscall: 'read', errno: os.constants.errno.EBUSY });
    expect(error.message).to.equal('read: EBUSY, another read is under way');
    expect(error.stack!.split('\n')[1]).to.contain('io-error.test');
  });

  it('keeps the stack of where it was made', () => {
    expect(new IoError('EBADF', 'read').stack).to.contain('io-error.test');
  });
});
