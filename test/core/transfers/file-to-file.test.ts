import { expect } from 'chai';
import fc from 'fast-check';
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskPool } from '../../../src/core/disk/pool.js';
import { statOf } from '../../../src/core/disk/open-file.js';
import { nativeFileCopyCalls, type FileCopyCalls } from '../../../src/core/transfers/file-copy-calls.js';
import { FileToFile, type CopyEnd } from '../../../src/core/transfers/file-to-file.js';
import { EINVAL, EIO, ENOSPC, ENOSYS, EOPNOTSUPP, EPERM, EXDEV } from '../../../src/sys/errno.js';
import type { Done } from '../../../src/sys/blocking-call.js';
import type { FileStat } from '../../../src/sys/file-stat.js';
import type { IoError } from '../../../src/sys/io-error.js';
import { propertyRuns } from '../../property-runs.js';
import { moodyCalls, type Fault, type Sharing } from './moody-calls.js';

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

  async function endOf(fd: number, offset: number): Promise<CopyEnd> {
    return { fd, offset, name: `descriptor ${fd}`, stat: (await statOf(new DiskPool(), 1, fd)) as FileStat };
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
    const prepare = async () => ({
      source: await endOf(source, from),
      target: await endOf(target, to),
      isMadeUp: false,
      lengthBytes,
    });
    return new FileToFile(prepare, () => {}, new DiskPool(), calls);
  }

  /** @returns what it failed with. */
  function run(engine: FileToFile): Promise<Error | undefined> {
    return new Promise(resolve => {
      engine.onSettled = resolve;
      engine.start();
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
    )).timeout(60_000);

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
    const pool = new DiskPool({ calls: 1, callsPerDevice: 1, callsWaiting: 10 });
    let answer!: Done;
    const end = await endOf(fd, 0);
    const target = await endOf(fileOf('target', [], 0).fd, 0);
    pool.submit(
      9,
      done => (answer = done),
      () => {},
    );
    const prepare = () => Promise.resolve({ source: end, target, isMadeUp: false, lengthBytes: 1000 });
    const engine = new FileToFile(prepare, () => {}, pool, nativeFileCopyCalls);
    const settled = run(engine);
    await new Promise(resolve => setImmediate(resolve));
    expect(pool.waiting).to.equal(1);
    engine.cancel(new Error('enough'));
    expect((await settled)!.message).to.equal('enough');
    expect(pool.waiting).to.equal(0);
    answer(0);
  });
});
