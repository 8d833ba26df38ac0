/** What a mailbox does in a turn: two of one thread, each with a reactor that only the test turns. */
import { expect } from 'chai';
import type { Backend } from '../../../src/backends/contract.js';
import { OWNER_WAKING, RingMemory, WAKING } from '../../../src/threads/ring/layout.js';
import type { RingReader } from '../../../src/threads/ring/reader.js';
import { claimSlot } from '../../../src/threads/ring/senders.js';
import { RingWriter } from '../../../src/threads/ring/writer.js';
import { FAREWELL_MS, MESSAGES_BEFORE_CONTROL, RECORDS_PER_TURN } from '../../../src/core/limits.js';
import type { Link } from '../../../src/threads/mailbox/link.js';
import { Mailbox, type MailboxOptions } from '../../../src/threads/mailbox/mailbox.js';
import { Outgoing } from '../../../src/threads/mailbox/outgoing.js';
import { Patience } from '../../../src/threads/mailbox/patience.js';
import { Reactor } from '../../../src/core/reactor/reactor.js';
import type { IoError } from '../../../src/sys/ffi/io-error.js';

const NOTHING = new Uint8Array(0);

/** A mailbox that notes what it is handed: 'm5' is message 5, 'c5' what the runtime says. */
class Noting {
  readonly reactor = new Reactor();
  readonly notes: string[] = [];
  onNote: (note: string) => void = () => {};
  readonly mailbox: Mailbox;

  constructor(options: MailboxOptions = { ringBytes: 4096, senders: 2 }) {
    const noting = (kind: string) => ({ onRecord: ({ tag }: RingReader) => this.note(`${kind}${tag}`) });
    this.mailbox = new Mailbox(this.reactor, noting('m'), options, noting('c'));
  }

  get backend(): Backend {
    return this.reactor.driver.backend;
  }

  /** Whether it was woken since the last look. */
  wasWoken(): boolean {
    const { wakes } = this.backend.counters;
    this.backend.wait(0);
    return this.backend.counters.wakes > wakes;
  }

  run(): string[] {
    this.mailbox.run();
    return this.notes.splice(0);
  }

  close(): void {
    this.mailbox.close();
    this.reactor.close();
  }

  private note(note: string): void {
    this.notes.push(note);
    this.onNote(note);
  }
}

