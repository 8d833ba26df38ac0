/** Files of several GiB of which little is there, at random: offsets beyond 32 bits, holes, and a kernel that has moods. */
import { expect } from 'chai';
import fc from 'fast-check';
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskPool } from '../../../src/core/disk/pool.js';
import type { FileCopyCalls } from '../../../src/core/transfers/files/file-copy-calls.js';
import type { CopyEnd } from '../../../src/core/transfers/files/copy-calls.js';
import { FileToFile } from '../../../src/core/transfers/files/file-to-file.js';
import { FileToSocket } from '../../../src/core/transfers/files/file-to-socket.js';
import { BufferList } from '../../../src/core/memory/buffer-list.js';
import { EAGAIN, EINTR, EOPNOTSUPP } from '../../../src/sys/ffi/errno.js';
import { fstatNow, type FileStat } from '../../../src/sys/file/file-stat.js';
import type { SendfileCalls } from '../../../src/sys/socket/sendfile.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { patternBytes } from '../../support/files.js';
import { unixPair } from '../../support/sockets.js';
import { propertyRuns } from '../../property-runs.js';
import { moodyCalls, type Fault } from './moody-calls.js';
import { begun } from '../../support/transfers.js';

const GIB = 2 ** 30;
const BLOCK_BYTES = 4096;
/** What is compared on either side of content: holes begin and end at whole blocks. */
const MARGIN_BYTES = 2 * BLOCK_BYTES;

interface Island {
  readonly offset: number;
  readonly lengthBytes: number;
}

const copyPlan = fc.record({
  islands: fc.array(
    fc.record({
      offset: fc.oneof(
        fc.integer({ min: 0, max: 6 * GIB }),
        // Where 31, 32 and 33 bits end.
        fc.constantFrom(2 * GIB, 4 * GIB, 8 * GIB).chain(edge => fc.integer({ min: edge - 60_000, max: edge + 10 })),
      ),
      lengthBytes: fc.integer({ min: 1, max: 100_000 }),
    }),
    { maxLength: 4 },
  ),
  tailBytes: fc.integer({ min: 0, max: GIB }),
  from: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5 * GIB })),
  to: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5 * GIB })),
  refusesCopyRange: fc.boolean(),
  faults: fc.array(fc.oneof(fc.constant<Fault>('none'), fc.record({ most: fc.integer({ min: 1, max: 50_000 }) })), {
    maxLength: 6,
  }),
});

function bytesAt(fd: number, start: number, end: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, end - start));
  return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, start));
}

