/** Transfers whose reader has stopped, by every path: nobody makes a call until it goes on. */
import { expect } from 'chai';
import { copyWith } from '../../src/api/transfer/copy.js';
import { joinWith } from '../../src/api/transfer/join.js';
import type { Transfer } from '../../src/api/transfer/transfer.js';
import { BufferList } from '../../src/core/memory/buffer-list.js';
import { FileToSocket } from '../../src/core/transfers/files/file-to-socket.js';
import { nativeFileReads } from '../../src/core/transfers/files/file-reads.js';
import { nativeRelayCalls, type RelayCalls } from '../../src/core/transfers/relay/relay-conduits.js';
import { SocketToFile } from '../../src/core/transfers/files/socket-to-file.js';
import type { Connection } from '../../src/index.js';
import { ENOSYS, EIO } from '../../src/sys/ffi/errno.js';
import type { Done } from '../../src/sys/ffi/blocking-call.js';
import { platform } from '../../src/sys/ffi/platform.js';
import { nativeSendfile, type SendfileCalls } from '../../src/sys/socket/sendfile.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { TestFiles } from '../support/files.js';
import { twoPairs } from '../support/joined.js';
import { atEnd } from '../support/sockets.js';
import { SplicingKernel } from '../support/splicing-kernel.js';
import { streamOf, STREAM_KINDS, type StreamKind } from '../support/streams.js';
import { begun } from '../support/transfers.js';

/** Longer than TCP puts an acknowledgement off. */
const WINDOW_MS = 100;
/** A disk answers when it does, and TCP finds room in its buffers for a while; a spin never ends. */
const MOST_WINDOWS = 100;
const FILE_BYTES = 2 ** 30;

/** A transfer that nobody takes the bytes of. */
interface Stalled {
  readonly account: {
    readonly bytesIn: number;
    readonly bytesOut: number;
    readonly calls: number;
    readonly path: string;
  };
  /** Ends it. */
  end(): Promise<unknown>;
}

const refusing: SendfileCalls = { takesHeader: false, refusesToWait: false, failure: ENOSYS, send: () => 0 };

/** Keeps a stream full; what it queues is bounded by the back-pressure of `write`. */
function flood(connection: Connection): void {
  const piece = new Uint8Array(256 * 1024);
  const pour = async () => {
    while (!connection.isClosed) await connection.write(piece);
  };
  void pour().catch(() => {});
}

function ending<T extends object>(transfer: Transfer<T>): () => Promise<unknown> {
  return () => {
    transfer.cancel();
    return Promise.resolve(transfer).catch((reason: unknown) => reason);
  };
}

