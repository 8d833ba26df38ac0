/** Smoke programs of threads: messages of each kind, work, and a connection that moves. */
import type { Check } from '../check.js';
import { expectEqual } from './expect.js';
import { connectedPair, readAll } from './ground.js';
import { endWorkers, withWorkers } from './workers.js';

const MESSAGES = 2_000;
const PUBLISHED = 100;
const ITEMS = 50;

export const threads: readonly Check[] = [
  withWorkers('workers answer requests', async ({ workers }) => {
    const answers = await Promise.all(workers.map(({ peer, index }) => peer.request<number>('double', index + 1)));
    expectEqual(answers, [2, 4], 'the answers');
  }),
  withWorkers(
    'every message of a queue arrives, and before what is asked after it',
    async ({ workers: [{ peer }] }) => {
      const numbers = peer.sender<number>('numbers');
      for (let number = 1; number <= MESSAGES; number++) await numbers.send(number);
      expectEqual(await peer.request('sum', null), (MESSAGES * (MESSAGES + 1)) / 2, 'the sum');
    },
  ),
  withWorkers('every subscriber of a topic gets what is published', async ({ workers, endpoint }) => {
    await Promise.all(workers.map(({ peer }) => peer.request('subscribed', null)));
    const news = endpoint.topic<string>('news');
    for (let number = 0; number < PUBLISHED; number++) await news.publish('news');
    // Two ways from thread to thread, of which one may be the faster.
    const heard = (peer: (typeof workers)[number]['peer']) => peer.request<number>('heard', null);
    for (const { peer } of workers) while ((await heard(peer)) < PUBLISHED);
    expectEqual(
      await Promise.all(workers.map(({ peer }) => heard(peer))),
      [PUBLISHED, PUBLISHED],
      'how many each heard',
    );
  }),
  withWorkers('each item of a work queue is done once', async runtime => {
    await using squares = runtime.workQueue<number, number>('squares');
    const done = await Promise.all(Array.from({ length: ITEMS }, (_, item) => squares.run(item)));
    expectEqual(
      done,
      Array.from({ length: ITEMS }, (_, item) => item * item),
      'the results',
    );
  }),
  withWorkers('a connection moves to a worker with what nobody has read', async ({ workers }) => {
    const { client, server } = await connectedPair();
    await client.write('moved');
    await server.moveTo(workers[1].peer);
    expectEqual(Buffer.from(await readAll(client)).toString(), '1 moved', 'the answer of the worker');
    await client.close();
  }),
  endWorkers('a runtime stops when it is asked to, and all its workers end'),
];
