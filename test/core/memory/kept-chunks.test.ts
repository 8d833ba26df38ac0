/** Who keeps how much of the pool, who has to stop for it, and where received bytes lie. */
import { expect } from 'chai';
import { BufferList } from '../../../src/core/memory/buffer-list.js';
import { KEPT_ANYWAY, MIN_RECEIVE_BYTES, POCKET_BYTES } from '../../../src/core/limits.js';
import { leaveReserve, ReceiveBuffer } from '../../../src/core/memory/receive-buffer.js';
import { Slab, type Lease } from '../../../src/core/memory/slab.js';

const CHUNK_BYTES = 32 * 1024;
const CHUNKS = 16;

function newSlab(): Slab {
  return new Slab({ chunkBytes: CHUNK_BYTES, chunksPerBlock: 4, maxBytes: CHUNKS * CHUNK_BYTES, debug: false });
}

function leases(slab: Slab, count: number): Lease[] {
  return Array.from({ length: count }, () => slab.lease()!);
}

/** Has a receiver's user keep so many chunks. */
function keepSome(slab: Slab, receiver: object, count: number): Lease[] {
  const kept = leases(slab, count);
  for (const lease of kept) slab.keep(lease, receiver);
  return kept;
}

describe('core: what users keep of the pool', () => {
  it('is free to all until the pool is scarce, at half of it', () => {
    const slab = newSlab();
    const greedy = {};
    keepSome(slab, greedy, CHUNKS / 2 - 1);
    expect([slab.isScarce, slab.mayReceive(greedy)]).to.deep.equal([false, true]);
    keepSome(slab, greedy, 1);
    expect([slab.isScarce, slab.mayReceive(greedy)]).to.deep.equal([true, false]);
    expect(slab.mayReceive({}), 'one who keeps nothing').to.equal(true);
  });

  it('is less than what is left for all: two stop at a third each', () => {
    const slab = newSlab();
    const [one, other] = [{}, {}];
    keepSome(slab, one, 5);
    keepSome(slab, other, 5);
    // Six are left.
    expect([slab.mayReceive(one), slab.mayReceive(other)]).to.deep.equal([true, true]);
    keepSome(slab, one, 1);
    // Five are left.
    expect([slab.mayReceive(one), slab.mayReceive(other)]).to.deep.equal([false, false]);
  });

  it('is a few chunks, whatever the others keep', () => {
    const slab = newSlab();
    const modest = {};
    const kept = keepSome(slab, modest, KEPT_ANYWAY - 1);
    leases(slab, CHUNKS - KEPT_ANYWAY);
    expect(slab.mayReceive(modest)).to.equal(true);
    kept.push(...keepSome(slab, modest, 1));
    expect(slab.mayReceive(modest)).to.equal(false);
    kept[0].release();
    expect(slab.mayReceive(modest), 'one was released').to.equal(true);
  });

  it('counts a chunk once, however much of it is kept', () => {
    const slab = newSlab();
    const modest = {};
    const [lease] = keepSome(slab, modest, 1);
    for (let count = 0; count < 10; count++) slab.keep(lease, modest);
    leases(slab, CHUNKS - 1);
    expect(slab.mayReceive(modest)).to.equal(true);
  });

  it('counts for nobody what users of several keep, nor for whoever comes third', () => {
    const slab = newSlab();
    const [one, two, three] = [{}, {}, {}];
    const kept = keepSome(slab, one, 8);
    expect(slab.mayReceive(one)).to.equal(false);
    for (const lease of kept) slab.keep(lease, two);
    for (const lease of kept) slab.keep(lease, three);
    expect([one, two, three].map(receiver => slab.mayReceive(receiver))).to.deep.equal([true, true, true]);
  });

  it('counts anew once the chunk was released', () => {
    const slab = newSlab();
    const [one, two] = [{}, {}];
    const kept = keepSome(slab, one, 8);
    for (const lease of kept) slab.keep(lease, two);
    for (const lease of kept) lease.release();
    expect(slab.leasedChunks).to.equal(0);
    keepSome(slab, two, 8);
    expect([slab.mayReceive(one), slab.mayReceive(two)]).to.deep.equal([true, false]);
  });

  it('tells one that was stopped, once, when something is released or is no longer its own', () => {
    const slab = newSlab();
    let told = 0;
    slab.onAvailable = () => told++;
    const greedy = {};
    const kept = keepSome(slab, greedy, 8);
    slab.mayReceive({});
    kept[7].release();
    expect(told, 'nobody was stopped').to.equal(0);
    keepSome(slab, greedy, 1);
    for (const each of [1, 2]) {
      expect(slab.mayReceive(greedy)).to.equal(false);
      if (each === 1) slab.keep(kept[0], {});
      else kept[1].release();
      expect(told).to.equal(each);
      keepSome(slab, greedy, 1);
    }
    kept[2].release();
    expect(told).to.equal(2);
  });

  it('needs nobody who listens', () => {
    const slab = newSlab();
    const [lease] = leases(slab, CHUNKS);
    expect(slab.lease()).to.equal(undefined);
    expect(() => lease.release()).to.not.throw();
  });
});

