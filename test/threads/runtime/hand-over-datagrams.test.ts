import { expect } from 'chai';
import fc from 'fast-check';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bindDatagram, currentReactor, startReactor, type DatagramSocket } from 'pollux';
import { openEndpoint, Runtime, type Endpoint, type Peer } from 'pollux/threads';
import { propertyRuns } from '../../property-runs.js';
import { bound, fill, numbers, texts, until } from '../../support/datagrams.js';
import { openDescriptors } from '../../support/descriptors.js';
import { ALL_MODES, backendsHere } from '../../support/every-driver.js';
import { rejection } from '../../support/sockets.js';
import { carryDatagrams, END, OWNER, receiveAndCarryDatagrams, type DatagramHop } from './datagram-carrier.js';
import { Destination } from './destination.js';

describe('a datagram socket that is moved to another thread', () => {
  let destination: Destination;
  let peer: Peer;
  const unix = () => bound({ path: destination.newPath() });

  beforeEach(async () => {
    destination = await Destination.open();
    ({ peer } = destination);
  });

  afterEach(() => destination.close());

  async function heardThere(count: number): Promise<string[]> {
    for (;;) {
      const heard = await peer.request<string[]>('heard', null);
      if (heard.length >= count) return heard;
    }
  }

  it('regression 43: takes along what is in the kernel and what waits to be sent: each once, in order', async () => {
    const [socket, sender, slow] = [await unix(), await unix(), await unix()];
    const unread = fill(sender, socket);
    const count = fill(socket, slow);
    // More than one message between threads holds.
    const long = '.'.repeat(2000);
    const sends = numbers(300).map(number => socket.send(`${number}${long}`, slow.address));
    await socket.moveTo(peer, slow.address);
    await Promise.all(sends);
    expect(await heardThere(unread)).to.deep.equal(numbers(unread));
    const received = texts(slow);
    await until(() => received.length === count + 301);
    expect(received).to.deep.equal([...numbers(count), ...numbers(300).map(each => `${each}${long}`), 'from there']);
    await sender.send('later', socket.address);
    expect((await heardThere(unread + 1)).at(-1)).to.equal('later');
    expect(await peer.request('failures', null)).to.deep.equal([]);
  });

  it('over UDP, with its port, while its sender goes on', async () => {
    const [socket, sender] = [await bound(), await bound()];
    for (const text of numbers(20)) await sender.send(text, socket.address);
    const moved = socket.moveTo(peer, sender.address);
    for (const text of numbers(20)) await sender.send(text, socket.address);
    await moved;
    expect(await heardThere(40)).to.deep.equal([...numbers(20), ...numbers(20)]);
    expect(await peer.request('port', null)).to.equal(socket.port);
    const { bytes, from } = await sender.receive();
    expect([bytes.toString(), from]).to.deep.equal(['from there', socket.address]);
  });

  it('connected, it has its peer there too, and what waits for the peer goes', async () => {
    const [socket, other] = [await unix(), await unix()];
    await socket.connect(other.address);
    let count = 0;
    while (socket.trySend(`${count}`)) count++;
    const waiting = socket.send(`${count}`);
    await socket.moveTo(peer, null);
    await waiting;
    const received = texts(other);
    await until(() => received.length === count + 2);
    expect(received).to.deep.equal([...numbers(count + 1), 'from there']);
  });

  it('what can not be sent there is told there, and what follows is sent', async () => {
    const [socket, slow, gone] = [await unix(), await unix(), await unix()];
    fill(socket, slow);
    const sends = [socket.send('a', slow.address), socket.send('b', gone.address)];
    await gone.close();
    const { path } = gone.address as { path: string };
    await socket.moveTo(peer, slow.address);
    await Promise.all(sends);
    const received = texts(slow);
    await until(() => received.at(-1) === 'from there');
    expect(received.at(-2)).to.equal('a');
    expect(await peer.request('failures', null)).to.deep.equal([`send ${path}: ENOENT, there is no such thing`]);
  });

  it('a receive that waits is told, an iteration ends, and its path goes with the one that has it', async () => {
    const [first, second] = [await unix(), await unix()];
    const waiting = rejection(first.receive());
    await first.moveTo(peer, second.address);
    expect(await waiting).to.include({ code: 'ECANCELED' });
    const { path } = first.address as { path: string };
    await first.close();
    expect(existsSync(path)).to.equal(true);
    let heard = '';
    for await (const { bytes } of second) {
      heard += bytes.toString();
      peer.schedule('close socket');
      await until(() => !existsSync(path));
      break;
    }
    expect(heard).to.equal('from there');
    const ended = (async () => {
      for await (const datagram of second) expect(datagram).to.equal(undefined);
    })();
    await rejection(second.moveTo(peer, () => {}));
    await destination.runtime.stop(0);
    expect(await rejection(second.moveTo(peer))).to.include({ code: 'EPIPE' });
    await ended;
  });

  it('is refused a second time, and of no more use where it was', async () => {
    const socket = await bound();
    await socket.moveTo(peer, socket.address);
    expect(socket.isClosed).to.equal(true);
    for (const failure of [
      await rejection(socket.moveTo(peer)),
      await rejection(socket.send('x', { host: '127.0.0.1', port: 1 })),
      await rejection(socket.receive()),
      await rejection(socket.connect({ host: '127.0.0.1', port: 1 })),
    ]) {
      expect(failure).to.include({ code: 'EBADF' });
      expect(failure.message).to.include('the socket was moved to another thread');
    }
    expect(() => socket.trySend('x', socket.address)).to.throw('moved to another thread');
    expect(() => (socket.onDatagram = () => {})).to.throw('EBADF, the socket was moved to another thread');
    await socket.close();
  });

  it('stays as it was when the state can not be cloned, is too long, or the peer is none', async () => {
    const socket = await bound();
    expect(await rejection(socket.moveTo(peer, () => {}))).to.be.instanceOf(TypeError);
    expect(await rejection(socket.moveTo(peer, new Uint8Array(peer.maxBytes)))).to.be.instanceOf(RangeError);
    expect(await rejection(socket.moveTo(destination.runtime.workers[0] as unknown as Peer))).to.be.instanceOf(
      TypeError,
    );
    await socket.send('still here', socket.address);
    expect((await socket.receive()).bytes.toString()).to.equal('still here');
  });

  it('is closed when the other thread has ended, and what waited fails with it', async () => {
    const [socket, slow] = [await unix(), await unix()];
    fill(socket, slow);
    const waiting = rejection(socket.send('x', slow.address));
    await destination.runtime.stop(0);
    expect(await rejection(socket.moveTo(peer))).to.include({ code: 'EPIPE' });
    expect(await waiting).to.include({ code: 'EPIPE' });
    expect(socket.isClosed).to.equal(true);
    expect(existsSync((socket.address as { path: string }).path)).to.equal(false);
  });
});

