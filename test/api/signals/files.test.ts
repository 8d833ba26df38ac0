/** Signals of files: what waits for a disk can be given up, before the kernel has begun with it and after. */
import { expect } from 'chai';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferList, currentReactor, DiskFile, type AbortedWrite, type WaitOptions } from '../../../src/index.js';
import { OpenDescriptor } from '../../../src/core/disk/open-descriptor.js';
import { UNKNOWN_PLACE } from '../../../src/core/disk/place.js';
import { DiskPool } from '../../../src/core/disk/pool.js';
import type { Done } from '../../../src/sys/ffi/blocking-call.js';
import { fstatNow, type FileStat } from '../../../src/sys/file/file-stat.js';
import { failureOf } from '../../support/failures.js';
import { turns } from '../../support/sockets.js';
import { describeEnd, describeWait } from './waits.js';

const TEXT = 'what was in the file before';

/** A pool whose calls are made, and whose answers come when it is told. */
class MutePool extends DiskPool {
  private readonly answers: (() => void)[] = [];
  private isOpen = false;
  begun = 0;

  override submit(device: number, begin: (done: Done) => void, done: Done) {
    const beginMute = (answered: Done): void => {
      this.begun++;
      begin(result => {
        if (this.isOpen) answered(result);
        else this.answers.push(() => answered(result));
      });
    };
    return super.submit(device, beginMute, done);
  }

  /** Lets one call be over. */
  answerOne(): void {
    this.answers.shift()!();
  }

  /** Lets all of them be over, those included that come. */
  answer(): void {
    this.isOpen = true;
    for (const answer of this.answers.splice(0)) answer();
  }

  async untilBegun(count = 1): Promise<void> {
    while (this.begun < count) await turns(1);
    // The call itself is made by another thread.
    while (this.answers.length === 0) await turns(1);
  }
}

/** A pool whose only thread is busy until it is told. */
class BusyPool extends DiskPool {
  private end: Done = () => {};

  constructor() {
    super({ calls: 1, callsPerDevice: 1, callsWaiting: 100, callsWaitingPerDevice: 100 });
    this.submit(
      7,
      done => (this.end = done),
      () => {},
    );
  }

  answer(): void {
    this.end(0);
    this.end = () => {};
  }
}

type Call = (file: DiskFile, options: WaitOptions | undefined) => Promise<unknown>;

const READS: Record<string, Call> = {
  read: async (file, options) => expect((await file.read(100, 0, options)).toString()).to.equal(TEXT),
  'read into a list': async (file, options) => {
    const memory = Buffer.alloc(TEXT.length);
    await file.read(BufferList.from(memory.subarray(0, 5), memory.subarray(5)), 0, options);
    expect(memory.toString()).to.equal(TEXT);
  },
  readInto: async (file, options) => {
    const memory = Buffer.alloc(TEXT.length);
    expect(await file.readInto(memory, 0, options)).to.equal(TEXT.length);
    expect(memory.toString()).to.equal(TEXT);
  },
  sync: (file, options) => file.sync(options),
  datasync: (file, options) => file.datasync(options),
  stat: async (file, options) => expect((await file.stat(options)).sizeBytes).to.equal(TEXT.length),
  advise: (file, options) => file.advise('random', 0, 0, options),
};

const CHANGES: Record<string, Call> = {
  write: (file, options) => file.write('changed', 0, options),
  truncate: (file, options) => file.truncate(3, options),
  allocate: (file, options) => file.allocate(0, 100_000, options),
};

