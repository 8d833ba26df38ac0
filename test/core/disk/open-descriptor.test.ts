import { expect } from 'chai';
import fc from 'fast-check';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferList } from '../../../src/core/memory/buffer-list.js';
import { nativeFileCalls, type FileCalls } from '../../../src/core/disk/file-calls.js';
import { OpenDescriptor } from '../../../src/core/disk/open-descriptor.js';
import { DiskPool } from '../../../src/core/disk/pool.js';
import { EAGAIN, EIO, ENOSPC, EOPNOTSUPP } from '../../../src/sys/ffi/errno.js';
import type { IoError } from '../../../src/sys/ffi/io-error.js';
import { propertyRuns } from '../../property-runs.js';

/** What becomes of one call: done in full, cut to its first ranges, or answered with an errno. */
type Fault = { readonly ranges: number } | { readonly errno: number } | 'none';

/** A kernel that has its moods: one fault a call in order, and none when they are used up. */
function moodyCalls(faults: readonly Fault[]): FileCalls {
  let index = 0;
  const next = (): Fault => faults[index++] ?? 'none';
  const now =
    (call: FileCalls['readNow']): FileCalls['readNow'] =>
    (fd, iovecs, count, offset) => {
      const fault = next();
      if (fault === 'none') return call(fd, iovecs, count, offset);
      if ('errno' in fault) return -(fault.errno === EIO ? EAGAIN : fault.errno);
      return call(fd, iovecs, Math.min(count, fault.ranges), offset);
    };
  const pooled =
    (call: FileCalls['preadv']): FileCalls['preadv'] =>
    (fd, iovecs, count, offset, done) => {
      const fault = next();
      if (fault === 'none') call(fd, iovecs, count, offset, done);
      else if ('ranges' in fault) call(fd, iovecs, Math.min(count, fault.ranges), offset, done);
      // Only a disk that fails tells so on a thread of its own.
      else if (fault.errno === EIO) setImmediate(() => done(-EIO));
      else call(fd, iovecs, count, offset, done);
    };
  return {
    readNow: now(nativeFileCalls.readNow),
    writeNow: now(nativeFileCalls.writeNow),
    preadv: pooled(nativeFileCalls.preadv),
    pwritev: pooled(nativeFileCalls.pwritev),
  };
}

const fault = fc.oneof(
  fc.constant<Fault>('none'),
  fc.record({ ranges: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ errno: fc.constantFrom(EAGAIN, EOPNOTSUPP, EIO) }),
);
const program = {
  faults: fc.array(fault, { maxLength: 12 }),
  ranges: fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 200 }),
  offset: fc.integer({ min: 0, max: 50_000 }),
};

const FILE = Buffer.from(Array.from({ length: 60_000 }, (_, index) => (index * 7 + (index >> 8)) & 255));
/** As much as a program can ask for. */
const WRITTEN = Buffer.from(Array.from({ length: 200 * 3_000 }, (_, index) => (index * 13) & 255));

function listOf(content: Buffer, ranges: readonly number[]): BufferList {
  const list = new BufferList();
  let position = 0;
  for (const lengthBytes of ranges) list.append(content.subarray(position, (position += lengthBytes)));
  return list;
}

