/** Signals of what is sent to another thread that is in the middle of something. */
import { expect } from 'chai';
import { currentReactor } from '../../../src/index.js';
import { openEndpoint, type Endpoint } from '../../../src/threads.js';
import { endThreads, startThread } from '../../threads/messages/thread.js';
import { until } from '../../threads/runtime/until.js';
import { describeWait } from './waits.js';

describe('signals of messages', () => {
  let endpoint: Endpoint;

  beforeEach(() => (endpoint = openEndpoint({ ringBytes: 64 * 1024 })));
  afterEach(async () => {
    await endThreads();
    endpoint.close();
    currentReactor().close();
  });

  /** A thread that reads nothing until it is told to go on. */
  async function startBusy(part: string) {
    const gate = new Int32Array(new SharedArrayBuffer(12));
    const { peer, worker } = await startThread(endpoint, part, { gate, ringBytes: 4096, whenSlow: 'block' });
    if (part === 'subscriber') await new Promise(resolve => worker.once('message', resolve));
    peer.sender('block').trySend('now');
    await until(() => Atomics.load(gate, 2) === 1);
    const goOn = () => {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    };
    return { peer, goOn };
  }

  /** One whose mailbox has no room, and who makes a list of what it gets. */
  async function startFull() {
    const { peer, goOn } = await startBusy('functions');
    const queue = peer.sender<string>('list');
    while (queue.trySend('first')) continue;
    const listed = async () => (await peer.request<string[]>('listed', null)).filter(word => word !== 'first');
    return { peer, queue, goOn, listed };
  }

  describeWait('queue.send', async () => {
    const { queue, goOn, listed } = await startFull();
    return {
      begin: options => queue.send('taken back', options),
      arrive: goOn,
      check: async () => {
        await queue.send('last');
        expect(await listed()).to.deep.equal(['last']);
      },
    };
  });

  describeWait('peer.request that waits for room', async () => {
    const { peer, queue, goOn, listed } = await startFull();
    return {
      begin: options => peer.request('list', 'asked', options),
      arrive: goOn,
      check: async () => {
        await queue.send('last');
        expect(await listed()).to.deep.equal(['last']);
      },
    };
  });

  describeWait('topic.publish', async () => {
    const { peer, goOn } = await startBusy('subscriber');
    const topic = endpoint.topic<number>('news');
    let count = 0;
    while (topic.subscribers.every(({ waiting }) => waiting === 0)) {
      expect(topic.tryPublish(count)).to.equal(true);
      count++;
    }
    return {
      begin: options => topic.publish(-1, options),
      arrive: goOn,
      check: async aborted => {
        await topic.publish(-2);
        const { seen } = await peer.request<{ seen: number[] }>('seen', null);
        // Others may have had it at once, so those that are slow get it as well.
        expect(seen.filter(number => number < 0)).to.deep.equal(aborted === 'before' ? [-2] : [-1, -2]);
        expect(seen.length).to.equal(count + (aborted === 'before' ? 1 : 2));
      },
    };
  });

  it('a message that was taken back from the middle leaves the others in their order', async () => {
    const { queue, goOn, listed } = await startFull();
    const controllers = [0, 1, 2, 3].map(() => new AbortController());
    const outcomes = controllers.map(({ signal }, index) =>
      queue.send(`number ${index}`, { signal }).then(
        () => 'sent',
        (failure: Error) => failure.message,
      ),
    );
    controllers[1].abort(new Error('second'));
    controllers[3].abort(new Error('last'));
    goOn();
    expect(await Promise.all(outcomes)).to.deep.equal(['sent', 'second', 'sent', 'last']);
    expect(await listed()).to.deep.equal(['number 0', 'number 2']);
  });
});
