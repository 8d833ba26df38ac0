import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { copy, currentReactor, join, open, sendFile, type Connection } from '../../src/index.js';
import { histogramBetween, quantile, snapshotThread, type ThreadSnapshot } from '../../src/observe.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { securePair } from '../support/secure-pair.js';
import { connected, listening, portOf, readExactly, tcpPair, unixPair } from '../support/sockets.js';

/** Runs the thread for that long and lets nothing else. */
function spin(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

function callsOf({ systemCalls }: ThreadSnapshot): number {
  const calls: readonly number[] = Object.values(systemCalls);
  return calls.reduce((sum, each) => sum + each, 0);
}

describeOnEveryDriver('a snapshot of a thread', () => {
  it('counts what a connection receives and sends, and the calls for it by kind', async () => {
    const before = snapshotThread();
    const { client: near, server: far } = await tcpPair();
    near.send('hello');
    await readExactly(far, 5);
    const after = snapshotThread();
    expect(after.bytes.sent - before.bytes.sent).to.equal(5);
    expect(after.bytes.received - before.bytes.received).to.equal(5);
    expect(after.bytes.paths.buffers - before.bytes.paths.buffers).to.equal(5);
    for (const kind of ['accept', 'connect', 'receive', 'send', 'backend'] as const) {
      expect(after.systemCalls[kind], kind).to.be.above(before.systemCalls[kind]);
    }
    expect(after.events.total).to.be.above(before.events.total);
    expect(after.turns.count).to.be.above(before.turns.count);
    const { driver } = currentReactor();
    expect(callsOf(after)).to.equal(driver.counters.systemCalls + driver.backend.counters.systemCalls);
  });

  it('says how many wait at a listener to be accepted, where the system tells', async () => {
    const listener = await listening({ host: '127.0.0.1' });
    const waiting = () => snapshotThread().sockets.listeners.find(({ fd }) => fd === listener.ownFd)?.waiting;
    listener.onConnection = undefined;
    for (let client = 0; client < 3; client++) await connected({ host: '127.0.0.1', port: portOf(listener) });
    expect(waiting()).to.equal(process.platform === 'linux' ? 3 : undefined);
  });

  it('is plain data', async () => {
    await tcpPair();
    const snapshot = snapshotThread();
    expect(structuredClone(snapshot)).to.deep.equal(snapshot);
    expect(JSON.parse(JSON.stringify(snapshot))).to.deep.include({ sockets: snapshot.sockets });
  });

  it('lists connections with TLS, until they close', async () => {
    const { serving, asking } = await securePair();
    const before = snapshotThread();
    await asking.write('hello');
    await serving.read();
    const { counts, connections } = snapshotThread().sockets;
    expect(counts).to.deep.equal(before.sockets.counts);
    const shown = connections.find(({ fd }) => fd === serving.ownFd);
    expect(shown).to.include({ state: 'secure', receivedBytes: 5, sentBytes: 0, queuedBytes: 0 });
    expect(shown!.remote).to.match(/^127\.0\.0\.1:\d+$/);
    asking.destroy();
    serving.destroy();
    await Promise.allSettled([serving.closed, asking.closed]);
    expect(snapshotThread().sockets.counts.connections).to.equal(counts.connections - 2);
  });

  it('lists listeners, and those connections first through which most has gone since the last', async () => {
    const accepted: Connection[] = [];
    const listener = await listening({ host: '127.0.0.1', onConnection: connection => accepted.push(connection) });
    const quiet = await tcpPair();
    const busy = await tcpPair();
    for (const { server } of [quiet, busy]) server.onData = () => {};
    busy.client.send(Buffer.alloc(10_000));
    while (busy.server.bytesReceived < 10_000) await new Promise(setImmediate);
    const { sockets } = snapshotThread({ connections: 1 });
    expect(sockets.counts.connections).to.be.least(4);
    expect(sockets.connections).to.have.length(1);
    const [first] = sockets.connections;
    expect(first.receivedBytes + first.sentBytes).to.equal(10_000);
    expect([busy.client.ownFd, busy.server.ownFd]).to.include(first.fd);
    expect(first).to.include({ state: 'open', queuedBytes: 0 });
    expect(first.remote).to.match(/127\.0\.0\.1:\d+/);
    expect(sockets.listeners.map(({ address }) => address)).to.include(`127.0.0.1:${portOf(listener)}`);
    quiet.client.send(Buffer.alloc(100));
    while (quiet.server.bytesReceived < 100) await new Promise(setImmediate);
    const [next] = snapshotThread({ connections: 1 }).sockets.connections;
    expect([quiet.client.ownFd, quiet.server.ownFd]).to.include(next.fd);
  });

  it('has sockets that have never waited, and numbers that stay', async () => {
    const before = snapshotThread({ connections: 100 }).sockets;
    const { client, server } = unixPair();
    const first = snapshotThread({ connections: 100 }).sockets;
    expect(first.counts.connections).to.equal(before.counts.connections + 2);
    const idOf = (fd: number, { connections }: typeof first) => connections.find(each => each.fd === fd)!.id;
    client.send('x');
    await readExactly(server, 1);
    const second = snapshotThread({ connections: 100 }).sockets;
    expect(idOf(client.ownFd, second)).to.equal(idOf(client.ownFd, first));
    expect(idOf(server.ownFd, second)).to.equal(idOf(server.ownFd, first)).and.not.equal(idOf(client.ownFd, first));
  });

  it('says who keeps received bytes', async () => {
    const { client: near, server: far } = unixPair();
    const kept: { release(): void }[] = [];
    far.onData = chunk => kept.push(chunk.take());
    near.send('to be kept');
    while (kept.length === 0) await new Promise(setImmediate);
    const { memory } = snapshotThread();
    expect(memory.leasedBytes).to.be.above(0);
    expect(memory.keepers[0].owner).to.include({ type: 'Connection', received: 10 });
    for (const each of kept) each.release();
  });

  it('measures a long callback as a long turn, and what Node does between turns as lag', async () => {
    const { client: near, server: far } = unixPair();
    const before = snapshotThread();
    const arrived = new Promise<void>(resolve => {
      far.onData = () => {
        spin(30);
        resolve();
      };
    });
    near.send('x');
    await arrived;
    spin(60);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const { turns } = snapshotThread();
    const durationMs = histogramBetween(turns.durationMs, before.turns.durationMs);
    const lagMs = histogramBetween(turns.lagMs, before.turns.lagMs);
    expect(quantile(durationMs, 1)).to.be.least(30);
    expect(quantile(lagMs, 1)).to.be.least(60);
    expect(histogramBetween(turns.events, before.turns.events).sum).to.be.least(1);
  });

  it('refuses options that it does not have', () => {
    expect(() => snapshotThread({ connection: 1 } as object)).to.throw(TypeError, /connection/);
    expect(() => snapshotThread({ connections: -1 })).to.throw(RangeError, /connections/);
  });
});

describeOnEveryDriver('bytes by path', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(joinPath(tmpdir(), 'pollux-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('says what went by sendfile', async () => {
    const path = joinPath(directory, 'file');
    writeFileSync(path, Buffer.alloc(100_000));
    const { client: near, server: far } = await tcpPair();
    far.onData = () => {};
    await using file = await open(path);
    const before = snapshotThread();
    const { path: taken } = await sendFile(near, file);
    const { bytes } = snapshotThread();
    expect(taken).to.equal('sendfile');
    expect(bytes.paths.sendfile - before.bytes.paths.sendfile).to.equal(100_000);
    expect(bytes.paths.buffers).to.equal(before.bytes.paths.buffers);
  });

  it('says what was copied from file to file', async () => {
    writeFileSync(joinPath(directory, 'from'), Buffer.alloc(50_000, 1));
    await using from = await open(joinPath(directory, 'from'));
    await using to = await open(joinPath(directory, 'to'), { flags: 'w' });
    const before = snapshotThread();
    const { path } = await copy(from, to);
    const { paths } = snapshotThread().bytes;
    expect(paths[path as keyof typeof paths] - before.bytes.paths[path as keyof typeof paths]).to.equal(50_000);
  });

  it('says what a join has spliced', async () => {
    const [client, server] = [await tcpPair(), await tcpPair()];
    let arrived = 0;
    server.server.onData = chunk => (arrived += chunk.length);
    const joined = join(client.server, server.client);
    const before = snapshotThread();
    const total = 8 * 1024 * 1024;
    await client.client.write(Buffer.alloc(total / 2));
    client.client.end(Buffer.alloc(total / 2));
    while (arrived < total) await new Promise(setImmediate);
    server.server.end();
    const { aToB } = await joined;
    const { paths } = snapshotThread().bytes;
    expect(paths.splice - before.bytes.paths.splice).to.equal(aToB.splicedBytes);
    expect(paths.buffers - before.bytes.paths.buffers).to.be.least(total - aToB.splicedBytes);
  });
});
