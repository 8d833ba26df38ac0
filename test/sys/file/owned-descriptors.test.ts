import { expect } from 'chai';
import { once } from 'node:events';
import { threadId, Worker } from 'node:worker_threads';
import {
  beginUse,
  claim,
  closeHolder,
  detailOf,
  endLoan,
  endUse,
  entrust,
  descriptorsOfThread,
  heldAmong,
  heldBy,
  holder,
  isRecordable,
  lend,
  meet,
  openHolder,
  own,
  owners,
  type ThreadDescriptors,
} from '../../../src/sys/file/owned-descriptors.js';
import type { Orders } from '../owning-thread.js';

/** Words at the end of the table, whose descriptors nobody has open: who owns them is all that is asked here. */
const LAST = owners.length - 1;
const [A, B, C, D] = [LAST - 3, LAST - 2, LAST - 1, LAST];

describe('the holders of descriptors', () => {
  afterEach(() => owners.fill(0, A));

  it('has one holder at every instant, who hands it over with a word', () => {
    own(A);
    expect(owners[A]).to.equal(holder);
    const parked = openHolder();
    entrust(A, parked, 17);
    expect([owners[A], detailOf(A), heldBy(parked)]).to.deep.equal([parked, 17, [A]]);
    expect(claim(A, parked)).to.equal(true);
    expect([owners[A], heldBy(parked)]).to.deep.equal([holder, []]);
    expect(claim(A, parked), 'by whoever comes second').to.equal(false);
    expect(owners[A]).to.equal(holder);
    closeHolder(parked);
  });

  it('has nothing to claim of another holder than the one that has it', () => {
    const [parked, other] = [openHolder(), openHolder()];
    entrust(A, parked);
    expect([claim(A, other), owners[A]]).to.deep.equal([false, parked]);
    closeHolder(parked);
    closeHolder(other);
  });

  it('tells what it has, of all numbers and of some', () => {
    const parked = openHolder();
    for (const fd of [A, C, D]) entrust(fd, parked);
    own(B);
    expect(heldBy(parked)).to.deep.equal([A, C, D]);
    expect(heldAmong(parked, A, 2)).to.deep.equal([A]);
    expect(heldAmong(parked, B, 2)).to.deep.equal([C]);
    expect(heldAmong(parked, C, 1_000)).to.deep.equal([C, D]);
    closeHolder(parked);
  });

  it('gives a number out again once it is closed, and never twice at a time', () => {
    const [one, two] = [openHolder(), openHolder()];
    expect(new Set([holder, one, two])).to.have.lengthOf(3);
    closeHolder(one);
    expect(openHolder()).to.equal(one);
    closeHolder(one);
    closeHolder(two);
  });

  it('believes who is told of a descriptor for which there is no word', () => {
    expect([isRecordable(LAST), isRecordable(LAST + 1)]).to.deep.equal([true, false]);
    expect([claim(LAST, 1_000), claim(LAST + 1, 1_000)]).to.deep.equal([false, true]);
  });
});

describe('a descriptor that other threads write to', () => {
  const { wait } = Atomics;
  let waits: number;
  let onWait: () => void;

  beforeEach(() => {
    waits = 0;
    onWait = () => {};
    Atomics.wait = () => {
      waits++;
      onWait();
      return 'timed-out';
    };
  });

  afterEach(() => {
    Atomics.wait = wait;
    endUse();
    owners.fill(0, A);
  });

  it('is used by who knows its loan, until that ends', () => {
    const loan = lend(A);
    expect(beginUse(A, loan)).to.equal(true);
    endUse();
    endLoan(A);
    expect([owners[A], waits]).to.deep.equal([holder, 0]);
    expect(beginUse(A, loan)).to.equal(false);
  });

  it('is not taken for another that has its number', () => {
    const before = lend(A);
    const loan = lend(A);
    expect(loan).to.not.equal(before);
    expect([beginUse(A, before), beginUse(A, loan)]).to.deep.equal([false, true]);
  });

  it('is not used by who was refused, so nobody waits for him', () => {
    const loan = lend(A);
    expect(beginUse(A, loan + 1)).to.equal(false);
    endLoan(A);
    expect(waits).to.equal(0);
  });

  it('stays open as long as somebody writes to it', () => {
    beginUse(A, lend(A));
    onWait = () => {
      if (waits === 3) endUse();
    };
    endLoan(A);
    expect(waits).to.equal(3);
  });

  it('does not wait for who writes to another', () => {
    lend(B);
    beginUse(A, lend(A));
    endLoan(B);
    expect(waits).to.equal(0);
  });

  it('waits no longer than a second', () => {
    beginUse(A, lend(A));
    endLoan(A);
    expect(waits).to.equal(1_000);
  });
});

