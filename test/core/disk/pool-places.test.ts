import { expect } from 'chai';
import { PoolPlaces } from '../../../src/core/disk/pool-places.js';
import { DiskPool } from '../../../src/core/disk/pool.js';
import type { Done } from '../../../src/sys/ffi/blocking-call.js';

const LIMITS = { perDevice: 2, perServer: 1, toServers: 2 };
const POOL = { calls: 3, callsPerDevice: 2, callsWaiting: 10, callsWaitingPerDevice: 10 };
const HOLDERS = [1, 2, 9000];

describe('PoolPlaces', () => {
  /** What several threads have over one memory. */
  function places(): PoolPlaces[] {
    const memory = PoolPlaces.memoryFor(3);
    return HOLDERS.map(owner => new PoolPlaces(memory, LIMITS, owner));
  }

  it('bounds what all threads have on one device', () => {
    const [first, second, third] = places();
    expect([first.take(7, true), second.take(7, true), third.take(7, true)]).to.deep.equal([0, 1, -1]);
    expect(third.take(8, true)).to.equal(2);
    expect(second.take(9, true)).to.equal(-1);
    first.leave(0);
    expect(third.take(7, true)).to.equal(0);
  });

  it('leaves a place to the disks of this machine, however many servers hang', () => {
    const [first, second, third] = places();
    expect([first.take(-2, false), second.take(-2, false)]).to.deep.equal([0, -1]);
    expect([second.take(40, false), third.take(50, false)]).to.deep.equal([1, -1]);
    expect(third.take(7, true)).to.equal(2);
  });

  it('gives back what a thread had that ended', () => {
    const [first, second, third] = places();
    expect([third.take(1, true), third.take(2, true), first.take(3, true)]).to.deep.equal([0, 1, 2]);
    second.leaveAllOf([HOLDERS[2], 77]);
    expect([second.take(4, true), second.take(5, true), second.take(6, true)]).to.deep.equal([0, 1, -1]);
  });

  it('tells who was refused, once there is room', async () => {
    const [first, second] = places();
    first.take(-2, false);
    expect(second.take(-2, false)).to.equal(-1);
    let told = 0;
    const left = new Promise<void>(resolve =>
      second.whenLeft(() => {
        told++;
        resolve();
      }),
    );
    // Not by what makes no room for it.
    expect(first.leave(first.take(7, true))).to.equal(false);
    await new Promise(setImmediate);
    expect(told).to.equal(0);
    expect(first.leave(0)).to.equal(true);
    await left;
    expect([told, second.take(-2, false)]).to.deep.equal([1, 0]);
  });

  it('tells who was refused before it came to wait', async () => {
    const [first, second] = places();
    first.take(-2, false);
    expect(second.take(-2, false)).to.equal(-1);
    first.leave(0);
    await new Promise<void>(resolve => second.whenLeft(resolve));
  });

  it('has pools begin what waits in the order of turns, whichever thread it is of', async () => {
    const begun: string[] = [];
    const answers: Done[] = [];
    const [first, second] = places().map(each => new DiskPool(POOL, each));
    const submit = (pool: DiskPool, name: string) =>
      new Promise<void>(resolve => {
        const begin = (done: Done): void => {
          begun.push(name);
          answers.push(done);
        };
        pool.submit(-2, begin, () => resolve());
      });
    const over = [submit(first, 'a1'), submit(first, 'a2'), submit(second, 'b1')];
    expect(begun).to.deep.equal(['a1']);
    for (let index = 0; index < over.length; index++) {
      while (answers.length === 0) await new Promise(setImmediate);
      answers.shift()!(0);
    }
    await Promise.all(over);
    expect(begun).to.have.members(['a1', 'b1', 'a2']);
  });

  it('forgets a call that was taken back while it waited', () => {
    const [first, second] = places();
    first.take(-2, false);
    const pool = new DiskPool(POOL, second);
    const call = pool.submit(
      -2,
      () => {},
      () => {},
    );
    expect(pool.cancel(call)).to.equal(true);
    expect(pool.waiting).to.equal(0);
  });
});
