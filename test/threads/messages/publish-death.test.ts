/** A subscriber that ends while something is published to it: all others have the message, and it counts as dropped. */
import { expect } from 'chai';
import { once } from 'node:events';
import { currentReactor } from 'pollux';
import { openEndpoint, type Endpoint } from 'pollux/threads';
import { SLOW_POLICIES } from '../../../src/threads/messages/subscriber.js';
import { until } from '../runtime/until.js';
import { endThreads, startThread } from './thread.js';

describe('publishing to a subscriber that ends', () => {
  let endpoint: Endpoint;

  beforeEach(() => (endpoint = openEndpoint()));

  afterEach(async () => {
    await endThreads();
    endpoint.close();
    currentReactor().close();
  });

  for (const whenSlow of SLOW_POLICIES) {
    it(`reaches the others, and counts it as dropped (${whenSlow})`, async () => {
      const dying = await startThread(endpoint, 'subscriber', { whenSlow });
      const living = await startThread(endpoint, 'subscriber', { whenSlow: 'block' });
      const topic = endpoint.topic<number>('news');
      await until(() => topic.subscribers.length === 2);
      // Found alive when it is looked at, and gone when it is written to.
      let looks = 0;
      Object.defineProperty(dying.peer, 'isGone', { get: () => ++looks > 2 && dying.peer.messages.lane.isGone });
      const ended = once(dying.worker, 'exit');
      await dying.worker.terminate();
      await ended;
      const published = [1, 2].map(number => topic.publish(number));
      expect(topic.counters.dropped).to.equal(2);
      await Promise.all(published);
      const { seen } = await living.peer.request<{ seen: number[] }>('seen', undefined);
      expect(seen).to.deep.equal([1, 2]);
      await until(() => topic.subscribers.length === 1);
      expect(topic.counters).to.deep.equal({ published: 2, dropped: 2, disconnected: 0 });
    });
  }

  for (const whenSlow of ['drop oldest', 'disconnect'] as const) {
    it(`is not refused since other messages wait for a subscriber with the policy '${whenSlow}'`, async () => {
      const gate = new Int32Array(new SharedArrayBuffer(12));
      const slow = await startThread(endpoint, 'subscriber', { whenSlow, gate, ringBytes: 4096 });
      const topic = endpoint.topic<number>('news');
      await until(() => topic.subscribers.length === 1);
      slow.peer.sender('block').trySend('now');
      await until(() => Atomics.load(gate, 2) === 1);
      const others = slow.peer.sender('others');
      for (const lengthBytes of [2000, 0]) {
        let isFull = false;
        while (!isFull) {
          for (let count = 0; count < 1000; count++) {
            others.send(new Uint8Array(lengthBytes)).catch(() => (isFull = true));
          }
          await new Promise(setImmediate);
        }
      }
      await Promise.all([1, 2, 3].map(number => topic.publish(number)));
      const { published, dropped, disconnected } = topic.counters;
      expect([published, dropped, disconnected]).to.deep.equal(whenSlow === 'disconnect' ? [3, 0, 1] : [3, 3, 0]);
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    });
  }
});
