/** How long something has been parked is told by a clock that nobody sets. */
import { expect } from 'chai';
import { ParkedDescriptors } from '../../../src/threads/service/parked-descriptors.js';
import { close } from '../../../src/sys/file/io.js';
import { detailOf, entrust } from '../../../src/sys/file/owned-descriptors.js';
import { socketpair } from '../../../src/sys/socket/socket.js';

const HOUR_MS = 3_600_000;
const nobody = (): void => {};

describe('what is parked', () => {
  const { now } = Date;
  let parked: ParkedDescriptors;
  let ends: [number, number];

  beforeEach(() => {
    parked = ParkedDescriptors.open();
    ends = socketpair();
  });

  afterEach(() => {
    Date.now = now;
    parked.dispose();
    for (const fd of ends) close(fd);
  });

  it('grows no older when the clock of the day is set', () => {
    expect(parked.park(ends[0])).to.equal(true);
    Date.now = () => now() + HOUR_MS;
    expect(parked.claimOld(HOUR_MS / 2, nobody)).to.deep.equal([]);
    expect(parked.claim(ends[0])).to.equal(true);
  });

  it('grows old although the clock of the day was set back', async () => {
    parked.park(ends[0]);
    Date.now = () => now() - HOUR_MS;
    let old: number[] = [];
    while (old.length === 0) {
      await new Promise(setImmediate);
      old = parked.claimOld(1, nobody);
    }
    expect(old).to.deep.equal([ends[0]]);
  });

  it('is as old as it is when the count of time begins anew', () => {
    parked.park(ends[0]);
    // An hour ago in ticks of 16 ms, also if that lies before the beginning.
    entrust(ends[0], parked.shared.holder, (detailOf(ends[0]) - HOUR_MS / 16) | 0);
    expect(parked.claimOld(2 * HOUR_MS, nobody)).to.deep.equal([]);
    expect(parked.claimOld(HOUR_MS / 2, nobody)).to.deep.equal([ends[0]]);
  });
});