describe('the descriptors of a thread that has ended', () => {
  afterEach(() => owners.fill(0, A));

  /** What a thread with these orders leaves when it is ended. */
  async function leftAfter(
    orders: Orders,
    beforeItsEnd: (thread: number) => void = () => {},
  ): Promise<ThreadDescriptors> {
    const worker = new Worker(new URL('../owning-thread.js', import.meta.url), {
      workerData: { ...orders, startedBy: threadId } satisfies Orders,
    });
    const id = worker.threadId;
    const left = new Promise<ThreadDescriptors>(resolve => {
      // Ahead of what the package does for workers, if a test before this one has loaded it.
      worker.prependOnceListener('exit', () => {
        const left = descriptorsOfThread(id);
        for (const ended of left.holders) closeHolder(ended);
        resolve(left);
      });
    });
    await once(worker, 'message');
    beforeItsEnd(id);
    await worker.terminate();
    return left;
  }

  it('is what it and those that it kept had open, and what it had lent apart', async () => {
    own(D);
    const { own: left, lent, holders, isKnown } = await leftAfter({ own: [A], lend: [B], keep: [C] });
    expect({ left, lent, isKnown }).to.deep.equal({ left: [A, C], lent: [B], isKnown: false });
    expect(holders).to.have.lengthOf(2).and.not.include(holder);
  });

  it('is that of all threads below it, and of nobody beside it', async () => {
    const beside = openHolder();
    entrust(D, beside);
    const { own: left, holders } = await leftAfter({ own: [A], below: { own: [B], below: { keep: [C] } } });
    expect(left).to.deep.equal([A, B, C]);
    expect(holders).to.have.lengthOf(4).and.not.include(beside);
    expect(heldBy(beside)).to.deep.equal([D]);
    closeHolder(beside);
  });

  it('leaves room for the holders of another once it is closed', async () => {
    const [first, second] = [await leftAfter({ keep: [A] }), await leftAfter({ keep: [B] })];
    expect(second.holders).to.have.members(first.holders);
  });

  it('is known to others only if one of those that ended has met one that lives', async () => {
    expect((await leftAfter({ meet: ['starter'] })).isKnown, 'the thread itself').to.equal(true);
    expect((await leftAfter({ below: { meet: [threadId] } })).isKnown, 'one below it').to.equal(true);
    expect((await leftAfter({ below: { meet: ['starter'] } })).isKnown, 'only each other').to.equal(false);
    expect((await leftAfter({ below: { meet: ['starter', threadId] } })).isKnown, 'first each other').to.equal(true);
    expect((await leftAfter({ below: { meet: [threadId, 'starter'] } })).isKnown, 'each other last').to.equal(true);
    expect((await leftAfter({ meet: [1_000_000] })).isKnown, 'one of another memory').to.equal(true);
  });

  it('is known to a thread that has met it by itself, however often', async () => {
    const { isKnown } = await leftAfter({ own: [A] }, thread => {
      meet(thread);
      meet(thread);
    });
    expect(isKnown).to.equal(true);
    meet(1_000_000);
    expect((await leftAfter({ own: [A] })).isKnown, 'another one').to.equal(false);
  });

  it('is nothing where no such thread was', () => {
    expect(descriptorsOfThread(1_000_000)).to.deep.equal({ holders: [], own: [], lent: [], isKnown: false });
  });
});
