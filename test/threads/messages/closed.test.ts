import { expect } from 'chai';
import { currentReactor } from '../../../src/index.js';
import { openEndpoint, type Endpoint } from '../../../src/threads.js';
import { CALL, channelOf, MESSAGE, NAME } from '../../../src/threads/endpoint/channel.js';
import { Outgoing } from '../../../src/threads/mailbox/outgoing.js';
import { rejection } from '../../support/sockets.js';
import { endThreads, startThread } from './thread.js';

describe('an endpoint', () => {
  let endpoint: Endpoint | undefined;

  function open(...options: Parameters<typeof openEndpoint>): Endpoint {
    return (endpoint = openEndpoint(...options));
  }

  afterEach(async () => {
    await endThreads();
    endpoint?.close();
    endpoint = undefined;
    currentReactor().close();
  });

  it('says so once it is closed', async () => {
    const closed = open();
    const { peer } = await startThread(closed, 'quiet');
    const topic = closed.topic('before');
    const subscription = closed.subscribe('before');
    closed.queue('kept');
    closed.close();
    expect(() => closed.peer(peer.address)).to.throw('peer: EBADF, the endpoint is closed');
    expect(() => closed.answer('any', () => 1)).to.throw('answer: EBADF, the endpoint is closed');
    expect(() => closed.define('any', () => {})).to.throw('define: EBADF, the endpoint is closed');
    expect(() => closed.subscribe('any')).to.throw('subscribe: EBADF, the endpoint is closed');
    for (const each of [closed.queue('kept'), closed.queue('new'), subscription]) {
      expect(() => (each.onMessage = () => {})).to.throw(`onMessage: EBADF, nothing comes to '${each.name}' any more`);
      each.onMessage = undefined;
      for await (const value of each) expect.fail(`it gave ${String(value)}`);
    }
    for (const each of [topic, closed.topic('new')]) {
      expect(() => each.tryPublish(1)).to.throw(
        `publish: EBADF, nobody hears '${each.name}' any more: the endpoint is closed`,
      );
      expect((await rejection(each.publish(1))).message).to.include('the endpoint is closed');
    }
  });

  it('is made with sizes that there are, by the names that they have here', () => {
    for (const ringBytes of [0, 100, 128, 3000, -4096, NaN, '4096', null, 2 ** 31] as number[]) {
      expect(() => openEndpoint({ ringBytes })).to.throw(
        RangeError,
        /^ringBytes: .+; allowed: powers of two from 256 to 1073741824$/,
      );
    }
    for (const senders of [0, 257, 1.5, '4'] as number[]) {
      expect(() => openEndpoint({ senders })).to.throw(RangeError, /^senders: .+; allowed: integers from 1 to 256$/);
    }
    open({ ringBytes: 256, senders: 256 });
  });

  it('goes on when another thread sends to what is no name', async () => {
    const { peer } = await startThread(open(), 'functions', { gate: new Int32Array(new SharedArrayBuffer(12)) });
    const send = (channel: number, tag: number, payload: string) =>
      peer.messages.lane.submit(new Outgoing(Buffer.from(payload), channel, tag, false, false, undefined));
    for (const [number, name] of ['', 'x'.repeat(257)].entries()) {
      send(NAME, 100 + number, name);
      send(channelOf(MESSAGE, 100 + number, false), 0, 'nobody reads it');
      send(channelOf(CALL, 100 + number, false), 0, 'nobody runs it');
    }
    send(channelOf(MESSAGE, 0, false), 0, 'nobody reads it');
    expect((await rejection(peer.request('nobody', 1))).message).to.include("answers no requests for 'nobody'");
  });

  it('gives no time to a signal that is none', async () => {
    const { peer } = await startThread(open(), 'answers');
    const signal = 5 as unknown as AbortSignal;
    expect((await rejection(peer.request('double', 1, { signal }))).message).to.equal(
      'signal: number; allowed: an AbortSignal',
    );
  });
});