describe('OpenDescriptor', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    path = join(directory, 'file');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function openWith(calls: FileCalls): OpenDescriptor {
    return new OpenDescriptor(openSync(path, 'r+'), 1, path, { pool: new DiskPool(), calls });
  }

  it('reads the right bytes and counts them, whatever the calls are cut to', () =>
    fc.assert(
      fc.asyncProperty(fc.record(program), async ({ faults, ranges, offset }) => {
        const content = FILE;
        writeFileSync(path, content);
        const descriptor = openWith(moodyCalls(faults));
        const target = Buffer.alloc(ranges.reduce((sum, each) => sum + each, 0));
        try {
          const count = await descriptor.read(listOf(target, ranges), offset);
          expect(count).to.equal(Math.min(target.length, content.length - offset));
          expect(target.subarray(0, count).equals(content.subarray(offset, offset + count))).to.equal(true);
        } catch (error) {
          const { code, movedBytes } = error as IoError & { movedBytes: number };
          expect(code).to.equal('EIO');
          expect(target.subarray(0, movedBytes).equals(content.subarray(offset, offset + movedBytes))).to.equal(true);
        }
        await descriptor.close();
      }),
      propertyRuns(150),
    ));

  it('writes every byte once and in its place, and on a failure says how many', () =>
    fc.assert(
      fc.asyncProperty(fc.record(program), async ({ faults, ranges, offset }) => {
        writeFileSync(path, Buffer.alloc(offset, 1));
        const descriptor = openWith(moodyCalls(faults));
        const content = WRITTEN.subarray(
          0,
          ranges.reduce((sum, each) => sum + each, 0),
        );
        let written: number;
        try {
          written = await descriptor.write(listOf(content, ranges), offset);
          expect(written).to.equal(content.length);
        } catch (error) {
          const { code, movedBytes } = error as IoError & { movedBytes: number };
          expect(code).to.equal('EIO');
          written = movedBytes;
        }
        await descriptor.close();
        expect(
          readFileSync(path).equals(Buffer.concat([Buffer.alloc(offset, 1), content.subarray(0, written)])),
        ).to.equal(true);
      }),
      propertyRuns(150),
    ));

  it('asks no more for what the file system can not tell', async () => {
    writeFileSync(path, 'abc');
    let asked = 0;
    const descriptor = openWith({
      ...nativeFileCalls,
      readNow: () => {
        asked++;
        return -EOPNOTSUPP;
      },
    });
    for (let index = 0; index < 3; index++) {
      expect(await descriptor.read(BufferList.from(Buffer.alloc(3)), 0)).to.equal(3);
    }
    expect(asked).to.equal(1);
    await descriptor.close();
  });

  it('says how much a full disk had taken', async () => {
    writeFileSync(path, '');
    let calls = 0;
    const descriptor = openWith({
      ...nativeFileCalls,
      writeNow: () => -EAGAIN,
      pwritev: (_fd, _iovecs, _count, _offset, done) => setImmediate(() => done(calls++ === 0 ? 5 : -ENOSPC)),
    });
    try {
      await descriptor.write(BufferList.from('hello world'), 0);
      expect.fail('it did not fail');
    } catch (error) {
      expect(error).to.include({ code: 'ENOSPC', syscall: 'pwritev', movedBytes: 5, target: path });
    }
    await descriptor.close();
  });

  it('keeps what it reads into until the disk has answered, whoever releases it meanwhile', async () => {
    const { Slab } = await import('../../../src/core/memory/slab.js');
    const slab = new Slab({ chunkBytes: 4096, chunksPerBlock: 2, maxBytes: 8192, debug: false });
    writeFileSync(path, 'abc');
    let answer!: () => void;
    const descriptor = openWith({
      ...nativeFileCalls,
      readNow: () => -EAGAIN,
      preadv: (_fd, _iovecs, _count, _offset, done) => (answer = () => done(3)),
    });
    const list = new BufferList();
    list.appendLease(slab.lease()!, 0, 3);
    const read = descriptor.read(list.slice(), 0);
    list.release();
    expect(slab.leasedChunks).to.equal(1);
    await new Promise(resolve => setImmediate(resolve));
    answer();
    expect(await read).to.equal(3);
    expect(slab.leasedChunks).to.equal(0);
    await descriptor.close();
  });

  it('closes however many calls wait for a disk', async () => {
    writeFileSync(path, 'abc');
    const pool = new DiskPool({ calls: 2, callsPerDevice: 1, callsWaiting: 1, callsWaitingPerDevice: 1 });
    let answer!: () => void;
    pool.submit(
      2,
      done => (answer = () => done(0)),
      () => {},
    );
    pool.submit(
      2,
      done => done(0),
      () => {},
    );
    expect(() =>
      pool.submit(
        2,
        () => {},
        () => {},
      ),
    ).to.throw('ENOBUFS');
    const descriptor = new OpenDescriptor(openSync(path, 'r+'), 1, path, { pool });
    await descriptor.close();
    expect(() => closeSync(descriptor.fd)).to.throw('EBADF');
    answer();
  });

  it('closes its descriptor once', async () => {
    writeFileSync(path, 'abc');
    const descriptor = openWith(nativeFileCalls);
    await Promise.all([descriptor.close(), descriptor.close()]);
    await descriptor.close();
    expect(() => closeSync(descriptor.fd)).to.throw('EBADF');
  });
});
