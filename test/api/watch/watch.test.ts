import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  watch,
  type IoError,
  type WatchReadiness,
  type Watch,
  type WatchInterest,
  type WatchOptions,
} from '../../../src/index.js';
import { backendFactory, BOTH_END, ERROR, PEER_END } from '../../../src/backends/index.js';
import { settling } from '../../../src/api/settling.js';
import { O_NONBLOCK } from '../../../src/sys/ffi/constants.js';
import { close, pipe } from '../../../src/sys/file/io.js';
import { addressOf } from '../../../src/sys/ffi/memory.js';
import { send, socketpair } from '../../../src/sys/socket/socket.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { atEnd, connected, listening, readExactly, tcpPair, track, turns, unixPair } from '../../support/sockets.js';

function makePipe(): [number, number] {
  const ends = pipe();
  const open = new Set(ends);
  for (const fd of ends) {
    atEnd(() => {
      if (open.has(fd)) close(fd);
    });
  }
  return ends;
}

/** Watches, keeps what was told, and lets a test wait for the next. */
class Told {
  readonly all: WatchReadiness[] = [];
  readonly watch: Watch;
  private waiting = settling<WatchReadiness>();

  constructor(fd: number, interest: WatchInterest, options?: WatchOptions, react?: (ready: WatchReadiness) => void) {
    this.watch = watch(
      fd,
      interest,
      ready => {
        this.all.push(ready);
        const { resolve } = this.waiting;
        this.waiting = settling<WatchReadiness>();
        react?.(ready);
        resolve(ready);
      },
      options,
    );
    atEnd(() => this.watch.close());
  }

  next(): Promise<WatchReadiness> {
    return this.waiting.promise;
  }
}

const bytes = Buffer.alloc(64 * 1024);
/** The same on every system. */
const MSG_OOB = 1;

