import { expect } from 'chai';
import { currentReactor, listen } from '../../../src/index.js';
import {
  openEndpoint,
  receiveConnections,
  receiveDatagrams,
  receiveFiles,
  receiveListeners,
  type Endpoint,
} from '../../../src/threads.js';
import { endThreads, startThread } from './thread.js';

const RECEIVERS = { receiveConnections, receiveDatagrams, receiveFiles, receiveListeners };

describe('whoever receives what is moved', () => {
  let endpoint: Endpoint;

  beforeEach(() => (endpoint = openEndpoint()));

  afterEach(async () => {
    await endThreads();
    endpoint.close();
    currentReactor().close();
  });

  for (const [name, receive] of Object.entries(RECEIVERS)) {
    it(`${name} says what is wrong with it, and is called once`, () => {
      for (const wrong of [undefined, 5, {}] as never[]) {
        expect(() => receive(wrong, () => {})).to.throw(TypeError, /^endpoint: .+; allowed: this thread's Endpoint/);
        expect(() => receive(endpoint, wrong)).to.throw(TypeError, /^handler: .+; allowed: a function$/);
      }
      receive(endpoint, () => {});
      expect(() => receive(endpoint, () => {})).to.throw(
        `${name}: EALREADY, it was called before; a thread has one such handler`,
      );
    });

    it(`${name} is refused once the endpoint is closed`, () => {
      endpoint.close();
      expect(() => receive(endpoint, () => {})).to.throw(`${name}: EBADF, the endpoint is closed`);
    });
  }

  it('needs a mailbox of 32 KiB, and who moves something is told so', async () => {
    const listener = await listen({ host: '127.0.0.1' });
    const move = (peer: Parameters<typeof listener.moveTo>[0]) =>
      listener.moveTo(peer).catch((error: unknown) => error);
    const { peer: small, threadId } = await startThread(endpoint, 'listeners', { ringBytes: 16 * 1024 });
    const failure = (await move(small)) as Error;
    expect(failure).to.be.instanceOf(RangeError);
    expect(failure.message).to.equal(
      `peer: the mailbox of thread ${threadId} has 16384 bytes; to move something there it needs 32768: ` +
        'openEndpoint({ ringBytes: 32768 }) or more in that thread',
    );
    expect(listener.isClosed).to.equal(false);
    const { peer: large } = await startThread(endpoint, 'listeners', { ringBytes: 32 * 1024 });
    expect(await move(large)).to.equal(undefined);
  });
});
