import { expect } from 'chai';
import fc from 'fast-check';
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskPool } from '../../../../src/core/disk/pool.js';
import { nativeFileCopyCalls, type FileCopyCalls } from '../../../../src/core/transfers/files/file-copy-calls.js';
import type { CopyEnd } from '../../../../src/core/transfers/files/copy-calls.js';
import { FileToFile, type FileCopy, type FileCopyPlan } from '../../../../src/core/transfers/files/file-to-file.js';
import { EINVAL, EIO, ENOSPC, ENOSYS, EOPNOTSUPP, EPERM, EXDEV } from '../../../../src/sys/ffi/errno.js';
import type { Done } from '../../../../src/sys/ffi/blocking-call.js';
import { fstatNow, type FileStat } from '../../../../src/sys/file/file-stat.js';
import type { IoError } from '../../../../src/sys/ffi/io-error.js';
import { propertyRuns } from '../../../property-runs.js';
import { moodyCalls, type Fault, type Sharing } from '../moody-calls.js';

const most = fc.record({ most: fc.integer({ min: 1, max: 50_000 }) });
const answers = (...errnos: number[]) => fc.record({ answer: fc.constantFrom(...errnos) });
const none = fc.constant<Fault>('none');
const faultsOf = (...kinds: fc.Arbitrary<Fault>[]) => fc.array(fc.oneof(none, ...kinds), { maxLength: 6 });

const BLOCK_BYTES = 4096;
/** A file as a row of regions, some of which are holes. */
const regions = fc.array(
  fc.record({ isHole: fc.boolean(), lengthBytes: fc.integer({ min: 1, max: 5 * BLOCK_BYTES }) }),
  { maxLength: 8 },
);
type Regions = readonly { readonly isHole: boolean; readonly lengthBytes: number }[];

const program = fc.record({
  source: regions,
  target: regions,
  from: fc.integer({ min: 0, max: 30_000 }),
  to: fc.integer({ min: 0, max: 60_000 }),
  leaveBytes: fc.integer({ min: 0, max: 10_000 }),
  faults: fc.record({
    cloneRange: fc.oneof(answers(-EOPNOTSUPP, -EXDEV, -EINVAL, -ENOSPC, -ENOSYS), most, fc.constant<Sharing>('shared')),
    copyRange: faultsOf(most, answers(0, -EINVAL, -EOPNOTSUPP, -EXDEV, -ENOSYS, -EPERM, -EIO)),
    pread: faultsOf(most, answers(-EIO)),
    pwrite: faultsOf(most, answers(-ENOSPC)),
    seek: faultsOf(answers(-EINVAL)),
    punchHole: faultsOf(answers(-EOPNOTSUPP)),
  }),
});

