/** Signals of calls that look a name up before they open anything. */
import { expect } from 'chai';
import { bindDatagram, connect, currentReactor, listen } from '../../../src/index.js';
import { openDescriptors } from '../../support/descriptors.js';
import { failureOf } from '../../support/failures.js';
import { holdLookUps } from '../../support/names.js';
import { atEnd, connected, destroyTracked, track } from '../../support/sockets.js';
import { describeWait } from './waits.js';

/** What a call is given, with a host; as it is if it is no object. */
function withHost(options: object): object {
  return typeof options === 'object' ? { host: 'slow.example', ...options } : options;
}

describe('signals of opening sockets', () => {
  let names: ReturnType<typeof holdLookUps>;
  let before: string[];

  beforeEach(() => {
    currentReactor();
    before = openDescriptors();
    names = holdLookUps('127.0.0.1');
  });
  afterEach(() => {
    names.restore();
    destroyTracked();
    expect(openDescriptors()).to.deep.equal(before);
  });
  after(() => currentReactor().close());

  for (const [name, open] of Object.entries({ listen, bindDatagram })) {
    describeWait(name, () => ({
      begin: async options => {
        const opened = await open(withHost(options));
        atEnd(() => void opened.close());
      },
      arrive: () => names.answer(),
      check: async () => {
        // What was given up is not opened later.
        await new Promise(resolve => setImmediate(resolve));
        expect(openDescriptors()).to.deep.equal(before);
      },
    }));

    it(`${name}: aborted in the turn of the call, nothing is opened`, async () => {
      const controller = new AbortController();
      const failure = failureOf(open({ host: '127.0.0.1', signal: controller.signal }));
      controller.abort(new Error('never mind'));
      expect((await failure).message).to.equal('never mind');
      expect(openDescriptors()).to.deep.equal(before);
    });
  }

  it('a signal that is aborted later leaves the listener open', async () => {
    const controller = new AbortController();
    const listener = await listen({
      host: '127.0.0.1',
      signal: controller.signal,
      onConnection: each => track(each).end(),
    });
    atEnd(() => void listener.close());
    controller.abort();
    const client = await connected({ port: listener.port, host: '127.0.0.1' });
    expect(await client.read()).to.equal(null);
  });

  it('a Unix socket without a name is not opened either', async () => {
    const signal = AbortSignal.abort(new Error('not wanted'));
    expect((await failureOf(bindDatagram({ path: '', signal }))).message).to.equal('not wanted');
    expect((await failureOf(connect({ path: '/nowhere', signal }))).message).to.equal('not wanted');
  });
});