describeOnEveryDriver(
  'watch()',
  driver => {
    it('by level it goes on telling until the condition is over', async () => {
      const [reader, writer] = makePipe();
      let calls = 0;
      const told = new Told(reader, { readable: true }, undefined, () => {
        if (++calls === 3) readSync(reader, bytes);
      });
      writeSync(writer, 'abc');
      while (calls < 3) await told.next();
      await turns();
      expect(calls).to.equal(3);
      expect(told.all[0]).to.include({ readable: true, writable: false, priority: false, failure: undefined });
    });

    it('a pipe that is empty is writable at once', async () => {
      const [, writer] = makePipe();
      const told = new Told(writer, { writable: true });
      expect(await told.next()).to.include({ readable: false, writable: true });
    });

    it('oneshot tells once, and again after modify()', async () => {
      const [reader, writer] = makePipe();
      const told = new Told(reader, { readable: true }, { mode: 'oneshot' });
      writeSync(writer, 'abc');
      await told.next();
      await turns();
      expect(told.all).to.have.length(1);
      const next = told.next();
      told.watch.modify({ readable: true });
      await next;
      await turns();
      expect(told.all).to.have.length(2);
    });

    it('edge tells that it began, and again after wouldBlock()', async () => {
      const [reader, writer] = makePipe();
      const told = new Told(reader, { readable: true }, { mode: 'edge' });
      writeSync(writer, 'abc');
      await told.next();
      await turns();
      expect(told.all).to.have.length(1);
      readSync(reader, bytes);
      expect(() => readSync(reader, bytes)).to.throw('EAGAIN');
      told.watch.wouldBlock({ readable: true });
      const next = told.next();
      writeSync(writer, 'def');
      await next;
      expect(told.all).to.have.length(2);
    });

    it('modify() changes the direction, and {} rests', async () => {
      const { client, server } = unixPair();
      const told = new Told(client.fd, { readable: true });
      await turns();
      expect(told.all).to.have.length(0);
      let next = told.next();
      told.watch.modify({ writable: true });
      expect(await next).to.include({ readable: false, writable: true });
      told.watch.modify({});
      const before = told.all.length;
      server.send('x');
      await turns();
      expect(told.all).to.have.length(before);
      next = told.next();
      told.watch.modify({ readable: true, writable: true });
      expect(await next).to.include({ readable: true, writable: true });
    });

    it('closing it inside its callback, and twice', async () => {
      const [reader, writer] = makePipe();
      const told: Told = new Told(reader, { readable: true }, undefined, () => told.watch.close());
      expect(told.watch.isClosed).to.equal(false);
      writeSync(writer, 'abc');
      await told.next();
      await turns();
      expect(told.all).to.have.length(1);
      expect(told.watch.isClosed).to.equal(true);
      told.watch.close();
      expect(() => told.watch.modify({ readable: true })).to.throw(Error, `descriptor ${reader} is closed`);
      expect(() => told.watch.wouldBlock({ readable: true })).to.throw(Error, 'closed');
    });

    it('regression 21: a pipe whose reader has gone wakes the writer', async () => {
      const [reader, writer] = pipe();
      atEnd(() => close(writer));
      while (canWrite(writer));
      const told = new Told(writer, { writable: true });
      await turns();
      expect(told.all).to.have.length(0);
      const next = told.next();
      close(reader);
      const ready = await next;
      expect(ready.bits & (ERROR | BOTH_END)).to.not.equal(0);
      expect(() => writeSync(writer, 'x')).to.throw('EPIPE');
    });

    it('the end of a pipe is told to its reader', async () => {
      const [reader, writer] = pipe();
      atEnd(() => close(reader));
      const told = new Told(reader, { readable: true }, { mode: 'oneshot' });
      close(writer);
      const ready = await told.next();
      expect(ready.readable || (ready.bits & (PEER_END | BOTH_END)) !== 0).to.equal(true);
      expect(readSync(reader, bytes)).to.equal(0);
    });

    it('a FIFO', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'pollux-'));
      atEnd(() => rmSync(directory, { recursive: true }));
      const path = join(directory, 'fifo');
      execFileSync('mkfifo', [path]);
      const reader = openSync(path, O_NONBLOCK);
      atEnd(() => closeSync(reader));
      const told = new Told(reader, { readable: true }, { mode: 'oneshot' });
      const writer = openSync(path, 'w');
      writeSync(writer, 'through the file system');
      closeSync(writer);
      expect((await told.next()).readable).to.equal(true);
      expect(readSync(reader, bytes)).to.equal(23);
    });

    it('urgent data of TCP has priority', async () => {
      const { client, server } = await tcpPair();
      const told = new Told(server.fd, { priority: true }, { mode: 'oneshot' });
      const urgent = new Uint8Array([33]);
      expect(send(client.fd, addressOf(urgent), 1, MSG_OOB)).to.equal(1);
      expect(await told.next()).to.include({ readable: false, writable: false, priority: true });
    });

    it('a descriptor that is closed: EBADF, at once or by the first event', async () => {
      const [reader, writer] = pipe();
      close(reader);
      close(writer);
      expect(await refusalOf(reader)).to.equal('EBADF');
    });

    it('regression 24: a regular file: EPERM, or ready at once, as the description says', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'pollux-'));
      atEnd(() => rmSync(directory, { recursive: true }));
      const file = openSync(join(directory, 'file'), 'w+');
      atEnd(() => closeSync(file));
      const refuses = backendFactory(driver.reactor.driver.backend.name).description.refuses.includes('file');
      expect(await refusalOf(file)).to.equal(refuses ? 'EPERM' : undefined);
    });

    it('the same descriptor twice: EEXIST', () => {
      const [first, second] = socketpair();
      atEnd(() => close(first));
      atEnd(() => close(second));
      new Told(first, { readable: true });
      expect(() => watch(first, { writable: true }, () => {}))
        .to.throw()
        .with.property('code', 'EEXIST');
    });

    it('refuses what makes no sense, with words', () => {
      const [reader] = makePipe();
      expect(() => watch(reader, {}, () => {})).to.throw(TypeError, 'nothing is asked for');
      for (const [args, message] of [
        [[reader], 'interest: undefined; allowed: an object'],
        [[reader, null, () => {}], 'interest: null; allowed: an object'],
        [[reader, { readable: true }], 'onReady: undefined; allowed: a function'],
        [[reader, { readable: true }, () => {}, null], 'options: null; allowed: an object'],
      ] as const) {
        expect(() => watch(...(args as unknown as Parameters<typeof watch>))).to.throw(TypeError, message);
      }
      for (const fd of [-1, 1.5, NaN]) expect(() => watch(fd, { readable: true }, () => {})).to.throw(RangeError);
      const options = { mode: 'sideways' as 'edge' };
      expect(() => watch(reader, { readable: true }, () => {}, options)).to.throw(TypeError);
    });

    it('a descriptor that its user closed under a watch takes no connection that gets its number', async () => {
      const listener = await listening({ host: '127.0.0.1' });
      listener.onConnection = connection => {
        track(connection).onData = chunk => void connection.send(chunk);
      };
      const watched = pipe();
      const watches = watched.map(fd => new Told(fd, { readable: true }, { mode: 'edge' }));
      const failures = watches.map(told => told.next());
      await turns();
      for (const fd of watched) close(fd);
      // The lowest free numbers are given out first: to the two ends of this connection.
      const client = await connected({ host: '127.0.0.1', port: listener.port });
      expect(watched).to.include(client.fd);
      await client.write('abc');
      expect(await readExactly(client, 3)).to.equal('abc');
      for (const ready of await Promise.all(failures)) expect(ready.failure).to.include({ code: 'EBADF' });
      await listener.close();
    });
  },
  ['level'],
);

function canWrite(fd: number): boolean {
  try {
    writeSync(fd, bytes);
    return true;
  } catch {
    return false;
  }
}

/** What watching `fd` fails with, whether the backend says so at once or by its first event. */
async function refusalOf(fd: number): Promise<string | undefined> {
  try {
    const ready = await new Told(fd, { readable: true }, { mode: 'oneshot' }).next();
    return ready.failure?.code;
  } catch (error) {
    return (error as IoError).code;
  }
}
