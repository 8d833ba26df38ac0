/** Ends of transfers that are closed in the middle: nothing touches their numbers any more, whoever has them by then. */
import { expect } from 'chai';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPaths } from 'node:path';
import { copy, join, type Connection } from '../../../src/index.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { twoPairs, type Joined } from '../../support/joined.js';
import { rejection, turns, unixPair } from '../../support/sockets.js';

const SECRET = Buffer.from('SECRET '.repeat(1000));
const MINE = new Error('mine');
const WAYS: Record<string, (a: Connection, b: Connection, onBytes?: () => void) => PromiseLike<object>> = {
  join: (a, b, onBytes) => join(a, b, onBytes && { onBytes }),
  copy: (a, b) => copy(a, b),
};

describeOnEveryDriver('an end of a transfer that is closed', () => {
  let folder: string;
  let path: string;
  const opened: number[] = [];

  beforeEach(() => {
    folder = mkdtempSync(joinPaths(tmpdir(), 'pollux-'));
    path = joinPaths(folder, 'secret');
    writeFileSync(path, SECRET);
  });

  afterEach(() => {
    for (const fd of opened.splice(0)) closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  /** Destroys an end, and has a file take its number. */
  function replace(end: Connection): void {
    const { fd } = end;
    if (fd < 0) return;
    end.destroy(MINE);
    const fds: number[] = [];
    do fds.push(openSync(path, 'r+'));
    while (fds.at(-1)! < fd);
    opened.push(...fds);
    expect(fds).to.include(fd);
    expect(fstatSync(fd).size).to.equal(SECRET.length);
  }

  /** Whether bytes of the file come out of a connection. */
  function listen(connections: readonly Connection[]): () => boolean {
    let leaked = false;
    for (const connection of connections) connection.onData = chunk => (leaked ||= chunk.toString().includes('SECRET'));
    return () => leaked;
  }

  function flood({ left, right }: Joined): void {
    for (const end of [left, right]) end.send(Buffer.alloc(8 << 20, '.'));
  }

  for (const which of ['a', 'b'] as const) {
    for (const call of [1, 2, 3, 5]) {
      it(`${which} destroyed in the ${call}. onBytes: its number is not read, not written, and its failure is told`, async () => {
        const ends = await twoPairs('Unix');
        let calls = 0;
        const transfer = join(ends.a, ends.b, { onBytes: () => ++calls === call && replace(ends[which]) });
        const hasLeaked = listen([ends.left, ends.right]);
        flood(ends);
        expect(await rejection(Promise.resolve(transfer))).to.include({ message: MINE.message, cause: MINE });
        await turns(5);
        expect(readFileSync(path).equals(SECRET)).to.equal(true);
        expect(hasLeaked()).to.equal(false);
      });
    }

    for (const [way, start] of Object.entries(WAYS)) {
      it(`${way}, ${which} destroyed by another connection's callback in the turn that brings bytes and room`, async () => {
        for (const fromTo of [true, false]) {
          const ends = await twoPairs('Unix');
          const other = unixPair();
          const transfer = start(ends.a, ends.b);
          other.server.onData = () => replace(ends[which]);
          if (fromTo) {
            // The reader has stopped: the relay holds bytes, and waits for room.
            ends.left.send(Buffer.alloc(4 << 20, '.'));
            while (ends.a.bytesReceived === 0) await turns(1);
            await turns(20);
          }
          const hasLeaked = listen([ends.left, ends.right]);
          other.client.send('now');
          ends.left.send('bytes');
          expect(await rejection(Promise.resolve(transfer))).to.include({ message: MINE.message, cause: MINE });
          await turns(5);
          expect(readFileSync(path).equals(SECRET)).to.equal(true);
          expect(hasLeaked()).to.equal(false);
          for (const fd of opened.splice(0)) closeSync(fd);
        }
      });
    }
  }

  it('close() of an end whose peer has ended ends the join, though the other peer never does', async () => {
    const { left, right, a, b } = await twoPairs('Unix');
    const transfer = join(a, b);
    left.onData = () => {};
    right.onData = () => {};
    right.end();
    await new Promise<void>(resolve => (left.onEnd = resolve));
    left.send('still coming');
    const closed = b.close().catch(() => {});
    const failure = await rejection(Promise.resolve(transfer));
    expect(failure).to.include({ code: 'ECANCELED' });
    expect(transfer.account.brokenEnd).to.equal('b');
    await closed;
    expect(a.isClosed).to.equal(true);
  });
});