describe('signals of files', () => {
  let directory: string;
  let path: string;
  const opened: { file: DiskFile; pool: MutePool | BusyPool }[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    path = join(directory, 'file');
    writeFileSync(path, TEXT);
  });
  afterEach(async () => {
    for (const { file, pool } of opened.splice(0)) {
      pool.answer();
      await file.close();
      expect(file.descriptor.inFlight).to.equal(0);
      expect(pool.running + pool.waiting).to.equal(0);
    }
    rmSync(directory, { recursive: true });
  });
  after(() => currentReactor().close());

  /** A file on a pool of its own, where nothing is known of what lies in memory. */
  function fileOn<Pool extends MutePool | BusyPool>(pool: Pool): { file: DiskFile; pool: Pool } {
    const fd = openSync(path, 'r+');
    const file = new DiskFile(
      new OpenDescriptor(fd, 7, path, { pool, place: UNKNOWN_PLACE }),
      fstatNow(fd) as unknown as FileStat,
    );
    opened.push({ file, pool });
    return { file, pool };
  }

  for (const [name, call] of Object.entries({ ...READS, ...CHANGES })) {
    describeWait(`file.${name} that waits for its turn`, () => {
      const { file, pool } = fileOn(new BusyPool());
      return {
        begin: options => call(file, options),
        arrive: () => pool.answer(),
        check: async () => {
          await file.close();
          expect(readFileSync(path, 'latin1')).to.equal(TEXT);
        },
      };
    });
  }

  for (const [name, call] of Object.entries(READS)) {
    describeWait(`file.${name} that the disk is about`, () => {
      const { file, pool } = fileOn(new MutePool());
      return { begin: options => call(file, options), arrive: () => pool.answer(), check: () => file.close() };
    });
  }

  describeEnd('file.close', async () => {
    const { file, pool } = fileOn(new MutePool());
    const syncing = file.sync();
    await pool.untilBegun();
    return {
      begin: options => file.close(options),
      arrive: () => pool.answer(),
      hasBegun: () => file.isClosed,
      check: async () => {
        await syncing;
        await file.close();
      },
    };
  });

  it("memory is its owner's at once, whatever the disk brings later", async () => {
    const { file, pool } = fileOn(new MutePool());
    const controller = new AbortController();
    const memory = Buffer.alloc(TEXT.length);
    const failure = failureOf(file.readInto(memory, 0, { signal: controller.signal }));
    await pool.untilBegun();
    controller.abort(new Error('enough'));
    expect((await failure).message).to.equal('enough');
    memory.fill('m');
    pool.answer();
    await file.close();
    expect(memory.toString()).to.equal('m'.repeat(TEXT.length));
  });

  it('close waits for a call that nobody waits for any more', async () => {
    const { file, pool } = fileOn(new MutePool());
    const controller = new AbortController();
    const failure = failureOf(file.sync({ signal: controller.signal }));
    await pool.untilBegun();
    controller.abort();
    await failure;
    let isClosed = false;
    const closing = file.close().then(() => (isClosed = true));
    await turns();
    expect(isClosed).to.equal(false);
    pool.answer();
    await closing;
  });

  it('a write that the disk is about may be written yet, and the error says so', async () => {
    const { file, pool } = fileOn(new MutePool());
    const controller = new AbortController();
    const data = Buffer.from('changed');
    const failure = failureOf(file.write(data, 0, { signal: controller.signal }));
    await pool.untilBegun();
    const reason = new DOMException('enough', 'AbortError');
    controller.abort(reason);
    const aborted = (await failure) as AbortedWrite;
    // The array is free: what is written is what was given.
    data.fill('?');
    expect(aborted.name).to.equal('AbortError');
    expect(aborted.cause).to.equal(reason);
    expect(reason).not.to.have.property('movedBytes');
    expect([aborted.movedBytes, aborted.underWayBytes]).to.deep.equal([0, 7]);
    pool.answer();
    await file.close();
    expect(readFileSync(path, 'latin1')).to.equal(`changed${TEXT.slice(7)}`);
  });

  it('a long write says how far it came', async () => {
    const { file, pool } = fileOn(new MutePool());
    const controller = new AbortController();
    // Two calls on the pool, the first of 16 MiB.
    const data = Buffer.alloc(17 << 20, 'w');
    const failure = failureOf(file.write(data, 0, { signal: controller.signal }));
    await pool.untilBegun();
    pool.answerOne();
    await pool.untilBegun(2);
    controller.abort('no error at all');
    const { message, cause, movedBytes, underWayBytes } = (await failure) as AbortedWrite;
    expect({ message, cause, movedBytes, underWayBytes }).to.deep.equal({
      message: 'write: ECANCELED, the write was aborted',
      cause: 'no error at all',
      movedBytes: 16 << 20,
      underWayBytes: 1 << 20,
    });
  });

  it('a list has its bytes back where nothing of it was written', async () => {
    const { file } = fileOn(new BusyPool());
    const controller = new AbortController();
    const list = BufferList.from('mine');
    const failure = failureOf(file.write(list, 0, { signal: controller.signal }));
    await turns();
    controller.abort(new Error('enough'));
    expect((await failure).message).to.equal('enough');
    expect(list.toString()).to.equal('mine');
  });
});
