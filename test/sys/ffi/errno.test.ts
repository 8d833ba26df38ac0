import { expect } from 'chai';
import os from 'node:os';
import { EAGAIN, errnoName, errnoNumber, wouldBlock } from '../../../src/sys/ffi/errno.js';

describe('sys: errno', () => {
  it('knows every errno of Node by name and number', () => {
    for (const [name, number] of Object.entries(os.constants.errno)) {
      expect(errnoNumber(name), name).to.equal(number);
      expect(errnoNumber(errnoName(number)), name).to.equal(number);
    }
  });

  it('says EAGAIN and ENOTSUP where two names share a number', () => {
    expect(errnoName(os.constants.errno.EWOULDBLOCK)).to.equal('EAGAIN');
    expect(errnoName(os.constants.errno.ENOTSUP)).to.equal('ENOTSUP');
  });

  it('says -1 of a name and the number of a number that it does not know', () => {
    expect(errnoNumber('ENOSUCHTHING')).to.equal(-1);
    expect(errnoName(4711)).to.equal('errno 4711');
  });

  it('tells would-block from failure', () => {
    expect([wouldBlock(EAGAIN), wouldBlock(os.constants.errno.EWOULDBLOCK), wouldBlock(0)]).to.deep.equal([
      true,
      true,
      false,
    ]);
  });
});
