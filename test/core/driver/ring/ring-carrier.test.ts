/** What a ring carries, through the api: whatever happens to a connection meanwhile, its bytes are all there, in order. */
import { expect } from 'chai';
import fc from 'fast-check';
import { uringFactory } from '../../../../src/backends/uring/factory.js';
import { startReactor, watch, type BufferList, type Reactor, type ReactorMode } from '../../../../src/index.js';
import { openDescriptors } from '../../../support/descriptors.js';
import { closing, destroyTracked, Digest, tcpPair, turns, type Pair } from '../../../support/sockets.js';
import { propertyRuns } from '../../../property-runs.js';

/** One block of the slab: two chunks of it may be with the kernel. */
const SMALL_POOL_BYTES = 1024 * 1024;
const LARGE_BYTES = 1_500_000;

const step = fc.record({
  act: fc.constantFrom('send', 'send', 'send', 'pause', 'resume', 'unread', 'replace', 'turn', 'turn', 'answer'),
  lengthBytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 200_000 })),
});

function numbered(from: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  for (let index = 0; index < lengthBytes; index++) bytes[index] = ((from + index) * 31) >>> 3;
  return bytes;
}

describe('a ring that carries streams', () => {
  let reactor: Reactor;
  let opened: string[];

  before(function () {
    if (!uringFactory.probe().available) this.skip();
  });

  beforeEach(() => {
    opened = openDescriptors();
    reactor = startReactor({ backend: 'io_uring' });
  });

  afterEach(() => {
    destroyTracked();
    reactor.close();
    expect(openDescriptors(), 'descriptors left open').to.deep.equal(opened);
  });

  /** Another reactor for the rest of the test. */
  function restart(options: { mode?: ReactorMode; maxBufferBytes?: number }): void {
    reactor.close();
    reactor = startReactor({ backend: 'io_uring', ...options });
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await turns(1);
  }

  it('costs no call for a receive or an answer', async () => {
    const { client, server } = await tcpPair();
    server.onData = chunk => void server.send(chunk);
    let received = 0;
    client.onData = chunk => {
      received += chunk.length;
      if (received < 300) client.send(chunk);
    };
    client.send('abc');
    await until(() => received >= 300);
    const { receives, sends, bytesReceived, bytesSent } = reactor.driver.counters;
    // The first send was made outside of a turn.
    expect([receives, sends]).to.deep.equal([0, 1]);
    expect([bytesReceived, bytesSent]).to.deep.equal([received * 2, received * 2]);
  });

  for (const mode of ['level', 'edge', 'oneshot'] as const) {
    it(`echoes more than it has buffers for, to the byte (${mode})`, async () => {
      restart({ mode, maxBufferBytes: SMALL_POOL_BYTES });
      const pairs: Pair[] = [];
      for (let count = 0; count < 4; count++) pairs.push(await tcpPair());
      const sent = new Digest();
      const bytes = numbered(7, LARGE_BYTES);
      sent.add(bytes);
      const digests = pairs.map(() => new Digest());
      pairs.forEach(({ client, server }, index) => {
        server.onData = chunk => {
          if (server.send(chunk)) return;
          server.pause();
          server.onDrain = () => server.resume();
        };
        client.onData = chunk => digests[index].add(chunk);
        client.send(bytes);
      });
      await until(() => digests.every(({ lengthBytes }) => lengthBytes === LARGE_BYTES));
      for (const digest of digests) expect(`${digest}`).to.equal(`${sent}`);
    });
  }

  it("what has come when its reader is stopped is the next one's", async () => {
    const pairs = [await tcpPair(), await tcpPair()];
    const texts = ['', ''];
    let ends = 0;
    // Both have bytes at the same wait: the one that is told first stops the other.
    pairs.forEach(({ client }, index) => {
      client.onEnd = () => ends++;
      client.onData = chunk => {
        texts[index] += chunk.toString();
        pairs[1 - index].client.pause();
      };
    });
    await turns();
    for (const { server } of pairs) server.send('first');
    for (const { server } of pairs) server.end('second');
    await until(() => texts.join('') !== '');
    const stopped = texts.indexOf('');
    await turns();
    if (stopped >= 0) expect(texts[stopped]).to.equal('');
    pairs.forEach(({ client }, index) => {
      client.onData = chunk => void (texts[index] += chunk.toString());
      client.resume();
    });
    await until(() => ends === 2);
    expect(texts).to.deep.equal(['firstsecond', 'firstsecond']);
  });

  it('all that came before the end is told before the end', async () => {
    const { client, server } = await tcpPair();
    const received = new Digest();
    let ends = 0;
    client.onData = chunk => received.add(chunk);
    client.onEnd = () => ends++;
    const sent = new Digest();
    const bytes = numbered(1, LARGE_BYTES);
    sent.add(bytes);
    server.end(bytes);
    await until(() => ends > 0);
    await turns();
    expect([`${received}`, ends]).to.deep.equal([`${sent}`, 1]);
  });

  it('a reset is told once', async () => {
    const { client, server } = await tcpPair();
    const closed = closing(client);
    client.onData = () => {};
    await turns();
    server.reset();
    expect(await closed.told).to.have.property('code', 'ECONNRESET');
    await turns();
    expect(closed.times).to.equal(1);
  });

  it('what a handler sends before it closes is sent', async () => {
    for (const end of ['destroy', 'end', 'close'] as const) {
      const { client, server } = await tcpPair();
      let text = '';
      const ended = new Promise<void>(resolve => (client.onEnd = resolve));
      client.onData = chunk => (text += chunk.toString());
      server.onData = chunk => {
        chunk.consume(chunk.length);
        server.send('good');
        server.send('bye');
        void server[end]();
      };
      client.send('?');
      await ended;
      expect([end, text]).to.deep.equal([end, 'goodbye']);
    }
  });

  it('the order of sends holds, be they small, large or lists of both', async () => {
    const { client, server } = await tcpPair();
    const sent = new Digest();
    const received = new Digest();
    client.onData = chunk => received.add(chunk);
    let isOver = false;
    server.onData = chunk => {
      chunk.consume(chunk.length);
      let position = 0;
      for (const lengthBytes of [10, 20, 40_000, 5, 100_000, 1, 16_000, 700, 1_000_000, 3]) {
        const bytes = numbered(position, lengthBytes);
        position += lengthBytes;
        sent.add(bytes);
        server.send(bytes);
        // It is its owner's again.
        bytes.fill(0);
      }
      isOver = true;
    };
    client.send('?');
    await until(() => isOver && received.lengthBytes === sent.lengthBytes);
    expect(`${received}`).to.equal(`${sent}`);
  });

  it('chunks that their reader keeps stay as they are, and others go on', async () => {
    restart({ maxBufferBytes: SMALL_POOL_BYTES });
    const [keeper, other] = [await tcpPair(), await tcpPair()];
    const kept: BufferList[] = [];
    let length = 0;
    keeper.client.onData = chunk => {
      length += chunk.length;
      kept.push(chunk.take());
    };
    const bytes = numbered(3, LARGE_BYTES);
    keeper.server.send(bytes);
    let answered = 0;
    other.client.onData = chunk => (answered += chunk.length);
    for (let round = 1; round <= 50; round++) {
      other.server.send('x');
      await until(() => answered === round);
    }
    expect(length).to.be.greaterThan(0).and.below(LARGE_BYTES);
    for (let position = 0; kept.length > 0;) {
      const list = kept.shift()!;
      expect(list.equals(bytes.subarray(position, position + list.length))).to.equal(true);
      position += list.length;
      list.release();
      if (kept.length === 0) await until(() => kept.length > 0 || position === LARGE_BYTES);
    }
  });

  it('a watch of its descriptor is refused as elsewhere', async () => {
    const { client } = await tcpPair();
    client.onData = () => {};
    await turns();
    expect(() => watch(client.fd, { readable: true }, () => {})).to.throw('EEXIST');
  });

  it('regression 45: whatever stops and starts a reader, no byte is lost, doubled or out of order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
        const { client, server } = await tcpPair();
        const [heard, answered] = [new Digest(), new Digest()];
        const [said, answers] = [new Digest(), new Digest()];
        let saidBytes = 0;
        let answerBytes = 0;
        let answersDue = 0;
        let unread = 0;
        const handler = (chunk: BufferList): void => {
          while (answersDue > 0) {
            const bytes = numbered(answerBytes, answersDue--);
            answerBytes += bytes.length;
            answers.add(bytes);
            client.send(bytes);
          }
          if (unread > 0 && chunk.length > 1) {
            unread--;
            heard.add(chunk.split(chunk.length >> 1));
            client.unread(chunk);
          } else {
            heard.add(chunk);
          }
        };
        client.onData = handler;
        server.onData = chunk => answered.add(chunk);
        for (const { act, lengthBytes } of steps) {
          if (act === 'send') {
            const bytes = numbered(saidBytes, lengthBytes);
            saidBytes += lengthBytes;
            said.add(bytes);
            server.send(bytes);
          } else if (act === 'pause') client.pause();
          else if (act === 'resume') client.resume();
          else if (act === 'unread') unread++;
          else if (act === 'answer') answersDue += 3;
          else if (act === 'turn') await turns(1);
          else {
            client.onData = undefined;
            client.onData = handler;
          }
        }
        let ends = 0;
        client.onEnd = () => ends++;
        server.end();
        client.resume();
        await until(() => ends > 0 && answered.lengthBytes === answers.lengthBytes);
        expect([`${heard}`, `${answered}`, ends]).to.deep.equal([`${said}`, `${answers}`, 1]);
        destroyTracked();
      }),
      propertyRuns(15),
    );
  });
});