describe('core: memory beside the pool', () => {
  it('is what transfers get while the pool is scarce', () => {
    const slab = newSlab();
    const [borrowed, ...others] = Array.from({ length: CHUNKS / 2 }, () => slab.borrow());
    expect([slab.leasedChunks, slab.pocketBytes]).to.deep.equal([CHUNKS / 2, 0]);
    const pocket = slab.borrow();
    expect([slab.leasedChunks, slab.pocketBytes]).to.deep.equal([CHUNKS / 2, POCKET_BYTES]);
    expect([pocket.chunkBytes, pocket.block, pocket.shares]).to.deep.equal([POCKET_BYTES, undefined, 1]);
    pocket.release();
    expect([slab.pocketBytes, slab.freeChunks]).to.deep.equal([0, 0]);
    borrowed.release();
    expect(slab.borrow(), 'there is room again').to.equal(borrowed);
    for (const lease of [borrowed, ...others]) lease.release();
    expect(slab.leasedChunks).to.equal(0);
  });

  it('is no larger than a chunk', () => {
    const slab = new Slab({ chunkBytes: 1024, chunksPerBlock: 1, maxBytes: 1024 });
    expect(slab.pocket().chunkBytes).to.equal(1024);
  });

  it('takes the bytes of a list along only while the pool is scarce', () => {
    const slab = newSlab();
    const list = new BufferList();
    const lease = slab.lease()!;
    lease.bytes.set([1, 2, 3]);
    list.appendLease(lease, 0, 3);
    leaveReserve(list, slab);
    expect(lease.shares, 'there is plenty').to.equal(1);
    leases(slab, CHUNKS / 2);
    leaveReserve(list, slab);
    expect([lease.shares, [...list.toBytes()]]).to.deep.equal([0, [1, 2, 3]]);
  });
});