describe('FileToFile', () => {
  let directory: string;
  const open: number[] = [];

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-'))));
  afterEach(() => {
    for (const fd of open.splice(0)) closeSync(fd);
    rmSync(directory, { recursive: true });
  });

  function fileOf(name: string, content: Regions, seed: number): { fd: number; bytes: Buffer } {
    const fd = openSync(join(directory, name), 'w+');
    open.push(fd);
    let position = 0;
    for (const { isHole, lengthBytes } of content) {
      if (!isHole) {
        writeSync(
          fd,
          Buffer.from(Array.from({ length: lengthBytes }, (_, index) => 1 + ((seed + position + index * 7) % 255))),
          0,
          lengthBytes,
          position,
        );
      }
      position += lengthBytes;
    }
    ftruncateSync(fd, position);
    return { fd, bytes: readFileSync(join(directory, name)) };
  }

  function endOf(fd: number, offset: number): CopyEnd {
    return { fd, offset, name: `descriptor ${fd}`, stat: fstatNow(fd) as FileStat };
  }

  interface Copying {
    readonly source: number;
    readonly target: number;
    readonly from: number;
    readonly to: number;
    readonly lengthBytes: number;
    readonly calls: FileCopyCalls;
  }

  function engineOf({ source, target, from, to, lengthBytes, calls }: Copying): FileToFile {
    const ends = { source: endOf(source, from), target: endOf(target, to) };
    return planned({ ...ends, isMadeUp: false, lengthBytes }, new FileToFile(new DiskPool(), calls));
  }

  const plans = new WeakMap<FileToFile, FileCopyPlan>();

  function planned(copy: FileCopy, engine: FileToFile): FileToFile {
    plans.set(engine, { copy: Promise.resolve(copy), release: () => {} });
    return engine;
  }

  /** @returns what it failed with. */
  function run(engine: FileToFile, plan = plans.get(engine)!): Promise<Error | undefined> {
    return new Promise(resolve => {
      engine.onSettled = resolve;
      engine.start(plan);
    });
  }

  function copied(old: Buffer, source: Buffer, from: number, to: number, lengthBytes: number): Buffer {
    const result = Buffer.alloc(lengthBytes === 0 ? old.length : Math.max(old.length, to + lengthBytes));
    old.copy(result);
    if (lengthBytes > 0) source.copy(result, to, from, from + lengthBytes);
    return result;
  }

  it('regression 28: copies to the byte whatever a kernel refuses or cuts short, counts exactly, and can go on', () =>
    fc.assert(
      fc.asyncProperty(program, async ({ source, target, from, to, leaveBytes, faults }) => {
        const old = fileOf('target', target, 100);
        const { fd, bytes } = fileOf('source', source, 0);
        const lengthBytes = Math.max(0, bytes.length - from - leaveBytes);
        const calls = moodyCalls(faults);
        const engine = engineOf({ source: fd, target: old.fd, from, to, lengthBytes, calls });
        const failure = await run(engine);
        const { account } = engine;
        if (lengthBytes > 0 && faults.cloneRange === 'shared') {
          expect(calls.made).to.deep.equal(['cloneRange']);
          expect(account).to.include({ path: 'reflink', bytesOut: lengthBytes, calls: 1, fallback: undefined });
        } else {
          expect(account.path).to.not.equal('reflink');
        }
        if (failure === undefined) {
          expect([account.bytesIn, account.bytesOut, account.residueBytes]).to.deep.equal([
            lengthBytes,
            lengthBytes,
            0,
          ]);
        } else {
          expect(['EIO', 'ENOSPC']).to.include((failure as IoError).code);
          expect(account.bytesIn - account.bytesOut).to.equal(account.residueBytes);
          const sofar = readFileSync(join(directory, 'target'));
          const expected = copied(old.bytes, bytes, from, to, account.bytesOut);
          // A kernel that shared a part before it refused has written more than is counted.
          const isPartShared = typeof faults.cloneRange === 'object' && 'most' in faults.cloneRange;
          const certain = isPartShared ? Math.min(to + account.bytesOut, expected.length) : Infinity;
          expect(sofar.subarray(0, certain).equals(expected.subarray(0, certain))).to.equal(true);
          const rest = { from: from + account.bytesOut, to: to + account.bytesOut };
          const again = engineOf({
            source: fd,
            target: old.fd,
            ...rest,
            lengthBytes: lengthBytes - account.bytesOut,
            calls: moodyCalls({}),
          });
          expect(await run(again)).to.equal(undefined);
        }
        const result = readFileSync(join(directory, 'target'));
        expect(result.equals(copied(old.bytes, bytes, from, to, lengthBytes))).to.equal(true);
        for (const each of open.splice(0)) closeSync(each);
      }),
      propertyRuns(200),
    ));

  for (const errno of [EINVAL, EOPNOTSUPP, EXDEV, ENOSYS, EPERM]) {
    it(`regression 28: after errno ${errno} of copy_file_range in the middle no byte is copied again`, async () => {
      const { fd, bytes } = fileOf('source', [{ isHole: false, lengthBytes: 100_000 }], 0);
      const target = fileOf('target', [], 0);
      const calls = moodyCalls({ copyRange: [{ most: 30_000 }, { most: 20_000 }, { answer: -errno }] });
      const reads: [number, number][] = [];
      const counted: FileCopyCalls = {
        ...calls,
        pread: (...args) => {
          reads.push([args[3], args[2]]);
          calls.pread(...args);
        },
      };
      const engine = engineOf({ source: fd, target: target.fd, from: 0, to: 0, lengthBytes: 100_000, calls: counted });
      expect(await run(engine)).to.equal(undefined);
      expect(reads).to.deep.equal([[50_000, 50_000]]);
      expect(readFileSync(join(directory, 'target')).equals(bytes)).to.equal(true);
      expect(engine.account).to.include({ path: 'buffers', bytesOut: 100_000, calls: 8 });
      expect(engine.account.fallback).to.match(/^copy_file_range: E/);
    });
  }

  it('says what is missing of a source that is cut short meanwhile, by each way', async () => {
    for (const faults of [{}, { copyRange: [{ most: 100_000 }, { answer: -EXDEV }] }]) {
      const { fd, bytes } = fileOf('source', [{ isHole: false, lengthBytes: 300_000 }], 0);
      const target = fileOf('target', [], 0);
      const calls = moodyCalls({ copyRange: [{ most: 100_000 }], ...faults });
      const cutting: FileCopyCalls = {
        ...calls,
        copyRange: (...args) => {
          if (args[1] === 100_000) ftruncateSync(fd, 150_000);
          calls.copyRange(...args);
        },
      };
      const engine = engineOf({ source: fd, target: target.fd, from: 0, to: 0, lengthBytes: 300_000, calls: cutting });
      expect(await run(engine)).to.include({ code: 'EIO', syscall: 'copy' });
      expect(engine.account.bytesOut).to.equal(150_000);
      expect(readFileSync(join(directory, 'target')).equals(bytes.subarray(0, 150_000))).to.equal(true);
    }
  });

  it('takes the end of a source for what it is, and not for a hole', async () => {
    const { fd } = fileOf('source', [{ isHole: false, lengthBytes: 8192 }], 0);
    const target = fileOf('target', [], 0);
    const calls: FileCopyCalls = {
      ...moodyCalls({}),
      seek: (...args) => {
        ftruncateSync(fd, 0);
        nativeFileCopyCalls.seek(...args);
      },
    };
    const engine = engineOf({ source: fd, target: target.fd, from: 0, to: 0, lengthBytes: 8192, calls });
    expect((await run(engine))!.message).to.include('8192 bytes are missing');
    expect(fstatSync(target.fd).size).to.equal(0);
  });

  it('counts what a call had done that was under way when it was cancelled, and touches nothing after', async () => {
    const { fd, bytes } = fileOf('source', [{ isHole: false, lengthBytes: 100_000 }], 0);
    const target = fileOf('target', [], 0);
    const reason = new Error('enough');
    const calls = moodyCalls({ copyRange: [{ most: 40_000 }, { most: 30_000 }] });
    const cancelling: FileCopyCalls = {
      ...calls,
      copyRange: (...args) => {
        if (args[1] > 0) engine.cancel(reason);
        calls.copyRange(...args);
      },
    };
    const engine: FileToFile = engineOf({
      source: fd,
      target: target.fd,
      from: 0,
      to: 0,
      lengthBytes: 100_000,
      calls: cancelling,
    });
    expect(await run(engine)).to.equal(reason);
    expect(engine.account.bytesOut).to.equal(70_000);
    expect(readFileSync(join(directory, 'target')).equals(bytes.subarray(0, 70_000))).to.equal(true);
  });

  it('has room for a cancel while a call waits for its turn at the disk', async () => {
    const { fd } = fileOf('source', [{ isHole: false, lengthBytes: 1000 }], 0);
    const pool = new DiskPool({ calls: 1, callsPerDevice: 1, callsWaiting: 10, callsWaitingPerDevice: 10 });
    let answer!: Done;
    const end = endOf(fd, 0);
    const target = endOf(fileOf('target', [], 0).fd, 0);
    pool.submit(
      9,
      done => (answer = done),
      () => {},
    );
    const copy = { source: end, target, isMadeUp: false, lengthBytes: 1000 };
    const engine = planned(copy, new FileToFile(pool, nativeFileCopyCalls));
    const settled = run(engine);
    await new Promise(resolve => setImmediate(resolve));
    expect(pool.waiting).to.equal(1);
    engine.cancel(new Error('enough'));
    expect((await settled)!.message).to.equal('enough');
    expect(pool.waiting).to.equal(0);
    answer(0);
  });

  describe('a hole at the end', () => {
    const HOLE = [{ isHole: true, lengthBytes: 1 << 20 }];

    /** Another who writes behind the range, after every look that the copy has at the target. */
    function beside(write: (fd: number) => void): FileCopyCalls {
      const calls = moodyCalls({});
      return {
        ...calls,
        fstat: (fd, done) =>
          calls.fstat(fd, answer => {
            write(fd);
            done(answer);
          }),
      };
    }

    for (const lengthBytes of [1, 5000, 8192, 1 << 20]) {
      it(`of ${lengthBytes} bytes cuts off nothing that another has written behind it meanwhile`, async () => {
        const { fd } = fileOf('source', HOLE, 0);
        const target = fileOf('target', [], 0);
        const behind = Buffer.alloc(10_000, 'behind');
        const calls = beside(
          each => void (each === target.fd && writeSync(each, behind, 0, behind.length, lengthBytes)),
        );
        const engine = engineOf({ source: fd, target: target.fd, from: 0, to: 0, lengthBytes, calls });
        expect(await run(engine)).to.equal(undefined);
        const expected = Buffer.concat([Buffer.alloc(lengthBytes), behind]);
        expect(readFileSync(join(directory, 'target')).equals(expected)).to.equal(true);
        expect(engine.account).to.include({ path: 'none', bytes: lengthBytes });
      });
    }

    it('makes the target longer, takes no room, and leaves what is longer as it is', async () => {
      const { fd } = fileOf('source', HOLE, 0);
      for (const [content, lengthBytes] of [
        [[], 1 << 20],
        [[{ isHole: false, lengthBytes: (1 << 20) + 5000 }], (1 << 20) + 5000],
      ] as const) {
        const target = fileOf('target', content, 0);
        const copying = { source: fd, target: target.fd, from: 0, to: 0, lengthBytes: 1 << 20, calls: moodyCalls({}) };
        expect(await run(engineOf(copying))).to.equal(undefined);
        const { size, blocks } = fstatSync(target.fd);
        expect(size).to.equal(lengthBytes);
        expect(blocks * 512).to.be.at.most(4 * BLOCK_BYTES);
        expect(
          readFileSync(join(directory, 'target'))
            .subarray(0, 1 << 20)
            .equals(Buffer.alloc(1 << 20)),
        ).to.equal(true);
        ftruncateSync(target.fd, 0);
      }
    });

    it('stays to the byte where no hole can be punched', async () => {
      const { fd } = fileOf('source', HOLE, 0);
      const target = fileOf('target', [{ isHole: false, lengthBytes: 5000 }], 0);
      const calls = moodyCalls({ punchHole: Array.from({ length: 3 }, () => ({ answer: -EOPNOTSUPP })) });
      const engine = engineOf({ source: fd, target: target.fd, from: 0, to: 10, lengthBytes: 1 << 20, calls });
      expect(await run(engine)).to.equal(undefined);
      const expected = Buffer.alloc((1 << 20) + 10);
      target.bytes.copy(expected, 0, 0, 10);
      expect(readFileSync(join(directory, 'target')).equals(expected)).to.equal(true);
    });
  });

  it('charges no hole to the pace', async () => {
    const [source, target] = ['source', 'target'].map(name => openSync(join(directory, name), 'w+'));
    open.push(source, target);
    for (const position of [0, 2 ** 30]) writeSync(source, Buffer.alloc(4096, 1), 0, 4096, position);
    const lengthBytes = 2 ** 30 + 4096;
    const engine = engineOf({ source, target, from: 0, to: 0, lengthBytes, calls: moodyCalls({}) });
    engine.pace.bytesPerSecond = 1e6;
    expect(await run(engine)).to.equal(undefined);
    expect(engine.account.bytes).to.equal(lengthBytes);
    // The bucket has hardly been touched; for the hole it would have to fill up for a thousand seconds.
    expect(engine.pace.delayMs(performance.now())).to.equal(0);
  });

  describe('cancelled while the disk answers nothing', () => {
    const reason = new Error('enough');
    const byBuffers = { copyRange: [{ answer: -EXDEV }] };

    for (const name of ['seek', 'pread', 'fstat'] as const) {
      it(`to ${name}, it waits no more, and keeps the files until the answer`, async () => {
        const hole = { isHole: true, lengthBytes: 100_000 };
        const { fd } = fileOf('source', [name === 'fstat' ? hole : { ...hole, isHole: false }], 0);
        const target = fileOf('target', [], 0);
        const answers: (() => void)[] = [];
        const calls = moodyCalls(byBuffers);
        const hanging: FileCopyCalls = {
          ...calls,
          [name]: (...args: never[]) => answers.push(() => (calls[name] as (...all: never[]) => void)(...args)),
        };
        const ends = [endOf(fd, 0), endOf(target.fd, 0)];
        let released = 0;
        const engine = new FileToFile(new DiskPool(), hanging);
        const copy = Promise.resolve({ source: ends[0], target: ends[1], isMadeUp: false, lengthBytes: 100_000 });
        const settled = run(engine, { copy, release: () => released++ });
        while (answers.length === 0) await new Promise(resolve => setImmediate(resolve));
        engine.cancel(reason);
        expect(await settled).to.equal(reason);
        expect(engine.account).to.include({ bytesIn: 0, bytesOut: 0, residueBytes: 0 });
        expect(released).to.equal(0);
        answers[0]();
        while (released === 0) await new Promise(resolve => setImmediate(resolve));
        expect([released, answers.length, fstatSync(target.fd).size]).to.deep.equal([1, 1, 0]);
      });
    }

    it('to the first look at the files', async () => {
      let released = 0;
      let fail!: (failure: Error) => void;
      const copy = new Promise<never>((_, reject) => (fail = reject));
      const engine = new FileToFile(new DiskPool(), moodyCalls({}));
      const settled = run(engine, { copy, release: () => released++ });
      engine.cancel(reason);
      expect(await settled).to.equal(reason);
      expect(released).to.equal(0);
      fail(new Error('too late'));
      while (released === 0) await new Promise(resolve => setImmediate(resolve));
      expect(released).to.equal(1);
    });
  });
});