describe('the turn of a mailbox', () => {
  let from: Noting;
  let to: Noting;
  let link: Link;

  function open(options?: MailboxOptions): void {
    from = new Noting();
    to = new Noting(options);
    link = from.mailbox.link(to.mailbox.address);
  }

  afterEach(() => {
    from.close();
    to.close();
  });

  function say(tag: number): void {
    expect(link.control.tryWrite(NOTHING, 0, tag, false)).to.equal(true);
  }

  function send(first: number, count: number): void {
    for (let tag = first; tag < first + count; tag++) expect(link.tryWrite(NOTHING, 0, tag, true)).to.equal(true);
  }

  function fill(): number {
    let count = 0;
    while (link.tryWrite(NOTHING, 0, count, true)) count++;
    return count;
  }

  it('hands on what has come, in order, and has no work then', () => {
    open();
    expect([to.mailbox.hasWork, to.mailbox.run()]).to.deep.equal([false, false]);
    send(1, 3);
    expect([to.mailbox.hasWork, to.mailbox.run(), to.mailbox.hasWork]).to.deep.equal([true, true, false]);
    say(4);
    expect([to.mailbox.hasWork, to.mailbox.run(), to.mailbox.hasWork]).to.deep.equal([true, true, false]);
    expect(to.notes).to.deep.equal(['m1', 'm2', 'm3', 'c4']);
    expect([to.mailbox.counters.received, from.mailbox.counters.sent]).to.deep.equal([4, 4]);
  });

  it('hands on what the runtime says before messages, and between them', () => {
    open();
    send(0, 2 * MESSAGES_BEFORE_CONTROL + 1);
    say(100);
    to.onNote = note => {
      if (note === 'm3') say(200);
    };
    const notes = to.run();
    expect(notes.indexOf('c100')).to.equal(0);
    expect(notes.indexOf('c200') - notes.indexOf(`m${MESSAGES_BEFORE_CONTROL - 1}`)).to.equal(1);
    expect(notes).to.have.lengthOf(2 * MESSAGES_BEFORE_CONTROL + 3);
  });

  it('hands on no more messages than a turn may take', () => {
    open({ ringBytes: 256 * 1024, senders: 2 });
    send(0, RECORDS_PER_TURN + 3);
    expect([to.run().length, to.mailbox.hasWork]).to.deep.equal([RECORDS_PER_TURN, true]);
    expect([to.run().length, to.mailbox.hasWork]).to.deep.equal([3, false]);
  });

  it('goes on with the rest after one that throws, and loses no room by it', () => {
    open();
    for (let round = 0; round < 3; round++) {
      const count = fill();
      say(7);
      to.onNote = note => {
        if (note === 'm1' || note === 'c7') throw new Error(note);
      };
      expect(() => to.mailbox.run()).to.throw('c7');
      expect(() => to.mailbox.run()).to.throw('m1');
      expect(to.mailbox.run()).to.equal(true);
      expect(to.notes.splice(0)).to.have.lengthOf(count + 1);
    }
    expect(to.mailbox.counters.received).to.equal(from.mailbox.counters.sent);
  });

  it('gives room back in good time, not only at the end', () => {
    open();
    const count = fill();
    const found: boolean[] = [];
    to.onNote = () => found.length < count && found.push(link.tryWrite(NOTHING, 0, 0, true));
    to.mailbox.run();
    expect([found[0], found[count >> 1]]).to.deep.equal([false, true]);
  });

  it('takes nothing more once it was closed in the middle', () => {
    open();
    send(0, 5);
    to.onNote = note => {
      if (note === 'm1') to.mailbox.close();
    };
    expect(to.run()).to.deep.equal(['m0', 'm1']);
  });

  it('wakes those who wait for room, and they go on', () => {
    open();
    const count = fill();
    const settled: unknown[] = [];
    link.submit(new Outgoing(NOTHING, 0, 99, true, false, failure => settled.push(failure)));
    expect([from.mailbox.hasWork, settled]).to.deep.equal([false, []]);
    expect(to.run()).to.have.lengthOf(count);
    expect([to.mailbox.counters.wakes, from.wasWoken(), from.mailbox.hasWork]).to.deep.equal([1, true, true]);
    from.mailbox.run();
    expect([settled, from.mailbox.hasWork]).to.deep.equal([[undefined], false]);
    expect(to.run()).to.deep.equal(['m99']);
    expect([to.mailbox.counters.wakes, from.wasWoken()], 'nobody waits').to.deep.equal([1, false]);
  });

  it('wakes those whom it held back, when it ceases to', () => {
    open();
    to.mailbox.hold(true);
    link.submit(new Outgoing(NOTHING, 0, 5, true, false, undefined));
    expect([to.run(), from.wasWoken()]).to.deep.equal([[], false]);
    to.mailbox.hold(true);
    expect(from.wasWoken()).to.equal(false);
    to.mailbox.hold(false);
    expect(from.wasWoken()).to.equal(true);
    from.mailbox.run();
    expect(to.run()).to.deep.equal(['m5']);
  });

  it('sleeps only if nothing has come either way, and is woken by either', () => {
    open();
    for (const write of [() => send(1, 1), () => say(1)]) {
      write();
      expect(to.mailbox.beginSleep()).to.equal(false);
      expect(to.run()).to.have.lengthOf(1);
      write();
      expect(to.wasWoken(), 'it did not fall asleep').to.equal(false);
      expect(to.run()).to.have.lengthOf(1);
      expect(to.mailbox.beginSleep()).to.equal(true);
      write();
      expect(to.wasWoken()).to.equal(true);
      to.mailbox.endSleep();
      expect(to.run()).to.have.lengthOf(1);
      expect(to.mailbox.beginSleep()).to.equal(true);
      to.mailbox.endSleep();
      write();
      expect(to.wasWoken(), 'it was awake').to.equal(false);
      expect(to.run()).to.have.lengthOf(1);
    }
  });

  it('tells those who send to it when it closes, once', () => {
    open();
    let gone = 0;
    link.onGone = () => gone++;
    fill();
    const settled: (Error | undefined)[] = [];
    link.submit(new Outgoing(NOTHING, 0, 99, true, false, failure => settled.push(failure)));
    to.mailbox.close();
    to.mailbox.close();
    expect([from.wasWoken(), link.isGone, gone]).to.deep.equal([true, true, 0]);
    from.mailbox.run();
    from.backend.wake();
    from.wasWoken();
    from.mailbox.run();
    expect([gone, settled.map(failure => (failure as IoError).code)]).to.deep.equal([1, ['EPIPE']]);
    for (const lane of [link.messages, link.control]) {
      expect(() => lane.tryWrite(NOTHING, 0, 0, false)).to.throw('EPIPE');
    }
    expect(() => to.mailbox.link(from.mailbox.address)).to.throw('link: EBADF, the mailbox is closed');
    expect(() => from.mailbox.link(to.mailbox.address)).to.throw('EPIPE');
  });

  it('lets go of its links when it closes, and leaves nothing in the slots of others', () => {
    open({ ringBytes: 4096, senders: 1 });
    expect(() => from.mailbox.link(to.mailbox.address)).to.throw('1 threads send to');
    link.close();
    link.close();
    expect(from.mailbox.links.size).to.equal(0);
    link = from.mailbox.link(to.mailbox.address);
    from.mailbox.close();
    expect(() => link.tryWrite(NOTHING, 0, 0, false)).to.throw('ECANCELED');
    for (const ring of [to.mailbox.address.ring, to.mailbox.address.control]) {
      expect(claimSlot(new RingMemory(ring), 3)).to.equal(0);
    }
  });

  it('takes no slot for messages where there is none for the runtime', () => {
    open();
    link.close();
    const { ring, control } = to.mailbox.address;
    const memory = new RingMemory(control);
    while (claimSlot(memory, 9) >= 0);
    expect(() => from.mailbox.link(to.mailbox.address)).to.throw('threads send to');
    expect(claimSlot(new RingMemory(ring), 9)).to.equal(0);
  });

  it('marks a thread as ended: what it was about to send is passed over, and its slots are free', () => {
    open();
    const memory = new RingMemory(to.mailbox.address.ring);
    const dead = new RingWriter(to.mailbox.address.ring, claimSlot(memory, 77));
    dead.reserve(10);
    send(1, 1);
    expect(to.run()).to.deep.equal([]);
    to.mailbox.markEnded(77);
    expect(to.wasWoken()).to.equal(true);
    expect([to.run(), to.mailbox.reader.abandoned]).to.deep.equal([['m1'], 1]);
    expect(claimSlot(memory, 78)).to.equal(dead.sender);
  });

  it('is closed when its thread is marked as ended, and refuses its own address', () => {
    open();
    expect(() => from.mailbox.link(from.mailbox.address)).to.throw(TypeError, "it is this thread's own (thread 0)");
    const { threadId } = to.mailbox.address;
    from.mailbox.markEnded(threadId + 1);
    expect(link.isGone, 'another one').to.equal(false);
    from.mailbox.markEnded(threadId);
    expect(link.isGone).to.equal(true);
    expect(() => link.control.tryWrite(NOTHING, 0, 0, false)).to.throw('EPIPE');
  });

  it('wakes the receivers of a dead thread, which may have died when that fell to it', () => {
    open();
    const memory = new RingMemory(to.mailbox.address.ring);
    claimSlot(memory, 77);
    from.mailbox.markEnded(76);
    expect(to.wasWoken()).to.equal(false);
    from.mailbox.markEnded(77);
    expect(to.wasWoken()).to.equal(true);
  });

  describe('and those that are about to wake', () => {
    const { wait } = Atomics;
    let waits = 0;

    function countWaits(onWait: () => void): void {
      waits = 0;
      Atomics.wait = () => {
        waits++;
        onWait();
        return 'timed-out';
      };
    }

    afterEach(() => {
      Atomics.wait = wait;
    });

    it('it does not close before they are done, unless they have died', () => {
      open();
      const memory = new RingMemory(to.mailbox.address.ring);
      memory.words[memory.slot(1) + WAKING] = 1;
      countWaits(() => {
        if (waits === 2) memory.words[memory.slot(1) + WAKING] = 0;
      });
      to.mailbox.close();
      expect(waits).to.equal(2);
      to.close();
      to = new Noting();
      const control = new RingMemory(to.mailbox.address.control);
      control.words[control.slot(0) + WAKING] = 1;
      countWaits(() => {});
      to.mailbox.close();
      expect(waits).to.equal(FAREWELL_MS);
    });

    it('a link does not go before they are done, and leaves no count of the dead', () => {
      open();
      const { memory } = link;
      const index = memory.slot(0) + OWNER_WAKING;
      memory.words[index] = 1;
      countWaits(() => {
        if (waits === 3) memory.words[index] = 0;
      });
      link.close();
      expect(waits).to.equal(3);
      link = from.mailbox.link(to.mailbox.address);
      memory.words[index] = 2;
      countWaits(() => {});
      link.close();
      expect([waits, memory.words[index]]).to.deep.equal([FAREWELL_MS, 0]);
    });
  });
});

describe('looking for an answer before sleeping', () => {
  const readerWith = (isReady: boolean) => {
    const reader = {
      looks: 0,
      get isReady() {
        reader.looks++;
        return isReady;
      },
    };
    return reader;
  };

  it('is tried ever more rarely in vain, and at once again after it was worth it', () => {
    const patience = new Patience();
    const [silent, ready] = [readerWith(false), readerWith(true)];
    const lookFor = (reader: object) => patience.lookFor(reader as RingReader);
    const tried: number[] = [];
    for (let turn = 0; turn < 30; turn++) {
      const before = silent.looks;
      expect(lookFor(silent)).to.equal(false);
      if (silent.looks > before) tried.push(turn);
    }
    // It passes over 1, 3, 7 and 15 turns.
    expect(tried).to.deep.equal([0, 2, 6, 14]);
    // Of the fifteen after turn 14 all are over.
    expect([lookFor(ready), lookFor(ready)]).to.deep.equal([true, true]);
    const before = silent.looks;
    lookFor(silent);
    expect(silent.looks).to.be.above(before);
    expect(lookFor(ready), 'one is passed over').to.equal(false);
    expect(lookFor(ready)).to.equal(true);
  });
});
