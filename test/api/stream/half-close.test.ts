import { expect } from 'chai';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { closing, fillUp, readAll, readExactly, tcpPair, turns, unixPair, type Pair } from '../../support/sockets.js';

const kinds: Record<string, () => Promise<Pair>> = { TCP: tcpPair, Unix: () => Promise.resolve(unixPair()) };

for (const [kind, pair] of Object.entries(kinds)) {
  describeOnEveryDriver(`half-close, ${kind}`, () => {
    it('we end, the peer goes on: its bytes are delivered, then its end closes us, once', async () => {
      const { client, server } = await pair();
      const closed = closing(client);
      client.end('question');
      expect(Buffer.from(await readAll(server)).toString()).to.equal('question');
      server.send('ans');
      expect(await readExactly(client, 3)).to.equal('ans');
      server.end('wer');
      expect(Buffer.from(await readAll(client)).toString()).to.equal('wer');
      expect(await closed.told).to.equal(undefined);
      await turns();
      expect(closed.times).to.equal(1);
      expect(client.isClosed).to.equal(true);
    });

    it('the peer ended, we end after it: both are closed without a word', async () => {
      const { client, server } = await pair();
      const closed = [closing(client), closing(server)];
      client.end();
      expect(await server.read()).to.equal(null);
      expect(server.isClosed).to.equal(false);
      server.send('still ');
      server.end('here');
      expect(Buffer.from(await readAll(client)).toString()).to.equal('still here');
      expect(await Promise.all(closed.map(({ told }) => told))).to.deep.equal([undefined, undefined]);
    });

    it('end() says FIN after all that was queued', async () => {
      const { client, server } = await pair();
      const given = fillUp(client);
      client.end('last');
      const received = await readAll(server);
      expect(received.length).to.equal(given + 4);
      expect(Buffer.from(received.subarray(given)).toString()).to.equal('last');
    });

    it('end() twice is once', async () => {
      const { client, server } = await pair();
      client.end('a');
      client.end();
      expect(Buffer.from(await readAll(server)).toString()).to.equal('a');
    });

    it('with onData and no onEnd, the end of the peer closes us after what is queued went out', async () => {
      const { client, server } = await pair();
      const closed = closing(server);
      const given = fillUp(server);
      server.onData = () => {};
      client.end();
      expect((await readAll(client)).length).to.equal(given);
      expect(await closed.told).to.equal(undefined);
    });

    it('with onEnd, the end of the peer closes nothing', async () => {
      const { client, server } = await pair();
      const ended = settling<void>();
      server.onData = () => {};
      server.onEnd = ended.resolve;
      client.end();
      await ended.promise;
      await turns();
      expect(server.isClosed).to.equal(false);
      server.end('bye');
      expect(Buffer.from(await readAll(client)).toString()).to.equal('bye');
    });

    it('both end at the same moment', async () => {
      const { client, server } = await pair();
      const closed = [closing(client), closing(server)];
      client.end('c');
      server.end('s');
      const [first, second] = await Promise.all([readAll(client), readAll(server)]);
      expect([Buffer.from(first).toString(), Buffer.from(second).toString()]).to.deep.equal(['s', 'c']);
      expect(await Promise.all(closed.map(({ told }) => told))).to.deep.equal([undefined, undefined]);
    });

    for (const ending of ['destroy', 'close', 'end'] as const) {
      it(`${ending}() inside onEnd`, async () => {
        const { client, server } = await pair();
        const closed = closing(server);
        server.onData = () => {};
        server.onEnd = () => void server[ending]();
        client.end('x');
        expect(await closed.told).to.equal(undefined);
        expect(closed.times).to.equal(1);
      });
    }
  });
}
