/** What is sent and not read: it has a ceiling that counts what an empty message costs, and numbers that wrap harm nobody. */
import { expect } from 'chai';
import process from 'node:process';
import { BufferList, currentReactor } from 'pollux';
import { openEndpoint, type Endpoint, type Ticket } from 'pollux/threads';
import { ENTRY_BYTES, UNREAD_BYTES, WAITING_BYTES } from '../../../src/core/limits.js';
import { until } from '../runtime/until.js';
import { endThreads, startThread } from './thread.js';

describe('bounds of what is sent between threads', () => {
  let endpoint: Endpoint;

  beforeEach(() => (endpoint = openEndpoint({ ringBytes: 64 * 1024 })));

  afterEach(async () => {
    await endThreads();
    endpoint.close();
    currentReactor().close();
  });

  /** A thread that is in the middle of something. */
  async function startBusy() {
    const gate = new Int32Array(new SharedArrayBuffer(12));
    const { peer, worker } = await startThread(endpoint, 'functions', { gate, ringBytes: 4096 });
    peer.sender('block').trySend('now');
    await until(() => Atomics.load(gate, 2) === 1);
    const goOn = () => {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    };
    return { peer, worker, gate, goOn };
  }

  it('empty messages that nobody awaits are refused in time', async () => {
    const { peer } = await startBusy();
    const jobs = peer.sender('jobs');
    let refused: unknown;
    let sent = 0;
    while (refused === undefined && sent < 100_000) {
      sent++;
      jobs.send(new Uint8Array(0)).catch((failure: unknown) => (refused ??= failure));
      if (sent % 1000 === 0) await new Promise(setImmediate);
    }
    expect(refused).to.include({ code: 'ENOBUFS' });
    expect(sent).to.be.below(WAITING_BYTES / ENTRY_BYTES + 2000);
    // They do not stand in the way of what may not be held back.
    const ticket = peer.schedule('count');
    expect(ticket.cancel()).to.equal('cancelled');
  });

  it('lists that wait hold no memory of their owner', async () => {
    const { peer, gate, goOn } = await startBusy();
    const block = new Uint8Array(1000);
    const list = BufferList.from(block);
    const calls = Array.from({ length: 100 }, () => peer.schedule('count'));
    const sent = [peer.sender('jobs').send(list), peer.sender('jobs').send(new Uint8Array(2000))];
    expect(list.length).to.equal(0);
    structuredClone(block, { transfer: [block.buffer] });
    goOn();
    await Promise.all(sent);
    await until(() => Atomics.load(gate, 1) === calls.length);
  });

  it('scheduled calls that wait are refused in time, and each that was not runs', async () => {
    const { peer, gate, goOn } = await startBusy();
    let scheduled = 0;
    expect(() => {
      for (; scheduled < 100_000; scheduled++) peer.schedule('count');
    })
      .to.throw()
      .with.property('code', 'ENOBUFS');
    goOn();
    await until(() => Atomics.load(gate, 1) === scheduled);
  });

  for (const order of ['as they came', 'the last first']) {
    it(`those that wait are cancelled without a search for each, ${order}`, async () => {
      const { peer } = await startBusy();
      const tickets: Ticket[] = [];
      const begin = process.cpuUsage();
      expect(() => {
        for (;;) tickets.push(peer.schedule('count'));
      }).to.throw('messages wait for room');
      const scheduling = process.cpuUsage(begin);
      const between = process.cpuUsage();
      if (order === 'the last first') tickets.reverse();
      const cancelled = tickets.filter(ticket => ticket.cancel() === 'cancelled');
      const cancelling = process.cpuUsage(between);
      expect(cancelled).to.have.length(tickets.length);
      expect(cancelling.user + cancelling.system).to.be.below(10 * (scheduling.user + scheduling.system));
    });
  }

  it('many queues that nobody reads keep no more than a few together', async () => {
    const { peer } = await startThread(endpoint, 'quiet');
    let sent = 0;
    let isHeld = false;
    // Each far below what one queue alone may keep.
    for (let name = 0; !isHeld && sent < 4 * UNREAD_BYTES; name++) {
      const queue = peer.sender(`unread ${name}`);
      for (let count = 0; !isHeld && count < 3; count++) {
        isHeld = await Promise.race([
          queue.send(new Uint8Array(60_000)).then(() => false),
          until(() => peer.messages.lane.waiting > 0 && peer.messages.lane.memory.words[3] === 1).then(() => true),
        ]);
        sent += 60_000;
      }
    }
    expect(isHeld).to.equal(true);
    // What is kept counts a little more for each message than its bytes.
    expect(sent).to.be.within(0.9 * UNREAD_BYTES, 2 * UNREAD_BYTES);
  });

  it('a request gets its own answer when numbers have come round to one that still waits', async () => {
    const { peer } = await startThread(endpoint, 'answers');
    const numbers = peer as unknown as { lastNumber: number };
    for (const last of [2 ** 31 - 2, -2]) {
      numbers.lastNumber = last;
      const never = peer.request('never', null).catch((failure: unknown) => failure);
      numbers.lastNumber = last;
      const doubled = await Promise.all([1, 2, 3, 4].map(number => peer.request('double', number)));
      expect(doubled).to.deep.equal([2, 4, 6, 8]);
      expect(await Promise.race([never, Promise.resolve('waits')])).to.equal('waits');
    }
  });

  it('an iterator that is left takes nothing with it', async () => {
    const { peer } = await startThread(endpoint, 'echo');
    const echoes = endpoint.queue('echoes');
    const left = echoes[Symbol.asyncIterator]();
    const pending = left.next();
    await left.return!();
    expect(await pending).to.deep.equal({ done: true, value: undefined });
    peer.sender('words').trySend('for who comes later');
    expect(await echoes[Symbol.asyncIterator]().next()).to.deep.equal({ done: false, value: 'for who comes later' });
  });
});
