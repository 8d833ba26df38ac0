import { expect } from 'chai';
import { ReceiveBuffer } from '../../../src/core/memory/receive-buffer.js';
import { Slab } from '../../../src/core/memory/slab.js';

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

  it('calls only those who may receive when memory is released', () => {
    const slab = new Slab({ maxBytes: 32 * 64 * 1024 });
    const buffer = new ReceiveBuffer(slab);
    const [greedy, modest] = [{}, {}];
    const called: object[] = [];
    const kept = Array.from({ length: 28 }, () => slab.lease()!);
    for (const lease of kept.slice(0, 26)) slab.keep(lease, greedy);
    expect([slab.mayReceive(greedy), slab.mayReceive(modest)]).to.deep.equal([false, true]);
    for (const receiver of [greedy, modest]) buffer.whenAvailable(receiver, () => called.push(receiver));
    kept[27].release();
    expect(called).to.deep.equal([modest]);
    expect(buffer.starvedCount).to.equal(1);
    for (const lease of kept.slice(0, 20)) lease.release();
    expect(called).to.deep.equal([modest, greedy]);
  });
});
