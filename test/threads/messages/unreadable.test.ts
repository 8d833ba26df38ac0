/** What comes and can't be read here, since it is nested deeper than this thread's stack: who waits for it learns so. */
import { expect } from 'chai';
import { adopt, currentReactor } from 'pollux';
import { openEndpoint, receiveConnections, type Endpoint } from 'pollux/threads';
import { socketpair } from '../../../src/sys/socket/socket.js';
import { openDescriptors } from '../../support/descriptors.js';
import { endThreads, startThread } from './thread.js';

const TOO_DEEP = 'Maximum call stack size exceeded';

/** What a promise is rejected with. */
function messageOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'nothing',
    (error: Error) => error.message,
  );
}

describe('a value that can’t be read where it comes', () => {
  let endpoint: Endpoint;

  beforeEach(() => (endpoint = openEndpoint()));

  afterEach(async () => {
    await endThreads();
    endpoint.close();
    currentReactor().close();
  });

  it('fails the request that it answers', async () => {
    const { peer } = await startThread(endpoint, 'deep', {}, [], { stackSizeMb: 16 });
    expect(await messageOf(peer.request('nested', null))).to.equal(TOO_DEEP);
    expect(await peer.request('flat', null)).to.equal('flat');
  });

  it('fails whoever waits for the next message, and not who comes after', async () => {
    const { peer } = await startThread(endpoint, 'deep', {}, [], { stackSizeMb: 16 });
    const messages = endpoint.queue('messages')[Symbol.asyncIterator]();
    const [first, second] = [messages.next(), messages.next()];
    await peer.request('send', null);
    expect(await messageOf(first)).to.equal(TOO_DEEP);
    expect(await second).to.deep.equal({ done: false, value: 'flat' });
    // Those that came before anybody asked for them.
    await peer.request('send', null);
    expect(await messageOf(messages.next())).to.equal(TOO_DEEP);
    expect(await messages.next()).to.deep.equal({ done: false, value: 'flat' });
  });

  it('has its scheduled call told as failed', async () => {
    const { peer } = await startThread(endpoint, 'deep', {}, [], { stackSizeMb: 16 });
    endpoint.define('run', () => expect.fail('it ran'));
    expect(await peer.request('schedule', null)).to.equal(TOO_DEEP);
  });

  it('has what moves with it refused, and nothing left open', async () => {
    const { peer } = await startThread(endpoint, 'deep', {}, [], { stackSizeMb: 16 });
    const received: unknown[] = [];
    receiveConnections(endpoint, (_, state) => received.push(state));
    const [here, there] = socketpair();
    const other = adopt(here);
    const ended = new Promise<void>(resolve => (other.onEnd = resolve));
    const before = openDescriptors().length;
    expect(await peer.request('move', there)).to.equal(TOO_DEEP);
    await ended;
    expect(openDescriptors().length).to.equal(before - 1);
    expect(received).to.deep.equal([]);
    other.destroy();
  });
});