// By level an event that nobody wants comes again at once: the mode in which a stall could spin.
describeOnEveryDriver(
  'a transfer that stalls',
  driver => {
    const files = new TestFiles();

    /** What is done in a while, and how much of a core that takes. */
    async function watched({ account }: Stalled): Promise<{ work: Record<string, number>; share: number }> {
      const { counters } = driver.reactor.driver;
      const { bytesIn, bytesOut, calls } = account;
      const { systemCalls, fruitlessEvents } = counters;
      const cpu = process.cpuUsage();
      const start = performance.now();
      await new Promise(resolve => setTimeout(resolve, WINDOW_MS));
      const elapsedMs = performance.now() - start;
      const { user, system } = process.cpuUsage(cpu);
      const work = {
        bytesIn: account.bytesIn - bytesIn,
        bytesOut: account.bytesOut - bytesOut,
        calls: account.calls - calls,
        systemCalls: counters.systemCalls - systemCalls,
        fruitlessEvents: counters.fruitlessEvents - fruitlessEvents,
      };
      return { work, share: (user + system) / 1000 / elapsedMs };
    }

    async function checkIdle(stalled: Stalled, path: string): Promise<void> {
      const nothing = { bytesIn: 0, bytesOut: 0, calls: 0, systemCalls: 0, fruitlessEvents: 0 };
      const isQuiet = ({ work, share }: Awaited<ReturnType<typeof watched>>) =>
        stalled.account.bytesIn > 0 && Object.values(work).every(count => count === 0) && share < 0.5;
      let seen = await watched(stalled);
      for (let windows = 1; windows < MOST_WINDOWS && !isQuiet(seen); windows++) seen = await watched(stalled);
      expect(seen.work).to.deep.equal(nothing);
      // A spin takes all of it; Node and the collector have their own work.
      expect(seen.share, 'share of a core').to.be.lessThan(0.5);
      expect(stalled.account.bytesIn).to.be.greaterThan(0);
      expect(stalled.account.path).to.equal(path);
      await stalled.end();
    }

    function sendingTo(sink: Connection, sendfile: SendfileCalls): Stalled {
      const { fd } = files.sparse(FILE_BYTES);
      const range = { fd, device: 0, offset: 0, lengthBytes: FILE_BYTES };
      const sending = { range, before: new BufferList(), after: new BufferList() };
      const transfer = begun(new FileToSocket(sink, { calls: { sendfile, reads: nativeFileReads } }), sending);
      return { account: transfer.account, end: ending(transfer) };
    }

    for (const kind of STREAM_KINDS) {
      it(`regression 30: a file to ${kind}, by sendfile and by buffers, makes no call`, async () => {
        const streams = [await streamOf(kind), await streamOf(kind)];
        await checkIdle(sendingTo(streams[0].writing, nativeSendfile()), 'sendfile');
        await checkIdle(sendingTo(streams[1].writing, refusing), 'buffers');
      });
    }

    function copying(source: StreamKind, sink: StreamKind, calls: RelayCalls) {
      return async (): Promise<Stalled> => {
        const [from, to] = [await streamOf(source), await streamOf(sink)];
        const transfer = copyWith(calls, from.reading, to.writing);
        flood(from.writing);
        atEnd(() => from.writing.destroy());
        return { account: transfer.account, end: ending(transfer) };
      };
    }

    for (const source of STREAM_KINDS) {
      for (const sink of STREAM_KINDS) {
        it(`regression 30: ${source} to ${sink}, by buffers and as the kernel does best, makes no call`, async () => {
          const native = nativeRelayCalls();
          await checkIdle(await copying(source, sink, { ...native, splice: undefined })(), 'buffers');
          // A pipe that nobody reads is full before it pays to splice.
          const path = platform === 'linux' && sink !== 'pipe' ? 'splice' : 'buffers';
          await checkIdle(await copying(source, sink, native)(), path);
        });
      }
    }

    it('regression 30: a join on a kernel with SO_SPLICE makes no call', async () => {
      const calls = { ...nativeRelayCalls(), splice: undefined, socketSplice: new SplicingKernel([0.5, 1]) };
      const { left, a, b } = await twoPairs('Unix');
      const transfer = joinWith(calls, a, b);
      flood(left);
      await checkIdle({ account: transfer.account.aToB, end: ending(transfer) }, 'so_splice');
      left.destroy();
    });

    for (const kind of STREAM_KINDS) {
      it(`regression 30: ${kind} to a file on a disk that hangs makes no call`, async () => {
        const { writing, reading } = await streamOf(kind);
        let answer: Done = () => {};
        const file = { fd: -1, device: 0, name: 'a disk' };
        const receiving = { file, offset: 0, lengthBytes: Infinity, releaseFile: () => {} };
        const engine = new SocketToFile(reading, (...args) => (answer = args[4]));
        const transfer = begun(engine, receiving);
        flood(writing);
        const end = () => {
          answer(-EIO);
          return Promise.resolve(transfer).catch((reason: unknown) => reason);
        };
        await checkIdle({ account: transfer.account, end }, 'buffers');
        writing.destroy();
      });
    }
  },
  ['level'],
);