describe('core: the chunk that is received into', () => {
  /** Receives so many bytes of this value, as a call of the system does. @returns the list that a callback is given */
  function receive(buffer: ReceiveBuffer, slab: Slab, lengthBytes: number, value: number): BufferList {
    expect(buffer.reserve()).to.equal(true);
    const { address } = buffer;
    const list = buffer.fill(lengthBytes);
    const [bytes] = [...list];
    expect(list.length).to.equal(lengthBytes);
    expect(buffer.address).to.equal(address);
    bytes.fill(value);
    expect(slab.leasedChunks).to.be.above(0);
    return list;
  }

  function setUp() {
    const slab = newSlab();
    return { slab, buffer: new ReceiveBuffer(slab) };
  }

  it('is written over again as long as nobody keeps anything', () => {
    const { slab, buffer } = setUp();
    buffer.reserve();
    const { address } = buffer;
    for (let count = 0; count < 5; count++) {
      receive(buffer, slab, 1000, count);
      buffer.settle(1000);
      expect([buffer.address, buffer.roomBytes, slab.leasedChunks]).to.deep.equal([address, CHUNK_BYTES, 1]);
    }
  });

  it('goes on behind what is kept, at the next cache line', () => {
    const { slab, buffer } = setUp();
    buffer.reserve();
    const { address } = buffer;
    const kept = [receive(buffer, slab, 65, 1).take()];
    buffer.settle(65);
    expect([buffer.address - address, buffer.roomBytes]).to.deep.equal([128, CHUNK_BYTES - 128]);
    kept.push(receive(buffer, slab, 64, 2).take());
    buffer.settle(64);
    expect(buffer.address - address).to.equal(192);
    expect(kept.map(list => [list.byteAt(0), list.length])).to.deep.equal([
      [1, 65],
      [2, 64],
    ]);
    for (const list of kept) list.release();
    expect(slab.leasedChunks, 'it is still received into').to.equal(1);
  });

  it('is left to those who keep of it once it is used up', () => {
    const { slab, buffer } = setUp();
    const first = receive(buffer, slab, CHUNK_BYTES - MIN_RECEIVE_BYTES, 1).take();
    buffer.settle(CHUNK_BYTES - MIN_RECEIVE_BYTES);
    expect(buffer.roomBytes).to.equal(MIN_RECEIVE_BYTES);
    const second = receive(buffer, slab, 1, 2).take();
    buffer.settle(1);
    buffer.reserve();
    expect([buffer.roomBytes, slab.leasedChunks]).to.deep.equal([CHUNK_BYTES, 2]);
    first.release();
    expect(slab.leasedChunks).to.equal(2);
    second.release();
    expect(slab.leasedChunks).to.equal(1);
    buffer.release();
    buffer.release();
    expect(slab.leasedChunks).to.equal(0);
  });

  it('lends lists that are over with the call, and are not another’s afterwards', () => {
    const { slab, buffer } = setUp();
    const list = receive(buffer, slab, 10, 1);
    buffer.settle(10);
    expect(() => list.length + list.byteAt(0)).to.throw();
    receive(buffer, slab, 10, 2);
    expect(() => list.toBytes(), 'during the next call').to.throw();
  });

  it('keeps what was not taken of what came', () => {
    const { slab, buffer } = setUp();
    const waiting = BufferList.from('before ');
    buffer.reserve();
    const list = buffer.fill(6);
    [...list][0].set(Buffer.from('xxlate'));
    buffer.settle(6);
    buffer.keep(waiting, 6, 2);
    expect([waiting.toString(), slab.leasedChunks]).to.deep.equal(['before late', 1]);
    expect(buffer.roomBytes).to.equal(CHUNK_BYTES - 64);
    waiting.release();
  });

  it('counts for the receiver whose user keeps of it', () => {
    const { slab, buffer } = setUp();
    const greedy = {};
    leases(slab, CHUNKS / 2 - 1);
    const kept = receive(buffer, slab, 10, 1).take();
    buffer.settle(10, greedy);
    leases(slab, KEPT_ANYWAY);
    keepSome(slab, greedy, KEPT_ANYWAY - 1);
    expect([buffer.reserve(greedy), buffer.reserve({}), buffer.reserve()]).to.deep.equal([false, true, true]);
    kept.release();
    buffer.release();
    expect(buffer.reserve(greedy), 'it keeps one less').to.equal(true);
  });

  it('is a pocket where the pool is empty, until there is a chunk again', () => {
    const { slab, buffer } = setUp();
    const lent = leases(slab, CHUNKS);
    expect(buffer.reserve()).to.equal(true);
    expect([buffer.roomBytes, slab.pocketBytes]).to.deep.equal([POCKET_BYTES, POCKET_BYTES]);
    buffer.reserve();
    expect(slab.pocketBytes, 'the same one').to.equal(POCKET_BYTES);
    lent[0].release();
    buffer.reserve();
    expect(slab.pocketBytes, 'the pool is scarce').to.equal(POCKET_BYTES);
    for (const lease of lent.slice(1)) lease.release();
    buffer.reserve();
    expect([buffer.roomBytes, slab.pocketBytes, slab.leasedChunks]).to.deep.equal([CHUNK_BYTES, 0, 1]);
  });

  it('resumes who was stopped, each once and as it said last, and none that was closed', () => {
    const { slab, buffer } = setUp();
    const lent = leases(slab, CHUNKS);
    const resumed: string[] = [];
    const [one, closed] = [{}, {}];
    buffer.whenAvailable(one, () => resumed.push('first'));
    buffer.whenAvailable(one, () => resumed.push('last'));
    buffer.whenAvailable(closed, () => resumed.push('closed'));
    expect(buffer.starvedCount).to.equal(2);
    buffer.forget(closed);
    expect(slab.lease()).to.equal(undefined);
    lent[0].release();
    expect([resumed, buffer.starvedCount]).to.deep.equal([['last'], 0]);
    lent[1].release();
    expect(resumed).to.deep.equal(['last']);
  });
});
