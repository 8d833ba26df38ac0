import { expect } from 'chai';
import { BufferList } from '../../../src/core/memory/buffer-list.js';
import { MovedParts } from '../../../src/core/memory/moved-parts.js';
import { Slab } from '../../../src/core/memory/slab.js';

function leased(slab: Slab, text: string): BufferList {
  const lease = slab.lease()!;
  const lengthBytes = lease.bytes.length > text.length ? text.length : lease.bytes.length;
  lease.bytes.set(Buffer.from(text));
  const list = new BufferList();
  list.appendLease(lease, 0, lengthBytes);
  return list;
}

describe('core: parts moved for a call that may be refused', () => {
  it('go back to the lists that they came from, in front of what those have now', () => {
    const [one, other] = [BufferList.from('one'), BufferList.from('other')];
    const parts = new MovedParts([one, new Uint8Array([65]), other, 'text']);
    expect(parts.list.toString()).to.equal('oneAothertext');
    expect([one.length, other.length]).to.deep.equal([0, 0]);
    parts.giveBack();
    expect([one.toString(), other.toString(), parts.list.length]).to.deep.equal(['one', 'other', 0]);
    parts.giveBack();
    expect([one.toString(), other.toString()], 'only once').to.deep.equal(['one', 'other']);
  });

  it('are released where the list was used for other bytes, and of arrays nothing is to be released', () => {
    const slab = new Slab({ chunkBytes: 1024, chunksPerBlock: 4, maxBytes: 8192 });
    const [used, kept] = [leased(slab, 'used'), leased(slab, 'kept')];
    const parts = new MovedParts([used, kept]);
    used.append('of another').release();
    parts.giveBack();
    expect([used.length, kept.toString()]).to.deep.equal([0, 'kept']);
    expect(slab.leasedChunks).to.equal(1);
    kept.release();
    expect(slab.leasedChunks).to.equal(0);
  });

  it('leave all lists as they are where one has expired', () => {
    const [valid, expired] = [BufferList.from('valid'), BufferList.from('expired').lend()];
    expired.expire();
    expect(() => new MovedParts([valid, expired])).to.throw(TypeError, 'valid during the callback only');
    expect(valid.toString()).to.equal('valid');
  });
});

describe('core: a list that is lent to a callback', () => {
  it('drops what was not taken, and what was taken lasts', () => {
    const slab = new Slab({ chunkBytes: 1024, chunksPerBlock: 4, maxBytes: 8192 });
    const list = leased(slab, 'taken or not').lend();
    const taken = list.split(5);
    list.expire();
    expect([list.isValid, taken.toString(), slab.leasedChunks]).to.deep.equal([false, 'taken', 1]);
    for (const use of [() => list.copy(), () => list.take(), () => list.append('x')]) {
      expect(use).to.throw(TypeError, 'valid during the callback only');
    }
    list.lend();
    expect([list.isValid, list.length]).to.deep.equal([true, 0]);
    taken.release();
    expect(slab.leasedChunks).to.equal(0);
  });

  it('copies into memory of its own', () => {
    const bytes = Buffer.from('bytes');
    const copy = BufferList.from(bytes, ' and more').copy();
    bytes.fill('x');
    expect([copy.toString(), copy.segmentCount]).to.deep.equal(['bytes and more', 1]);
    expect(new BufferList().copy().segmentCount).to.equal(0);
  });
});
