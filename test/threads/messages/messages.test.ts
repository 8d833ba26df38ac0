import { expect } from 'chai';
import { BufferList, currentReactor } from 'pollux';
import { openEndpoint, type Endpoint, type MailboxAddress, type Message } from 'pollux/threads';
import { endThreads, startThread } from './thread.js';

async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error as Error,
  );
}

describe('messages between threads', () => {
  let endpoint: Endpoint;

  beforeEach(() => (endpoint = openEndpoint({ ringBytes: 64 * 1024 })));

  afterEach(async () => {
    await endThreads();
    endpoint.close();
    // Tests that follow in this process start reactors of their own.
    currentReactor().close();
  });

  describe('queues', () => {
    it('carry bytes, buffer lists and values, in order', async () => {
      const { peer } = await startThread(endpoint, 'echo');
      const words = peer.sender('words');
      const sent = [
        Buffer.from('bytes'),
        'a string',
        { nested: [1, 2n, new Map([['a', new Date(5)]])] },
        BufferList.from('a ', 'list'),
        undefined,
        new Uint8Array(0),
      ];
      for (const payload of sent) expect(words.trySend(payload)).to.equal(true);
      const received: unknown[] = [];
      for await (const value of endpoint.queue('echoes')) {
        received.push(value);
        if (received.length === sent.length) break;
      }
      expect(received).to.deep.equal([
        new Uint8Array(Buffer.from('bytes')),
        'a string',
        { nested: [1, 2n, new Map([['a', new Date(5)]])] },
        new Uint8Array(Buffer.from('a list')),
        undefined,
        new Uint8Array(0),
      ]);
    });

    it('keep what comes before anybody receives, and hand it on first', async () => {
      const { peer } = await startThread(endpoint, 'echo');
      const words = peer.sender<number>('words');
      for (let number = 0; number < 10; number++) words.trySend(number);
      while (endpoint.queue('echoes').length < 10) await new Promise(resolve => setTimeout(resolve, 1));
      const received: number[] = [];
      const done = new Promise<void>(resolve => {
        endpoint.queue<number>('echoes').onMessage = message => {
          received.push(message.value);
          if (received.length === 20) resolve();
        };
      });
      for (let number = 10; number < 20; number++) words.trySend(number);
      await done;
      expect(received).to.deep.equal(Array.from({ length: 20 }, (_, number) => number));
    });

    it('hand on messages that hold during the call: one that was kept throws', async () => {
      const { peer } = await startThread(endpoint, 'echo');
      const kept = new Promise<Message>(resolve => (endpoint.queue('echoes').onMessage = resolve));
      peer.sender('words').trySend('short-lived');
      const message = await kept;
      for (const property of ['from', 'bytes', 'value'] as const) {
        expect(() => message[property], property).to.throw(TypeError, 'valid during the call only');
      }
    });

    it('hold their senders back while an iterator is slow, and other messages pass', async () => {
      const { peer } = await startThread(endpoint, 'slowReader', { ringBytes: 16 * 1024 });
      const numbers = peer.sender('numbers');
      const bytes = new Uint8Array(1000);
      const count = 2_000;
      const sending: Promise<void>[] = [];
      for (let number = 0; number < count; number++) sending.push(numbers.send(bytes));
      expect(numbers.trySend(bytes)).to.equal(false);
      const early = await peer.request<{ count: number }>('sum', undefined);
      expect(early.count).to.be.below(count);
      await Promise.all(sending);
      let seen = { sum: 0, count: 0 };
      while (seen.count < count) seen = await peer.request('sum', undefined);
      expect(seen).to.deep.equal({ sum: count * 1000, count });
    });

    it('say what is wrong with a payload or a receiver', async () => {
      const { peer, worker, threadId } = await startThread(endpoint, 'quiet', { ringBytes: 4096 });
      const queue = peer.sender('words');
      expect(() => queue.trySend(() => {})).to.throw(TypeError, "payload: it can't be cloned");
      expect(await rejection(queue.send(Symbol('x')))).to.be.instanceOf(TypeError);
      expect(() => queue.trySend(new Uint8Array(2049))).to.throw(
        RangeError,
        'payload: 2049 bytes; allowed: up to 2048',
      );
      expect(() => endpoint.peer(endpoint.address)).to.throw(TypeError, "this thread's own");
      for (const wrong of ['', 'x'.repeat(257), 5, null] as string[]) {
        expect(() => endpoint.queue(wrong)).to.throw(TypeError, /^name: .+; allowed: a string of 1 to 256 characters$/);
        expect(() => peer.sender(wrong)).to.throw(TypeError, 'name: ');
        expect(() => peer.schedule(wrong)).to.throw(TypeError, 'name: ');
        expect(await rejection(peer.request(wrong, 1))).to.be.instanceOf(TypeError);
      }
      const text = 'x' as unknown as () => void;
      expect(() => endpoint.answer('any', text)).to.throw(TypeError, 'answer: string; allowed: a function');
      expect(() => endpoint.define('any', text)).to.throw(TypeError, 'run: string; allowed: a function');
      expect(() => endpoint.subscribe('any', text)).to.throw(TypeError, 'onMessage: string; allowed: a function');
      expect(() => (endpoint.queue('any').onMessage = text)).to.throw(TypeError, 'onMessage: string');
      for (const wrong of [undefined, 'x', -1] as number[])
        expect(() => endpoint.markEnded(wrong)).to.throw(RangeError, 'threadId');
      expect(() => endpoint.markEnded(endpoint.threadId)).to.throw(
        RangeError,
        `threadId: ${endpoint.threadId} is this thread`,
      );
      for (const wrong of [null, {}, { threadId: 1, ring: new SharedArrayBuffer(64) }]) {
        expect(() => endpoint.peer(wrong as MailboxAddress)).to.throw(TypeError, /^address: (null|Object); allowed/);
      }
      expect(() => peer.forEachUndelivered(() => {})).to.throw(`thread ${threadId} lives`);
      const gone = new Promise(resolve => (peer.onGone = resolve));
      await worker.terminate();
      await gone;
      expect(() => queue.trySend('late')).to.throw(`send thread ${threadId}: EPIPE`);
      expect(await rejection(queue.send('late'))).to.include({ code: 'EPIPE' });
      expect(await rejection(peer.request('any', 1))).to.include({ code: 'EPIPE' });
      expect(() => endpoint.peer(peer.address)).to.throw('EPIPE');
    });
  });

  it('addresses that are posted again lead to the same mailbox, though their rings are other objects', async () => {
    const { peer } = await startThread(endpoint, 'answers');
    const again = structuredClone(peer.address);
    expect(again.ring).not.to.equal(peer.address.ring);
    expect(endpoint.peer(again)).to.equal(peer);
    expect(await endpoint.peer(again).request('double', 2)).to.equal(4);
    expect(() => endpoint.peer(structuredClone(endpoint.address))).to.throw(TypeError, "this thread's own");
  });

  describe('requests', () => {
    it('are answered with values, bytes, and at once or later', async () => {
      const { peer } = await startThread(endpoint, 'answers');
      const answers = await Promise.all([1, 2, 3].map(number => peer.request('double', number)));
      expect(answers).to.deep.equal([2, 4, 6]);
      expect(await peer.request('later', 3)).to.deep.equal(new Uint8Array([7, 7, 7]));
    });

    it('of threads that have gone meanwhile are not waited for', async () => {
      const asked: (() => void)[] = [];
      endpoint.answer('slow', () => new Promise<void>(resolve => asked.push(resolve)));
      const { worker, peer } = await startThread(endpoint, 'asks', { messages: 5_000 });
      while (asked.length < 5_000) await new Promise(resolve => setTimeout(resolve, 1));
      const gone = new Promise(resolve => (peer.onGone = resolve));
      await worker.terminate();
      await gone;
      for (const answer of asked) answer();
      await new Promise(resolve => setImmediate(resolve));
    });

    it('wait for the address of who asked', async () => {
      const { peer: first, worker } = await startThread(endpoint, 'answers');
      const { peer: second } = await startThread(endpoint, 'asks', { messages: 0 }, [first.address]);
      const answer = second.request('ask', 21);
      // By then the question of the second has come to the first, which was not started with its address.
      while ((await first.request<number>('asked', undefined)) === 0);
      worker.postMessage(second.address);
      expect(await answer).to.equal(42);
    });

    it('fail with what the other thread threw, an unknown name, a signal, or its end', async () => {
      const { peer, worker, threadId } = await startThread(endpoint, 'answers');
      expect((await rejection(peer.request('throws', 1))).message).to.equal('as it was told');
      expect((await rejection(peer.request('nobody', 1))).message).to.equal(
        `request: ENOENT, thread ${threadId} answers no requests for 'nobody'`,
      );
      expect((await rejection(peer.request('function', 1))).message).to.include("can't be cloned");
      const abort = new AbortController();
      const aborted = rejection(peer.request('never', 1, { signal: abort.signal }));
      abort.abort(new Error('enough'));
      expect((await aborted).message).to.equal('enough');
      const unanswered = rejection(peer.request('never', 1));
      await worker.terminate();
      expect(await unanswered).to.include({ code: 'EPIPE' });
    });
  });

  describe('scheduled calls', () => {
    it('regression 41: exactly one of run and cancelled is true of each', async () => {
      const gate = new Int32Array(new SharedArrayBuffer(12));
      const { peer } = await startThread(endpoint, 'functions', { gate });
      let cancelled = 0;
      let rounds = 0;
      // On a busy machine one of the two threads may be ahead for long.
      const isOneSided = () => cancelled === 0 || Atomics.load(gate, 1) === 0;
      // Cancelled a little later, so that the owner is in the middle of its turn for some and past it for others.
      const late: (() => void)[] = [];
      for (; rounds < 3_000 || isOneSided(); rounds++) {
        const ticket = peer.schedule('count');
        late.push(() => {
          if (ticket.cancel() === 'cancelled') cancelled++;
        });
        if (late.length > rounds % 7) late.shift()!();
        if (rounds % 50 === 0) await new Promise(resolve => setImmediate(resolve));
      }
      for (const cancel of late) cancel();
      while (Atomics.load(gate, 1) + cancelled < rounds) await new Promise(resolve => setTimeout(resolve, 1));
      // Whatever was scheduled before an answer has run or will never.
      peer.schedule('add', { by: 0 });
      await rejection(peer.request('nobody', 1));
      expect(Atomics.load(gate, 1) + cancelled).to.equal(rounds);
      expect(cancelled).to.be.within(1, rounds - 1);
    });

    it('are cancelled while the owner is busy, and run once it is not', async () => {
      const gate = new Int32Array(new SharedArrayBuffer(12));
      const { peer } = await startThread(endpoint, 'functions', { gate, ringBytes: 4096 });
      peer.sender('block').trySend('now');
      while (Atomics.load(gate, 2) === 0) await new Promise(resolve => setTimeout(resolve, 1));
      // More than there is room for, so that some wait on this side.
      const tickets = Array.from({ length: 200 }, () => peer.schedule('add', { by: 1 }));
      const outcomes = tickets.map((ticket, index) => (index % 2 === 0 ? ticket.cancel() : undefined));
      expect(outcomes.filter(outcome => outcome === 'cancelled')).to.have.length(100);
      expect(tickets[0].cancel()).to.equal('cancelled');
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      while (Atomics.load(gate, 1) < 100) await new Promise(resolve => setTimeout(resolve, 1));
      expect(tickets[1].cancel()).to.equal('too late');
      await new Promise(resolve => setTimeout(resolve, 5));
      expect(Atomics.load(gate, 1)).to.equal(100);
    });

    it('that nobody defined come back as a failure', async () => {
      const { peer, threadId } = await startThread(endpoint, 'quiet');
      endpoint.queue('keeps us alive').onMessage = () => {};
      const failure = new Promise<Error>(resolve => (peer.onFailure = resolve));
      peer.schedule('nothing', 1);
      expect((await failure).message).to.equal(`schedule: ENOENT, thread ${threadId} has no function 'nothing' to run`);
    });
  });

  describe('topics', () => {
    it('reach every subscriber, and none that left', async () => {
      const threads = await Promise.all(
        [1, 2, 3].map(() => startThread(endpoint, 'subscriber', { whenSlow: 'block' })),
      );
      const topic = endpoint.topic<number>('news');
      while (topic.subscribers.length < 3) await new Promise(resolve => setTimeout(resolve, 1));
      for (let number = 0; number < 100; number++) expect(topic.tryPublish(number)).to.equal(true);
      await threads[0].peer.request('unsubscribe', undefined);
      while (topic.subscribers.length === 3) await new Promise(resolve => setTimeout(resolve, 1));
      await topic.publish(100);
      const seen = await Promise.all(
        threads.map(({ peer }) => peer.request<{ seen: number[]; dropped: number }>('seen', undefined)),
      );
      expect(seen.map(each => each.seen.length)).to.deep.equal([100, 101, 101]);
      expect(seen[1].seen).to.deep.equal(Array.from({ length: 101 }, (_, number) => number));
      expect(topic.counters).to.deep.equal({ published: 101, dropped: 0, disconnected: 0 });
    });

    it('can be subscribed again, and nothing counts as dropped that was for the subscription before', async () => {
      const { peer } = await startThread(endpoint, 'publisher');
      const first = endpoint.subscribe<number>('ticks');
      await first.ready;
      const early = await peer.request<number>('publish', 50);
      first.close();
      const values: number[] = [];
      const second = endpoint.subscribe<number>('ticks', message => values.push(message.value));
      await peer.request('publish', 25);
      await second.ready;
      const before = values.length;
      await peer.request('publish', 25);
      expect(early).to.equal(50);
      expect(values.slice(before)).to.deep.equal(Array.from({ length: 25 }, (_, number) => 75 + number));
      expect([first.dropped, second.dropped]).to.deep.equal([0, 0]);
    });

    it('are subscribed once by a thread', () => {
      endpoint.subscribe('news');
      expect(() => endpoint.subscribe('news')).to.throw("this thread has subscribed to 'news' already");
      expect(() => endpoint.subscribe('other', undefined, { whenSlow: 'sleep' as never })).to.throw(
        TypeError,
        "whenSlow: 'sleep'; allowed: block, drop oldest, disconnect",
      );
    });

    for (const whenSlow of ['block', 'drop oldest', 'disconnect'] as const) {
      it(`regression 42: a slow subscriber, policy '${whenSlow}': observed, and others are unaffected`, async () => {
        const gate = new Int32Array(new SharedArrayBuffer(12));
        const slow = await startThread(endpoint, 'subscriber', { whenSlow, gate, ringBytes: 4096 });
        const quick = await startThread(endpoint, 'subscriber', { whenSlow: 'block' });
        const topic = endpoint.topic<number>('news');
        while (topic.subscribers.length < 2) await new Promise(resolve => setTimeout(resolve, 1));
        slow.peer.sender('block').trySend('now');
        while (Atomics.load(gate, 2) === 0) await new Promise(resolve => setTimeout(resolve, 1));
        const count = 200;
        const publishing: Promise<void>[] = [];
        for (let number = 0; number < count; number++) publishing.push(topic.publish(number));
        const early = await quick.peer.request<{ seen: number[] }>('seen', undefined);
        expect(early.seen).to.have.length(count);
        if (whenSlow === 'block') expect(topic.tryPublish(count)).to.equal(false);
        Atomics.store(gate, 0, 1);
        Atomics.notify(gate, 0);
        await Promise.all(publishing);
        let report = await slow.peer.request<{ seen: number[]; dropped: number; disconnected: string }>(
          'seen',
          undefined,
        );
        const all = Array.from({ length: count }, (_, number) => number);
        if (whenSlow === 'block') {
          expect(report).to.deep.equal({ seen: all, dropped: 0, disconnected: '' });
        } else if (whenSlow === 'drop oldest') {
          while (report.seen.length + report.dropped < count) report = await slow.peer.request('seen', undefined);
          expect(report.seen.length).to.be.within(1, 64);
          expect(report.seen).to.deep.equal(all.slice(-report.seen.length));
          expect(topic.counters.dropped).to.equal(report.dropped);
          expect(topic.subscribers[0]).to.include({ published: count, dropped: report.dropped, waiting: 0 });
        } else {
          while (report.disconnected === '') report = await slow.peer.request('seen', undefined);
          expect(report.disconnected).to.include('it was too slow');
          expect(report.seen).to.deep.equal(all.slice(0, report.seen.length));
          expect(report.seen.length + report.dropped).to.be.below(count);
          expect(topic.counters).to.include({ published: count, disconnected: 1 });
          expect(topic.subscribers).to.have.length(1);
        }
      });
    }
  });

  it('regression 44: a thread that is terminated is told to others, with what it did not get', async () => {
    const gate = new Int32Array(new SharedArrayBuffer(12));
    const { peer, worker } = await startThread(endpoint, 'functions', { gate });
    const block = peer.sender('block');
    block.trySend('now');
    while (Atomics.load(gate, 2) === 0) await new Promise(resolve => setTimeout(resolve, 1));
    block.trySend(Buffer.from('unread'));
    peer.schedule('count');
    const unanswered = rejection(peer.request('any', 'question'));
    const undelivered: string[] = [];
    const gone = new Promise<void>(resolve => {
      peer.onGone = () => {
        peer.forEachUndelivered(({ kind, name, bytes }) => undelivered.push(`${kind} ${name} ${bytes.length}`));
        resolve();
      };
    });
    await worker.terminate();
    await gone;
    expect(undelivered).to.deep.equal(['message block 6', 'call count 3', 'request any 12']);
    expect(await unanswered).to.include({ code: 'EPIPE' });
  });
});