interface Trip {
  readonly hops: readonly DatagramHop[];
  /** Lengths besides the number; 0 for some, so that small and large ones alternate. */
  readonly lengths: readonly number[];
  /** The client reads nothing before all is sent: echoes queue up on their way around. */
  readonly readsLate: boolean;
}

const trip: fc.Arbitrary<Trip> = fc.record({
  hops: fc
    .array(
      fc.record({
        atCount: fc.integer({ min: 1, max: 300 }),
        to: fc.integer({ min: OWNER, max: 1 }),
        now: fc.boolean(),
      }),
      { maxLength: 8 },
    )
    .map(hops => hops.sort((a, b) => a.atCount - b.atCount)),
  lengths: fc.array(fc.oneof(fc.constant(0), fc.nat(3000)), { minLength: 1, maxLength: 300 }),
  readsLate: fc.boolean(),
});

/** A socket can't move to the thread that it is in. */
function possible(hops: readonly DatagramHop[]): DatagramHop[] {
  let at = OWNER;
  return hops.filter(({ to }) => to !== at && ((at = to), true));
}

for (const backend of backendsHere()) {
  for (const mode of ALL_MODES) {
    describe(`datagram sockets on their way around three threads (${backend}, ${mode})`, () => {
      let endpoint: Endpoint;
      let runtime: Runtime;
      let before: string[];
      let directory: string;
      let paths: number;
      let failures: Error[];
      const peerOf = (index: number): Peer => runtime.workers[index].peer;

      beforeEach(async () => {
        before = openDescriptors();
        directory = mkdtempSync(join(tmpdir(), 'pollux-move-'));
        paths = 0;
        startReactor({ backend, mode });
        endpoint = openEndpoint();
        runtime = new Runtime({
          entry: new URL('datagram-carrier.js', import.meta.url),
          workers: 2,
          endpoint,
          reactor: { backend, mode },
        });
        await runtime.start();
        failures = [];
        receiveAndCarryDatagrams(endpoint, peerOf, failure => failures.push(failure));
      });

      afterEach(async () => {
        await runtime.stop(0);
        endpoint.close();
        currentReactor().close();
        rmSync(directory, { recursive: true });
        expect(openDescriptors(), 'descriptors left open').to.deep.equal(before);
      });

      it('regression 43: lose none, double none, and keep the order, either way', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(trip, { minLength: 1, maxLength: 2 }), async trips => {
            await Promise.all(trips.map(travel));
            expect(failures).to.deep.equal([]);
          }),
          propertyRuns(8),
        );
      });

      async function travel({ hops, lengths, readsLate }: Trip): Promise<void> {
        const socket = await bindDatagram({ path: join(directory, `${paths++}`) });
        const client = await bindDatagram({ path: join(directory, `${paths++}`) });
        const { address } = socket;
        carryDatagrams(socket, { hops: possible(hops), received: 0 }, peerOf, failure => failures.push(failure));
        let echoed: string[] = [];
        const read = () => (echoed = texts(client));
        if (!readsLate) read();
        const sent = lengths.map((length, index) => `${index}${'.'.repeat(length)}`);
        for (const text of sent) await client.send(text, address);
        if (readsLate) read();
        await until(() => echoed.length >= sent.length);
        expect(echoed).to.deep.equal(sent);
        await end(client, address);
      }

      async function end(client: DatagramSocket, address: DatagramSocket['address']): Promise<void> {
        await client.send(END, address);
        await until(() => !existsSync((address as { path: string }).path));
        await client.close();
      }
    });
  }
}
