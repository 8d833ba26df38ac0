import { expect } from 'chai';
import { ReceiveBuffer } from '../../src/core/receive-buffer.js';
import { Slab } from '../../src/core/slab.js';

describe('core: receive buffer', () => {
  it('calls all who wait for memory, though one of them throws', () => {
    const slab = new Slab();
    const buffer = new ReceiveBuffer(slab);
    const called: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      buffer.whenAvailable({ name }, () => {
        called.push(name);
        if (name !== 'third') throw new Error(name);
      });
    }
    expect(() => slab.onAvailable!()).to.throw('second');
    expect(called).to.deep.equal(['first', 'second', 'third']);
    slab.onAvailable!();
    expect(called).to.have.length(3);
  });
});
