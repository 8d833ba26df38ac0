import { expect } from 'chai';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { MailboxAddress } from '../../../src/threads/mailbox/address.js';
import { Mailbox } from '../../../src/threads/mailbox/mailbox.js';
import { Outgoing } from '../../../src/threads/mailbox/outgoing.js';
import { Reactor } from '../../../src/core/reactor/reactor.js';
import { READ } from '../../../src/threads/ring/layout.js';
import type { RingReader } from '../../../src/threads/ring/reader.js';
import { settling } from '../../../src/api/settling.js';

const workerFile = new URL('../../core/fixtures/mailbox-worker.js', import.meta.url);

describe('mailbox', () => {
  let reactor: Reactor;
  let mailbox: Mailbox;
  let onRecord: (reader: RingReader) => void;
  const workers: Worker[] = [];

  beforeEach(() => {
    reactor = new Reactor();
    mailbox = new Mailbox(reactor, { onRecord: reader => onRecord(reader) }, { ringBytes: 64 * 1024 });
    onRecord = () => expect.fail('nothing was expected');
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map(worker => worker.terminate()));
    mailbox.close();
    reactor.close();
  });

  async function start(role: string, messages = 0, to?: MailboxAddress, ringBytes = 64 * 1024) {
    const worker = new Worker(workerFile, { workerData: { role, messages, to, ringBytes } });
    workers.push(worker);
    worker.on('error', error => console.error(error));
    const { threadId } = worker;
    const [{ address }] = (await once(worker, 'message')) as [{ address: MailboxAddress }];
    return { worker, address, threadId };
  }

  it('regression 39: floods of several threads arrive whole and in order, with few wake-ups', async () => {
    const threads = 4;
    const messages = 25_000;
    const next = new Map<number, number>();
    const done = settling<void>();
    let received = 0;
    onRecord = reader => {
      const expected = next.get(reader.sender) ?? 0;
      next.set(reader.sender, expected + 1);
      const length = (expected * 7) % 200;
      if (reader.tag !== expected || reader.channel !== length || reader.end - reader.start !== length) {
        done.reject(new Error(`sender ${reader.sender}: message ${reader.tag} in place of ${expected}`));
      }
      for (let at = reader.start; at < reader.end; at++) {
        if (reader.bytes[at] !== (expected & 0xff)) done.reject(new Error(`message ${expected} is torn`));
      }
      if (++received === threads * messages) done.resolve();
    };
    mailbox.keepAlive(true);
    const started = await Promise.all(Array.from({ length: threads }, () => start('flood', messages, mailbox.address)));
    const reports = started.map(({ worker }) => once(worker, 'message') as Promise<[{ wakes: number; turns: number }]>);
    for (const { worker } of started) worker.postMessage('go');
    await done.promise;
    const told = (await Promise.all(reports)).map(([report]) => report);
    const sum = (count: 'wakes' | 'turns') => told.reduce((total, report) => total + report[count], 0);
    // On any machine: nobody is woken who has not gone to sleep, which is at most once a turn.
    expect(sum('wakes')).to.be.at.most(reactor.counters.turns);
    expect(mailbox.counters.wakes).to.be.at.most(sum('turns') + threads);
    // How often threads sleep is the machine's affair, a thousand times here where it is busy; but not for most messages.
    expect(sum('wakes') + mailbox.counters.wakes).to.be.below((threads * messages) / 20);
    expect(reactor.driver.backend.counters.wakes).to.be.at.most(sum('wakes'));
  });

  for (const beginsAt of [2 ** 31 - 100, -100]) {
    it(`goes on where positions wrap, with senders that wait and are woken (from ${beginsAt})`, async () => {
      mailbox.close();
      mailbox = new Mailbox(reactor, { onRecord: reader => onRecord(reader) }, { ringBytes: 4096, beginsAt });
      const next = new Map<number, number>();
      const done = settling<void>();
      let received = 0;
      onRecord = reader => {
        const expected = next.get(reader.sender) ?? 0;
        next.set(reader.sender, expected + 1);
        if (reader.tag !== expected) done.reject(new Error(`message ${reader.tag} in place of ${expected}`));
        if (++received === 2000) done.resolve();
      };
      mailbox.keepAlive(true);
      const started = await Promise.all([1, 2].map(() => start('flood', 1000, mailbox.address)));
      for (const { worker } of started) worker.postMessage('go');
      await done.promise;
    });
  }

  it('wakes a thread that sleeps in its backend, in both directions', async () => {
    const { address } = await start('echo', 0, mailbox.address);
    const link = mailbox.link(address);
    mailbox.keepAlive(true);
    for (let round = 0; round < 200; round++) {
      const echoed = settling<string>();
      onRecord = reader => echoed.resolve(Buffer.from(reader.bytes.subarray(reader.start, reader.end)).toString());
      expect(link.tryWrite(Buffer.from(`round ${round}`), 0, round, true)).to.equal(true);
      expect(await echoed.promise).to.equal(`round ${round}`);
    }
    link.close();
  });

  it('regression 44: a receiver that is terminated is found gone, and what it did not get is told', async () => {
    const { worker, address, threadId } = await start('block');
    const link = mailbox.link(address);
    const gone = settling<void>();
    link.onGone = gone.resolve;
    link.tryWrite(Buffer.from('blocks it'), 0, 0, true);
    while (Atomics.load(link.memory.words, READ) === 0) await new Promise(resolve => setImmediate(resolve));
    for (let number = 1; number <= 3; number++) link.tryWrite(Buffer.from(`${number}`), 5, number, true);
    const refused = settling<Error | undefined>();
    // Fills the ring, so that one has to wait.
    const filler = new Uint8Array(link.maxBytes);
    link.tryWrite(filler, 0, 0, true);
    expect(link.submit(new Outgoing(filler, 0, 0, true, false, refused.resolve))).to.equal(false);
    await worker.terminate();
    mailbox.markEnded(threadId);
    await gone.promise;
    expect(await refused.promise).to.include({ code: 'EPIPE' });
    const unread: string[] = [];
    link.forEachUnread((bytes, channel, tag) => unread.push(`${bytes.length} ${channel} ${tag}`));
    expect(unread).to.deep.equal(['1 5 1', '1 5 2', '1 5 3', `${filler.length} 0 0`]);
    expect(() => link.tryWrite(filler, 0, 0, true)).to.throw(`send thread ${threadId}: EPIPE`);
    expect(() => mailbox.link(address)).to.throw('EPIPE');
  });

  it('gives back the slots of threads that come and go, also of those that are terminated', async () => {
    mailbox.close();
    mailbox = new Mailbox(reactor, { onRecord: () => {} }, { ringBytes: 4096, senders: 2 });
    for (let round = 0; round < 4; round++) {
      const { worker, threadId } = await start('quiet', 0, mailbox.address);
      await worker.terminate();
      mailbox.markEnded(threadId);
    }
    await start('quiet', 0, mailbox.address);
    await start('quiet', 0, mailbox.address);
    const late = new Worker(workerFile, { workerData: { role: 'quiet', to: mailbox.address, ringBytes: 4096 } });
    const [error] = (await once(late, 'error')) as [Error];
    expect(error.message).to.include('2 threads send to thread 0 already');
  });

  it('says what is wrong', async () => {
    expect(() => mailbox.link(mailbox.address)).to.throw(TypeError, "it is this thread's own (thread 0)");
    expect(() => new Mailbox(reactor, { onRecord: () => {} })).to.throw('this thread has a mailbox already');
    const { address } = await start('quiet');
    const link = mailbox.link(address);
    const long = new Uint8Array(link.maxBytes + 1);
    expect(() => link.tryWrite(long, 0, 0, true)).to.throw(RangeError, 'payload: 32769 bytes; allowed: up to 32768');
    link.close();
    expect(() => link.tryWrite(new Uint8Array(1), 0, 0, true)).to.throw('ECANCELED');
  });
});
