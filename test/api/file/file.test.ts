import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskFile } from '../../../src/index.js';
import { BufferList, currentReactor, listen, open, type FileFailure, type IoError } from '../../../src/index.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { failureOf } from '../../support/failures.js';

const TEXT = 'The quick brown fox jumps over the lazy dog. ';

describe('DiskFile', () => {
  // The next file starts a reactor of its own.
  after(() => currentReactor().close());

  let directory: string;
  let path: string;
  const opened: DiskFile[] = [];

  async function openHere(...args: Parameters<typeof open>): Promise<DiskFile> {
    const file = await open(...args);
    opened.push(file);
    return file;
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    path = join(directory, 'file');
  });

  // Other tests start reactors of their own.
  after(() => currentReactor().close());

  afterEach(async () => {
    await Promise.all(opened.splice(0).map(file => file.close()));
    rmSync(directory, { recursive: true });
  });

  it('writes lists, arrays and strings at offsets, and reads them back', async () => {
    const file = await openHere(path, { flags: 'w+' });
    const list = BufferList.from('one ', Buffer.from('two '), 'three ');
    expect(await file.write(list, 0)).to.equal(14);
    expect(list.length).to.equal(0);
    expect(await file.write('vier', 8)).to.equal(4);
    expect(await file.write(Buffer.from('!'), 20)).to.equal(1);
    expect(readFileSync(path, 'latin1')).to.equal('one two viere \0\0\0\0\0\0!');
    const read = await file.read(100, 4);
    expect(read.toString('latin1')).to.equal('two viere \0\0\0\0\0\0!');
    read.release();
  });

  it('reads into a list, range by range, and into an array', async () => {
    writeFileSync(path, TEXT);
    const file = await openHere(path);
    const [head, tail] = [Buffer.alloc(9), Buffer.alloc(1000)];
    const list = BufferList.from(head, tail);
    expect(await file.read(list, 4)).to.equal(TEXT.length - 4);
    expect(list.length).to.equal(1009);
    expect(head.toString() + tail.toString('utf8', 0, TEXT.length - 13)).to.equal(TEXT.slice(4));
    expect(await file.readInto(head, 10)).to.equal(9);
    expect(head.toString()).to.equal(TEXT.slice(10, 19));
    expect(await file.readInto(head, TEXT.length)).to.equal(0);
  });

  it('reads large ranges into chunks of the slab, and gives back those that stay empty', async () => {
    const content = Buffer.alloc(3_000_000, TEXT);
    writeFileSync(path, content);
    const file = await openHere(path);
    const { slab } = currentReactor();
    const before = slab.leasedChunks;
    const read = await file.read(4_000_000, 0);
    expect(read.length).to.equal(content.length);
    expect(read.equals(content)).to.equal(true);
    expect(slab.leasedChunks - before).to.equal(Math.ceil(content.length / slab.chunkBytes));
    read.release();
    expect(slab.leasedChunks).to.equal(before);
  });

  it('refuses a read beyond the ceiling of the buffers, and keeps none of them', async () => {
    writeFileSync(path, TEXT);
    const file = await openHere(path);
    const before = currentReactor().slab.leasedChunks;
    expect(await failureOf(file.read(2 ** 40, 0))).to.include({ code: 'ENOBUFS' });
    expect(currentReactor().slab.leasedChunks).to.equal(before);
  });

  it('has what is in memory at once where the system can tell, but not for ever in one turn', async function () {
    if (platform !== 'linux') this.skip();
    writeFileSync(path, TEXT);
    const file = await openHere(path);
    const bytes = Buffer.alloc(10);
    await file.readInto(bytes, 0);
    if (file.counters.nowCalls === 0) this.skip();
    let immediate = false;
    setImmediate(() => (immediate = true));
    let reads = 0;
    while (!immediate) {
      await file.readInto(bytes, 0);
      if (++reads > 100_000) throw new Error('the loop never went round');
    }
    expect(reads).to.be.greaterThan(10);
  });

  it('has many operations under way, and close waits for them', async () => {
    const file = await openHere(path, { flags: 'w+' });
    const pieces = Array.from({ length: 100 }, (_, index) => Buffer.alloc(1000, index));
    const writes = pieces.map((piece, index) => file.write(piece, index * 1000));
    const closed = file.close();
    expect(file.isClosed).to.equal(true);
    expect(await failureOf(file.read(1, 0))).to.include({ code: 'EBADF' });
    let ended = 0;
    for (const write of writes) void write.then(() => ended++);
    await closed;
    expect(ended).to.equal(100);
    expect(readFileSync(path).equals(Buffer.concat(pieces))).to.equal(true);
    await file.close();
  });

  it('is told of the pool while the reactor sleeps, and keeps the process alive until then', async () => {
    const listener = await listen({ host: '127.0.0.1', port: 0 });
    const file = await openHere(path, { flags: 'w+' });
    for (let index = 0; index < 20; index++) {
      await file.write(TEXT, index * TEXT.length);
      await file.datasync();
    }
    await listener.close();
    const program = `
      const { open, listen } = await import(${JSON.stringify(new URL('../../../src/index.js', import.meta.url).href)});
      const listener = await listen({ port: 0, host: '127.0.0.1' });
      listener.unref();
      const file = await open(process.argv[1], { flags: 'r+' });
      file.sync().then(() => file.read(9, 4)).then(read => console.log(read.toString()));
    `;
    const args = ['--input-type=module', '--eval', program, path];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 10_000 })).to.equal('quick bro\n');
  });

  it('truncates, allocates, syncs, advises and tells what it is', async () => {
    const file = await openHere(path, { flags: 'w+', mode: 0o640 });
    await file.write(TEXT, 0);
    await file.truncate(10);
    await file.truncate(5000);
    await file.sync();
    await file.datasync();
    await file.advise('sequential');
    await file.advise("don't need", 0, 4096);
    const stat = await file.stat();
    const { ino, dev, size, mtimeMs } = statSync(path);
    expect(stat).to.include({ kind: 'file', sizeBytes: size, inode: ino, device: dev, modifiedMs: mtimeMs });
    expect(stat.mode & 0o700).to.equal(0o600);
    expect(size).to.equal(5000);
    if (platform === 'linux') {
      await file.allocate(4096, 100_000);
      expect((await file.stat()).allocatedBytes).to.be.at.least(100_000);
      expect((await file.stat()).sizeBytes).to.equal(104_096);
    }
  });

  it('says what is wrong with an argument', async () => {
    const file = await openHere(path, { flags: 'w+' });
    for (const [attempt, message] of [
      [file.read(-1, 0), 'lengthBytes: -1; allowed: integers from 0'],
      [file.read(1.5, 0), 'lengthBytes: 1.5'],
      [file.read(1, -1), 'offset: -1; allowed: integers from 0'],
      [file.read(1, 2 ** 53), 'offset: 9007199254740992'],
      [file.read(10, Number.MAX_SAFE_INTEGER - 5), 'lengthBytes: 10; allowed: integers from 0 to 5'],
      [file.read('x' as never, 0), 'list: string; allowed: BufferList, or a length'],
      [file.readInto([] as never, 0), 'bytes: Array; allowed: Uint8Array'],
      [file.write(5 as never, 0), 'data: number; allowed: string, Uint8Array, BufferList'],
      [file.write('x', Number.NaN), 'offset: NaN'],
      [file.write('x', '5' as never), "offset: '5'"],
      [file.write(null as never, 0), 'data: null'],
      [file.truncate(-1), 'lengthBytes: -1'],
      [file.allocate(0, 0), 'lengthBytes: 0; allowed: integers from 1'],
      [file.advise('often' as never), "advice: 'often'; allowed: normal, random"],
    ] as const) {
      expect((await failureOf(attempt)).message).to.include(message);
    }
  });

  it('tells of a file that was not opened for it', async () => {
    writeFileSync(path, TEXT);
    const file = await openHere(path);
    const failure = (await failureOf(file.write('x', 0))) as FileFailure;
    expect(failure).to.include({ code: 'EBADF', syscall: 'pwritev', target: path, movedBytes: 0 });
    expect(failure.message).to.equal(`pwritev ${path}: EBADF, the file is not open for writing`);
    expect((await failureOf(file.truncate(5))).message).to.include('the file is not open for writing');
    const sink = await openHere(path, { flags: 'r+' });
    expect((await failureOf(sink.truncate(Number.MAX_SAFE_INTEGER))).message).not.to.include('not open');
    const writeOnly = await openHere(join(directory, 'write-only'), { flags: 'w' });
    await writeOnly.write('x', 0);
    expect((await failureOf(writeOnly.read(1, 0))).message).to.include('EBADF, the file is not open for reading');
  });

  it('has no descriptor and does nothing once it is closed, and says so', async () => {
    const file = await openHere(path, { flags: 'w+' });
    const fd = file.fd;
    expect(fd).to.be.at.least(0);
    const closing = file.close();
    expect(file.fd).to.equal(-1);
    await closing;
    for (const attempt of [file.read(1, 0), file.write('x', 0), file.sync(), file.truncate(0), file.stat()]) {
      expect((await failureOf(attempt)).message).to.match(/^\w+ .*: EBADF, the file is closed$/);
    }
  });

  it('goes around the cache on the boundaries of the disk', async function () {
    let file: DiskFile;
    try {
      file = await openHere(path, { flags: 'w+', direct: true });
    } catch (error) {
      if ((error as IoError).code === 'EINVAL') this.skip();
      throw error;
    }
    expect(file.direct).to.equal(true);
    const unit = file.alignmentBytes;
    const content = Buffer.alloc(unit * 4, TEXT);
    expect(await file.write(content, 0)).to.equal(unit * 4);
    expect(() => file.lease(2 ** 40)).to.throw(
      RangeError,
      `lengthBytes: ${2 ** 40}; allowed: integers from 0 to ${2 ** 30}`,
    );
    expect((await failureOf(file.read(2 ** 40, 0))).message).to.include(`lengthBytes: ${2 ** 40}`);
    const lease = file.lease(unit * 2);
    lease.fill(7);
    expect(await file.write(lease, unit)).to.equal(unit * 2);
    content.fill(7, unit, unit * 3);
    const read = await file.read(unit * 8, 0);
    expect(read.equals(content)).to.equal(true);
    expect(await file.readInto(lease, unit * 3)).to.equal(unit);
    await file.truncate(unit + 100);
    expect((await file.read(unit * 2, 0)).length).to.equal(unit + 100);
    expect((await failureOf(file.read(100, 0))).message).to.include(
      `lengthBytes: 100; allowed for a direct file: multiples of ${unit}`,
    );
    expect((await failureOf(file.read(unit, 7))).message).to.include('offset: 7');
    expect((await failureOf(file.readInto(file.lease(unit * 2).subarray(1, unit + 1), 0))).message).to.include(
      'memory of a direct file begins at multiples',
    );
  });
});
