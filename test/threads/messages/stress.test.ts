/**
 * Many threads to one and one to many, while connections are served and threads are terminated. A failure names its seed;
 * POLLUX_SEED=n runs it again, POLLUX_STRESS_MESSAGES=125000 sends a million.
 */
import { expect } from 'chai';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import process from 'node:process';
import { currentReactor, listen, type Connection, type Listener } from 'pollux';
import { openEndpoint, type Endpoint, type Peer } from 'pollux/threads';
import { Random } from '../../../src/base/random.js';
import { numbered, numberOf } from './numbered.js';
import { endThreads, startThread, type Started } from './thread.js';

const THREADS = 8;
const MESSAGES = Number(process.env.POLLUX_STRESS_MESSAGES ?? 4_000);
const seed = Number(process.env.POLLUX_SEED ?? Date.now() % 1_000_000);

describe(`regression 39: messages under load, POLLUX_SEED=${seed}`, () => {
  let endpoint: Endpoint;
  let listener: Listener;
  let client: Socket;
  let echoed: number;
  const random = new Random(seed);

  const served = new Set<Connection>();

  beforeEach(async () => {
    endpoint = openEndpoint({ ringBytes: 64 * 1024 });
    listener = await listen({ port: 0, host: '127.0.0.1' });
    listener.onConnection = connection => {
      served.add(connection);
      connection.onData = chunk => connection.send(chunk);
    };
    echoed = 0;
    // A connection with one message in flight, all along.
    client = connect((listener.address as { port: number }).port, '127.0.0.1');
    await once(client, 'connect');
    client.on('data', () => {
      echoed++;
      client.write('x');
    });
    client.write('x');
  });

  afterEach(async () => {
    await endThreads();
    client.destroy();
    for (const connection of served) connection.destroy();
    served.clear();
    await listener.close();
    endpoint.close();
    // Tests that follow in this process start reactors of their own.
    currentReactor().close();
  });

  for (const deaths of [0, 3]) {
    it(`${THREADS} threads to one, ${deaths} of them terminated: each sender's messages come whole and in order`, async () => {
      const next = new Map<number, number>();
      let wrong = '';
      let wake!: () => void;
      const changed = () => new Promise<void>(resolve => (wake = resolve));
      let waiting = changed();
      const mortal = new Map<number, { worker: Started['worker']; at: number }>();
      endpoint.queue('flood').onMessage = ({ from, bytes }) => {
        const expected = next.get(from) ?? 0;
        if (numberOf(bytes) !== expected) wrong = `thread ${from}: ${numberOf(bytes)} in place of ${expected}`;
        next.set(from, expected + 1);
        const death = mortal.get(from);
        if (death?.at === expected) void death.worker.terminate();
        if (expected + 1 === MESSAGES || wrong !== '') wake();
      };
      const started = await Promise.all(
        Array.from({ length: THREADS }, async (_, index) => {
          const thread = await startThread(endpoint, 'sender', { messages: index < deaths ? 2 ** 24 : MESSAGES });
          if (index < deaths) mortal.set(thread.threadId, { worker: thread.worker, at: random.below(MESSAGES - 1) });
          return thread;
        }),
      );
      const gone = started
        .slice(0, deaths)
        .map(({ peer }) => new Promise<unknown>(resolve => (peer.isGone ? resolve(peer) : (peer.onGone = resolve))));
      // Some may have passed their end before it was known here.
      for (const { worker, at } of mortal.values()) if ((next.get(worker.threadId) ?? 0) > at) void worker.terminate();
      const survivors = started.slice(deaths).map(({ threadId }) => threadId);
      while (survivors.some(threadId => next.get(threadId) !== MESSAGES) && wrong === '') {
        await waiting;
        waiting = changed();
      }
      expect(wrong).to.equal('');
      await Promise.all(gone);
      expect(echoed).to.be.above(0);
    });

    it(`one to ${THREADS} threads, ${deaths} of them terminated: what each did not get is told`, async () => {
      const tally = new Int32Array(new SharedArrayBuffer(4 * THREADS));
      const started = await Promise.all(
        Array.from({ length: THREADS }, (_, place) =>
          startThread(endpoint, 'counter', { tally, place, ringBytes: 65536 }),
        ),
      );
      const undelivered = new Map<Peer, number>();
      const gone = started.slice(0, deaths).map(
        ({ peer }) =>
          new Promise<void>(resolve => {
            peer.onGone = () => {
              let count = 0;
              peer.forEachUndelivered(() => count++);
              undelivered.set(peer, count);
              resolve();
            };
          }),
      );
      const sent = await Promise.all(
        started.map(async ({ peer, worker }, place) => {
          const queue = peer.sender('flood');
          const end = place < deaths ? random.below(MESSAGES) : -1;
          let number = 0;
          try {
            for (; number < MESSAGES; number++) {
              if (number === end) void worker.terminate();
              if (!queue.trySend(numbered(number))) await queue.send(numbered(number));
            }
          } catch (error) {
            expect(place).to.be.below(deaths);
            expect(error).to.include({ code: 'EPIPE' });
          }
          return number;
        }),
      );
      await Promise.all(gone);
      while (tally.subarray(deaths).some(count => count !== MESSAGES && count !== -1)) {
        await new Promise(resolve => setTimeout(resolve, 1));
      }
      expect([...tally.subarray(deaths)]).to.deep.equal(new Array(THREADS - deaths).fill(MESSAGES));
      for (const [place, { peer }] of started.slice(0, deaths).entries()) {
        // One may have been handed to the thread and not been counted: that in whose handler it was stopped.
        expect(sent[place] - undelivered.get(peer)! - tally[place], `thread ${place}`).to.be.within(0, 1);
      }
      expect(echoed).to.be.above(0);
    });
  }
});
