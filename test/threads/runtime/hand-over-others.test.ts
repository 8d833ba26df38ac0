import { expect } from 'chai';
import { existsSync, writeFileSync } from 'node:fs';
import { connect, listen, open, type Connection } from 'pollux';
import { type Peer } from 'pollux/threads';
import { listening, portOf, readAll, rejection, track, turns } from '../../support/sockets.js';
import { Destination } from './destination.js';
import { untilGone } from './until.js';

describe('what else moves to another thread', () => {
  let destination: Destination;
  let peer: Peer;

  beforeEach(async () => {
    destination = await Destination.open();
    ({ peer } = destination);
  });

  afterEach(() => destination.close());

  it('a listener with its backlog, while what it had accepted stays', async () => {
    const listener = await listening();
    const port = portOf(listener);
    const accepted = new Promise<Connection>(resolve => {
      listener.onConnection = connection => {
        // One connection is taken here, and the others are left to the backlog.
        listener.onConnection = undefined;
        resolve(track(connection));
      };
    });
    const clients = await Promise.all([0, 1, 2].map(async () => track(await connect({ host: '127.0.0.1', port }))));
    const here = await accepted;
    await listener.moveTo(peer, 'there ');
    const later = track(await connect({ host: '127.0.0.1', port }));
    here.end('here');
    const heard = await Promise.all([...clients, later].map(async client => (await readAll(client)).toString()));
    const there = `there ${JSON.stringify(listener.address)}`;
    expect(heard.sort()).to.deep.equal(['here', there, there, there]);
    expect(listener.isClosed).to.equal(true);
    expect(() => (listener.onConnection = () => {})).to.throw('EBADF, the listener was moved to another thread');
    expect(() => listener[Symbol.asyncIterator]()).to.throw('EBADF, the listener was moved to another thread');
    await listener.close();
  });

  it('a listener in the midst of accepting: no connection is lost', async () => {
    const listener = await listening();
    const port = portOf(listener);
    const clients = Promise.all(
      Array.from({ length: 50 }, async () => track(await connect({ host: '127.0.0.1', port }))),
    );
    let here = 0;
    const moved = new Promise<void>((resolve, reject) => {
      listener.onConnection = connection => {
        track(connection).end('here');
        if (++here === 5) listener.moveTo(peer, 'there').then(resolve, reject);
      };
    });
    const heard = await Promise.all((await clients).map(async client => (await readAll(client)).toString()));
    await moved;
    expect(heard.filter(text => text === 'here')).to.have.length(5);
    expect(heard.filter(text => text.startsWith('there'))).to.have.length(45);
  });

  it('a listener that is iterated: the iteration gets what was accepted, and ends', async () => {
    const listener = await listen({ host: '127.0.0.1' });
    const port = portOf(listener);
    const clients = await Promise.all([0, 1, 2].map(async () => track(await connect({ host: '127.0.0.1', port }))));
    let here = 0;
    for await (const connection of listener) {
      track(connection).end('here');
      if (++here === 1) {
        await turns();
        void listener.moveTo(peer, 'there');
      }
    }
    const later = track(await connect({ host: '127.0.0.1', port }));
    const heard = await Promise.all([...clients, later].map(async client => (await readAll(client)).toString()));
    expect(heard.slice(0, 3)).to.deep.equal(['here', 'here', 'here']);
    expect(heard[3]).to.match(/^there/);
  });

  it('a listener on a path, which goes with the one that has it', async () => {
    const path = destination.newPath();
    const listener = await listen({ path });
    await listener.moveTo(peer, '');
    await listener.close();
    const client = track(await connect({ path }));
    expect((await readAll(client)).toString()).to.equal(JSON.stringify({ family: 'unix', path }));
    peer.schedule('close listener');
    await untilGone(path);
  });

  it('a file, after what is under way on it, and it is read on there', async () => {
    const path = destination.newPath();
    writeFileSync(path, 'zero one two three');
    const file = await open(path, { flags: 'r+' });
    const writing = file.write('ZERO', 0);
    await file.moveTo(peer, { offset: 9 });
    expect(await writing).to.equal(4);
    expect(file.isClosed).to.equal(true);
    expect(await peer.request('read on', null)).to.equal('two three');
    expect((await rejection(file.read(1, 0))).message).to.include('EBADF, the file was moved to another thread');
    peer.schedule('close file');
  });

  it('is refused a second time, and of no more use where it was', async () => {
    const path = destination.newPath();
    writeFileSync(path, '');
    const file = await open(path);
    const listener = await listen({ host: '127.0.0.1' });
    await Promise.all([file.moveTo(peer, { offset: 0 }), listener.moveTo(peer, '')]);
    for (const again of [await rejection(file.moveTo(peer)), await rejection(listener.moveTo(peer))]) {
      expect(again).to.include({ code: 'EBADF' });
      expect(again.message).to.include('moved to another thread');
    }
    await Promise.all([file.close(), listener.close()]);
  });

  it('is refused while a listener is drained, which goes on', async function () {
    if (process.platform !== 'linux') this.skip();
    const listener = await listening({ host: '127.0.0.1', onConnection: connection => connection.destroy() });
    const drained = listener.drain();
    expect(await rejection(listener.moveTo(peer))).to.include({ code: 'EBADF' });
    expect(listener.isClosed).to.equal(false);
    await drained;
  });

  it('stays as it was when the state can not be cloned, is too long, or the peer is none', async () => {
    const path = destination.newPath();
    writeFileSync(path, 'content');
    const file = await open(path);
    const listener = await listening();
    for (const thing of [file, listener]) {
      expect(await rejection(thing.moveTo(peer, () => {}))).to.be.instanceOf(TypeError);
      expect(await rejection(thing.moveTo(peer, new Uint8Array(peer.maxBytes)))).to.be.instanceOf(RangeError);
      const worker = destination.runtime.workers[0] as unknown as Peer;
      expect((await rejection(thing.moveTo(worker))).message).to.equal(
        'peer: RuntimeWorker; allowed: a Peer, such as endpoint.peer(address) or workers[0].peer',
      );
      expect(thing.isClosed).to.equal(false);
    }
    expect((await file.read(7, 0)).toString()).to.equal('content');
    await file.close();
  });

  it('is closed when the other thread has ended', async () => {
    const path = destination.newPath();
    const listener = await listen({ path });
    const file = await open(process.execPath);
    await destination.runtime.stop(0);
    expect(await rejection(listener.moveTo(peer))).to.include({ code: 'EPIPE' });
    expect(await rejection(file.moveTo(peer))).to.include({ code: 'EPIPE' });
    expect(existsSync(path)).to.equal(false);
    expect([listener.isClosed, file.isClosed]).to.deep.equal([true, true]);
  });
});
