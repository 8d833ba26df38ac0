import { expect } from 'chai';
import type { Backend } from '../../../src/backends/contract.js';
import { openBackend } from '../../../src/backends/registry.js';
import { createRing, UNIT_BYTES } from '../../../src/threads/ring/layout.js';
import { claimSlot } from '../../../src/threads/ring/senders.js';
import { BufferList } from '../../../src/core/memory/buffer-list.js';
import { ENTRY_BYTES, WAITING_BYTES } from '../../../src/core/limits.js';
import { Lane } from '../../../src/threads/mailbox/lane.js';
import { Outgoing } from '../../../src/threads/mailbox/outgoing.js';
import { wakeOwner } from '../../../src/threads/mailbox/waking.js';
import { Ends, SENDER } from './lane-ends.js';

describe('a lane into a mailbox', () => {
  let receiving: Backend;
  let sending: Backend;
  const open = (ringBytes?: number) => new Ends(sending, receiving, ringBytes);

  before(() => {
    receiving = openBackend();
    sending = openBackend();
  });

  after(() => {
    receiving.close();
    sending.close();
  });

  function wasWoken(backend: Backend): boolean {
    const { wakes } = backend.counters;
    backend.wait(0);
    return backend.counters.wakes > wakes;
  }

  describe('without room', () => {
    it('lets a message wait, and writes it when it is woken', () => {
      const ends = open();
      const { lane, settled } = ends;
      ends.fill();
      expect(ends.submit('late')).to.equal(false);
      expect([lane.waiting, ends.waiting, ends.counters.sent]).to.deep.equal([1, 1, 4]);
      lane.onWoken();
      expect([lane.waiting, ends.waiting, settled.length], 'woken for something else').to.deep.equal([1, 1, 0]);
      ends.read();
      expect(ends.release()).to.equal(true);
      expect(settled).to.deep.equal([]);
      lane.onWoken();
      expect([lane.waiting, ends.waiting, ends.counters.sent, settled]).to.deep.equal([0, 0, 5, ['late']]);
      expect(ends.read()).to.deep.equal(['late']);
      expect(ends.release(), 'nothing waits any more').to.equal(false);
    });

    it('does not try what only may be written at once', () => {
      const ends = open();
      ends.fill();
      expect(ends.lane.tryWrite(Buffer.from('x'), 0, 0, false)).to.equal(false);
      expect([ends.lane.waiting, ends.waiting]).to.deep.equal([0, 0]);
      ends.read();
      expect(ends.release(), 'nobody asked for room').to.equal(false);
      expect(ends.lane.tryWrite(Buffer.from('x'), 0, 0, false)).to.equal(true);
    });

    it('lets nothing pass what waits', () => {
      const ends = open();
      ends.fill();
      ends.submit('long', { units: 4 });
      ends.reader.next();
      ends.reader.release();
      // Two units are free, and 'long' takes four.
      expect(ends.submit('short')).to.equal(false);
      expect(ends.lane.tryWrite(Buffer.from('x'), 0, 0, false)).to.equal(false);
      ends.read();
      ends.release();
      ends.lane.onWoken();
      expect(ends.read()).to.deep.equal(['long', 'short']);
      expect(ends.settled).to.deep.equal(['long', 'short']);
    });

    it('asks again for room for what is left', () => {
      const ends = open();
      ends.fill();
      for (const name of ['a', 'b', 'c']) ends.submit(name, { units: 4 });
      for (const expected of [['a', 'b'], ['c']]) {
        ends.read();
        expect(ends.release(), expected.join()).to.equal(true);
        ends.lane.onWoken();
        expect(ends.settled.splice(0)).to.deep.equal(expected);
      }
    });

    it('keeps what waits from changing, and takes the bytes of a list', () => {
      const ends = open();
      ends.fill();
      const bytes = Buffer.from('array');
      const list = BufferList.from('of a ', 'list');
      ends.lane.submit(new Outgoing(bytes, 0, 0, false, false, undefined));
      ends.lane.submit(new Outgoing(list, 0, 0, false, false, undefined));
      ends.lane.submit(new Outgoing(new Uint8Array(0), 0, 0, false, false, undefined));
      bytes.fill('x');
      expect(list.length).to.equal(0);
      ends.read();
      ends.release();
      ends.lane.onWoken();
      expect(ends.read()).to.deep.equal(['array', 'of a list', '']);
    });

    it('writes a list that finds room, and leaves it empty', () => {
      const ends = open();
      const list = BufferList.from('of a ', 'list');
      expect(ends.lane.tryWrite(list, 0, 0, false)).to.equal(true);
      expect([list.length, ends.read()]).to.deep.equal([0, ['of a list']]);
    });
  });

  describe('to a receiver that holds back', () => {
    it('holds what may be held, and nothing else, until that ends', () => {
      const ends = open();
      ends.reader.hold(true);
      expect(ends.submit('held', { mayHold: true })).to.equal(false);
      expect(ends.lane.tryWrite(Buffer.from('x'), 0, 0, true)).to.equal(false);
      expect(ends.submit('urgent')).to.equal(true);
      expect(ends.read()).to.deep.equal(['urgent']);
      expect(ends.release(), 'room is not what it waits for').to.equal(false);
      ends.reader.hold(false);
      expect(ends.reader.takeWaiting(SENDER)).to.equal(true);
      expect(ends.submit('later', { mayHold: true }), 'nothing passes it').to.equal(false);
      ends.lane.onWoken();
      expect(ends.read()).to.deep.equal(['held', 'later']);
    });

    it('writes what is urgent before what was held, once there is room', () => {
      const ends = open();
      ends.fill();
      ends.submit('held', { mayHold: true });
      ends.submit('urgent');
      expect(ends.lane.waiting).to.equal(2);
      ends.read();
      ends.release();
      ends.lane.onWoken();
      expect(ends.read()).to.deep.equal(['urgent', 'held']);
    });

    it('is woken for room by what is urgent, also while the rest is held', () => {
      const ends = open();
      ends.fill();
      ends.reader.hold(true);
      ends.submit('held', { mayHold: true });
      ends.submit('urgent');
      ends.read();
      expect(ends.release()).to.equal(true);
      ends.lane.onWoken();
      expect(ends.read()).to.deep.equal(['urgent']);
      expect(ends.lane.waiting).to.equal(1);
    });
  });

  describe('taking back', () => {
    it('takes back what waits, once, and nobody is told', () => {
      const ends = open();
      ends.fill();
      const [first, second] = [ends.message('first'), ends.message('second', { mayHold: true })];
      for (const outgoing of [first, second]) ends.lane.submit(outgoing);
      expect([ends.lane.revoke(second), ends.lane.revoke(second)]).to.deep.equal([true, false]);
      expect([ends.lane.waiting, ends.waiting]).to.deep.equal([1, 1]);
      ends.read();
      ends.release();
      ends.lane.onWoken();
      expect([ends.read(), ends.settled]).to.deep.equal([['first'], ['first']]);
    });

    it('takes back what lies in the ring, unless the receiver has it', () => {
      const ends = open();
      const outgoing = ['a', 'b', 'c'].map(name => ends.message(name, { revocable: true }));
      for (const each of outgoing) ends.lane.submit(each);
      expect(ends.lane.revoke(outgoing[1])).to.equal(true);
      ends.reader.next();
      expect([ends.lane.revoke(outgoing[0]), ends.lane.isBeingRead(outgoing[0])]).to.deep.equal([false, true]);
      expect(ends.lane.isBeingRead(outgoing[2])).to.equal(false);
      expect(ends.read()).to.deep.equal(['c']);
      ends.release();
      expect(ends.lane.isBeingRead(outgoing[0])).to.equal(false);
    });

    it('does not take back what was not sent so that it can be', () => {
      const ends = open();
      const outgoing = ends.message('sent');
      ends.lane.submit(outgoing);
      expect([ends.lane.revoke(outgoing), ends.read()]).to.deep.equal([false, ['sent']]);
    });

    it('is being read by nobody once the receiver has gone, or as long as it waits', () => {
      const ends = open();
      const outgoing = ends.message('read', { revocable: true });
      ends.lane.submit(outgoing);
      ends.reader.next();
      ends.reader.close();
      expect(ends.lane.isBeingRead(outgoing)).to.equal(false);
      expect(ends.lane.isBeingRead(ends.message('never sent'))).to.equal(false);
    });
  });

  describe('at the end', () => {
    it('refuses what waits when the receiver has gone, and tells what it was not handed, oldest first', () => {
      const ends = open();
      ends.submit('read');
      ends.reader.next();
      ends.submit('unread', { units: 3 });
      ends.submit('unread too', { units: 4 });
      const revoked = ends.message('taken back in time', { quiet: true });
      const told = ends.message('waited', { quiet: true });
      for (const outgoing of [ends.message('asked for'), revoked, told]) ends.lane.submit(outgoing);
      expect(ends.waiting).to.equal(3);
      ends.reader.close();
      ends.lane.onGone();
      expect([ends.settled, ends.waiting, ends.lane.waiting]).to.deep.equal([['asked for EPIPE'], 0, 0]);
      expect([ends.lane.revoke(revoked), ends.lane.revoke(revoked)]).to.deep.equal([true, false]);
      const unread: string[] = [];
      ends.lane.forEachUnread((bytes, channel, tag) =>
        unread.push(`${Buffer.from(bytes).toString().trim()} ${channel} ${tag}`),
      );
      expect(unread).to.deep.equal(['unread 3 5', 'unread too 3 5', 'waited 3 5']);
      expect(ends.lane.revoke(told), 'it was told of').to.equal(false);
      expect(() => ends.submit('late')).to.throw('EPIPE');
      expect(() => ends.lane.tryWrite(Buffer.from('x'), 0, 0, false)).to.throw('send thread 7: EPIPE');
    });

    it('refuses what waits when it is closed here, leaves what was written, and gives its slot back', () => {
      const ends = open();
      ends.fill();
      ends.submit('waits');
      ends.submit('quiet', { quiet: true });
      ends.lane.close();
      ends.lane.close();
      expect([ends.settled, ends.waiting]).to.deep.equal([['waits ECANCELED'], 0]);
      const unread: number[] = [];
      ends.lane.forEachUnread(bytes => unread.push(bytes.length));
      expect(unread, 'what never came into the ring').to.deep.equal([UNIT_BYTES]);
      expect(ends.read()).to.deep.equal(['filler', 'filler', 'filler', 'filler']);
      expect(claimSlot(ends.lane.memory, 3)).to.equal(SENDER);
      ends.reader.release();
      expect(() => ends.lane.tryWrite(Buffer.from('x'), 0, 0, false)).to.throw('ECANCELED');
      expect(() => ends.submit('x')).to.throw('ECANCELED');
    });

    it('has no place in a mailbox that is full, or gone', () => {
      const ends = open();
      const again = () => new Lane(laneOwner(), addressTo(ends.ring), ends.ring);
      expect(again).to.throw('link: ENOSPC, 1 threads send to thread 7 already');
      ends.lane.close();
      again().close();
      ends.reader.close();
      expect(again).to.throw('EPIPE');
      expect(claimSlot(ends.lane.memory, 3), 'nothing was left in the slot').to.equal(SENDER);
    });

    function addressTo(ring: SharedArrayBuffer) {
      return { threadId: 7, mailbox: 1, ring, control: ring, wake: receiving.wakeHandle };
    }

    function laneOwner() {
      return { address: addressTo(createRing(256, 1)), counters: { sent: 0, wakes: 0 }, onWaiting: () => {} };
    }
  });

  describe('its bounds', () => {
    it('are the length of a message, and what may wait, in each of its lists', () => {
      const ends = open(64 * 1024);
      const lengthBytes = ends.lane.maxBytes;
      expect(lengthBytes).to.equal(32 * 1024);
      const outgoing = (mayHold: boolean, length = lengthBytes) =>
        new Outgoing(new Uint8Array(length), 0, 0, mayHold, false, undefined);
      expect(() => ends.lane.submit(outgoing(false, lengthBytes + 1))).to.throw(RangeError, 'allowed: up to 32768');
      expect(() => ends.lane.submit(outgoing(false, lengthBytes + 1), true)).to.throw(RangeError);
      for (let count = 0; count < 2; count++) expect(ends.lane.submit(outgoing(false))).to.equal(true);
      const most = Math.floor(WAITING_BYTES / (lengthBytes + ENTRY_BYTES));
      for (let count = 0; count < most; count++) expect(ends.lane.submit(outgoing(false))).to.equal(false);
      expect(() => ends.lane.submit(outgoing(false))).to.throw('ENOBUFS', `${most} messages wait`);
      expect([ends.lane.canWait(lengthBytes, false), ends.lane.canWait(lengthBytes, true)]).to.deep.equal([
        false,
        true,
      ]);
      expect(() => ends.lane.checkSendable(lengthBytes, true)).to.not.throw();
      expect(ends.lane.submit(outgoing(false), true), 'an answer').to.equal(false);
      expect(ends.waiting).to.equal(most + 1);
      ends.lane.close();
      expect([ends.waiting, ends.lane.canWait(lengthBytes, false)]).to.deep.equal([0, true]);
    });
  });

  describe('waking', () => {
    it('wakes a receiver that sleeps, once, and none that is awake', () => {
      const ends = open();
      ends.submit('awake');
      expect([ends.counters.wakes, wasWoken(receiving)]).to.deep.equal([0, false]);
      ends.read();
      ends.reader.beginSleep();
      ends.submit('asleep');
      ends.submit('woken');
      expect([ends.counters.wakes, wasWoken(receiving), wasWoken(receiving)]).to.deep.equal([1, true, false]);
    });

    it('wakes a receiver that sleeps at padding, although the record behind it finds no room', () => {
      const ends = open();
      ends.submit('a', { units: 4 });
      ends.submit('b', { units: 2 });
      ends.read();
      ends.reader.beginSleep();
      expect(ends.submit('c', { units: 4 })).to.equal(false);
      expect([ends.counters.wakes, wasWoken(receiving)]).to.deep.equal([1, true]);
    });

    it('does not write to the descriptor of a receiver that has closed', () => {
      const ends = open();
      ends.reader.close();
      ends.lane.wake();
      expect(wasWoken(receiving)).to.equal(false);
    });

    it('tells the receiver how its owner is woken, as long as it is there', () => {
      const ends = open();
      wakeOwner(ends.lane.memory, SENDER);
      expect([wasWoken(sending), wasWoken(receiving)]).to.deep.equal([true, false]);
      ends.lane.close();
      wakeOwner(ends.lane.memory, SENDER);
      expect(wasWoken(sending)).to.equal(false);
    });
  });
});