describe('sparse files of several GiB', () => {
  let directory: string;
  let files: number[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pollux-sparse-'));
    files = [];
  });
  afterEach(() => {
    closeAll();
    rmSync(directory, { recursive: true });
  });

  function closeAll(): void {
    for (const fd of files.splice(0)) closeSync(fd);
  }

  function openNew(name: string): number {
    const fd = openSync(join(directory, name), 'w+');
    files.push(fd);
    return fd;
  }

  function sourceOf(islands: readonly Island[], tailBytes: number): number {
    const fd = openNew('source');
    let endBytes = 0;
    for (const { offset, lengthBytes } of islands) {
      writeSync(fd, patternBytes(offset, lengthBytes), 0, lengthBytes, offset);
      endBytes = Math.max(endBytes, offset + lengthBytes);
    }
    ftruncateSync(fd, endBytes + tailBytes);
    return fd;
  }

  function endOf(fd: number, offset: number): CopyEnd {
    return { fd, offset, name: `descriptor ${fd}`, stat: fstatNow(fd) as FileStat };
  }

  async function copied(calls: FileCopyCalls, source: CopyEnd, target: CopyEnd, lengthBytes: number) {
    const plan = { copy: Promise.resolve({ source, target, isMadeUp: false, lengthBytes }), release: () => {} };
    const engine = new FileToFile(new DiskPool(), calls);
    const failure = await new Promise<Error | undefined>(resolve => {
      engine.onSettled = resolve;
      engine.start(plan);
    });
    expect(failure).to.equal(undefined);
    return engine.account;
  }

  it('regression 27: copies them to the byte, counts all of it, and writes only what is there', async () => {
    await fc.assert(
      fc.asyncProperty(copyPlan, async ({ islands, tailBytes, from, to, refusesCopyRange, faults }) => {
        const source = sourceOf(islands, tailBytes);
        const target = openNew('target');
        const lengthBytes = Math.max(0, fstatSync(source).size - from);
        const calls = moodyCalls({
          copyRange: refusesCopyRange ? [{ answer: -EOPNOTSUPP }] : faults,
          pread: faults,
          pwrite: faults,
        });
        const account = await copied(calls, endOf(source, from), endOf(target, to), lengthBytes);
        expect(account).to.include({ bytesIn: lengthBytes, bytesOut: lengthBytes, residueBytes: 0 });
        const { size, blocks } = fstatSync(target);
        expect(size).to.equal(lengthBytes === 0 ? 0 : to + lengthBytes);
        expect(blocks * 512, 'bytes on the disk').to.be.at.most(fstatSync(source).blocks * 512 + 16 * BLOCK_BYTES * 4);
        for (const { offset, lengthBytes: islandBytes } of islands) {
          const start = Math.max(from, offset - MARGIN_BYTES);
          const end = offset + islandBytes + MARGIN_BYTES;
          const expected = bytesAt(source, start, end);
          expect(Buffer.compare(bytesAt(target, start - from + to, end - from + to), expected)).to.equal(0);
        }
        closeAll();
      }),
      propertyRuns(40),
    );
  });
});

interface Answer {
  readonly share: number;
  readonly errno: number;
}

/** A kernel that sends nothing and counts everything: GiBs cost what the calls cost. */
class CountingSendfile implements SendfileCalls {
  readonly takesHeader = false;
  readonly refusesToWait = false;
  failure = 0;
  wrong: string | undefined = undefined;
  private calls = 0;

  constructor(
    private position: number,
    private readonly answers: readonly Answer[],
  ) {}

  send(_socket: number, _file: number, offset: number, lengthBytes: number): number {
    if (offset !== this.position) this.wrong ??= `offset ${offset} where ${this.position} comes next`;
    if (lengthBytes < 1 || lengthBytes >= 2 * GIB) this.wrong ??= `a length of ${lengthBytes}`;
    const { share, errno } = this.answers[this.calls++] ?? { share: 1, errno: 0 };
    const sent = Math.floor(lengthBytes * share);
    // An answer of 0 without an errno says that the file has ended.
    this.failure = sent === 0 && errno === 0 ? EINTR : errno;
    this.position += sent;
    return sent;
  }
}

const sendPlan = fc.record({
  offset: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 43 })),
  lengthBytes: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 5 * GIB })),
  answers: fc.array(
    fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), errno: fc.constantFrom(0, EAGAIN, EINTR) }),
    { maxLength: 50 },
  ),
});

describeOnEveryDriver(
  'sendFile of several GiB, to a sink that counts',
  () => {
    it('regression 27: asks for every byte once and in order, never for 2 GiB at a time', async () => {
      await fc.assert(
        fc.asyncProperty(sendPlan, async ({ offset, lengthBytes, answers }) => {
          const { client, server } = unixPair();
          const sendfile = new CountingSendfile(offset, answers);
          const range = { fd: -1, device: 0, offset, lengthBytes };
          const sending = { range, before: BufferList.from(''), after: BufferList.from('') };
          const reads = { isResident: () => true, read: () => {} };
          const account = await begun(new FileToSocket(client, { calls: { sendfile, reads } }), sending);
          expect(sendfile.wrong).to.equal(undefined);
          const path = lengthBytes === 0 ? 'none' : 'sendfile';
          const counts = { bytesIn: lengthBytes, bytesOut: lengthBytes, residueBytes: 0, path };
          expect(account).to.include(counts);
          client.destroy();
          server.destroy();
        }),
        propertyRuns(12),
      );
    });
  },
  ['level'],
);
