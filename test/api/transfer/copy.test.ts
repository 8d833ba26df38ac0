import { expect } from 'chai';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  ftruncateSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  currentReactor,
  copy,
  open,
  sendFile,
  type FileCopyOptions,
  type DiskFile,
  type Transfer,
  type TransferFailure,
} from '../../../src/index.js';
import { O_DIRECT } from '../../../src/sys/file/file-constants.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { failureOf } from '../../support/failures.js';
import { patternBytes } from '../../support/files.js';
import { destroyTracked, readExactly, unixPair } from '../../support/sockets.js';

const GIB = 2 ** 30;

describe('copy() of files', () => {
  // The next file starts a reactor of its own.
  after(() => currentReactor().close());

  let directory: string;
  const opened: DiskFile[] = [];

  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-'))));
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(file => file.close()));
    rmSync(directory, { recursive: true });
  });

  async function openHere(...args: Parameters<typeof open>): Promise<DiskFile> {
    const file = await open(...args);
    opened.push(file);
    return file;
  }

  const pathOf = (name: string): string => join(directory, name);

  async function sourceOf(content: Buffer): Promise<DiskFile> {
    writeFileSync(pathOf('source'), content);
    return openHere(pathOf('source'), { flags: 'r+' });
  }

  const target = (): Promise<DiskFile> => openHere(pathOf('target'), { flags: 'rw' });

  async function hashOf(path: string, start: number, end: number): Promise<string> {
    const hash = createHash('sha256');
    for await (const piece of createReadStream(path, { start, end: end - 1 })) hash.update(piece as Buffer);
    return hash.digest('hex');
  }

  it('copies a whole file, a range, and to another place, and leaves the rest of the target alone', async () => {
    const content = patternBytes(0, 300_000);
    const source = await sourceOf(content);
    const account = await copy(source, await target());
    expect(account).to.include({ bytes: 300_000, bytesIn: 300_000, residueBytes: 0 });
    expect(['reflink', 'copy_file_range']).to.include(account.path);
    expect(readFileSync(pathOf('target')).equals(content)).to.equal(true);
    expect((await copy(source, await target(), { from: 1000, to: 250_001, length: 77 })).bytes).to.equal(77);
    content.copyWithin(250_001, 1000, 1077);
    expect(readFileSync(pathOf('target')).equals(content)).to.equal(true);
  });

  it('copies nothing of nothing, and nothing from behind the end', async () => {
    const source = await sourceOf(patternBytes(0, 100));
    for (const options of [{ length: 0 }, { from: 100 }, { from: 5000 }]) {
      expect((await copy(source, await target(), options)).bytes).to.equal(0);
    }
    expect(statSync(pathOf('target')).size).to.equal(0);
  });

  it('copies within a file, where the ranges do not overlap', async () => {
    const content = patternBytes(0, 10_000);
    const source = await sourceOf(content);
    await copy(source, source, { to: 10_000 });
    expect(readFileSync(pathOf('source')).equals(Buffer.concat([content, content]))).to.equal(true);
    const same = await openHere(pathOf('source'), { flags: 'r+' });
    expect((await failureOf(copy(source, same, { to: 10, length: 100 }))).message).to.include(
      'allowed within one file: ranges that do not overlap',
    );
  });

  it('regression 27: keeps the holes of a sparse file of more than 2 GiB, and its length', async function () {
    const source = await sourceOf(Buffer.alloc(0));
    ftruncateSync(source.fd, 5 * GIB + 123);
    const islands = [0, 2 * GIB - 5000, 3 * GIB + 1, 5 * GIB - 10_000];
    for (const offset of islands) await source.write(patternBytes(offset, 20_000).subarray(0, 10_000), offset);
    const account = await copy(source, await target());
    expect(account.bytes).to.equal(5 * GIB + 123);
    const { size, blocks } = statSync(pathOf('target'));
    expect(size).to.equal(5 * GIB + 123);
    if (platform === 'linux') expect(blocks * 512).to.be.lessThan(2 ** 20);
    for (const offset of islands) {
      const [start, end] = [Math.max(0, offset - 10_000), offset + 20_000];
      expect(await hashOf(pathOf('target'), start, end)).to.equal(await hashOf(pathOf('source'), start, end));
    }
  });

  it('of nothing but holes the path is none, unless blocks are shared', async () => {
    const source = await sourceOf(Buffer.alloc(0));
    await source.truncate(1 << 20);
    const sparse = await target();
    const account = await copy(source, sparse);
    expect(account.path).to.equal(account.fallback === undefined ? 'reflink' : 'none');
    expect((await sparse.stat()).sizeBytes).to.equal(1 << 20);
  });

  it('makes holes of a source holes in a target that had content there', async () => {
    const source = await sourceOf(Buffer.alloc(0));
    ftruncateSync(source.fd, 1_000_000);
    await source.write('island', 500_000);
    writeFileSync(pathOf('target'), Buffer.alloc(2_000_000, 1));
    await copy(source, await target(), { to: 1001 });
    const expected = Buffer.alloc(2_000_000, 1).fill(0, 1001, 1_001_001);
    expected.write('island', 501_001);
    expect(readFileSync(pathOf('target')).equals(expected)).to.equal(true);
  });

  it('regression 27: copies files of /proc and /sys, whose sizes say nothing', async function () {
    if (platform !== 'linux') this.skip();
    for (const path of ['/proc/version', '/proc/filesystems', '/sys/kernel/mm/transparent_hugepage/enabled']) {
      let content: Buffer;
      try {
        content = readFileSync(path);
      } catch {
        continue;
      }
      const source = await openHere(path);
      const account = await copy(source, await openHere(pathOf('target'), { flags: 'w' }));
      expect(readFileSync(pathOf('target')).equals(content), path).to.equal(true);
      expect(account).to.include({ bytes: content.length, path: 'buffers' });
      expect(account.fallback).to.equal('the source is made up as it is read');
      const part = await copy(source, await openHere(pathOf('target'), { flags: 'w' }), { from: 2, length: 5 });
      expect(part.bytes).to.equal(5);
      expect(readFileSync(pathOf('target')).equals(content.subarray(2, 7))).to.equal(true);
    }
  });

  it('copies between file systems', async function () {
    let other: string;
    try {
      other = mkdtempSync('/dev/shm/pollux-');
    } catch {
      this.skip();
    }
    try {
      const content = patternBytes(0, 3_000_000);
      const source = await sourceOf(content);
      const path = join(other, 'target');
      const account = await copy(source, await openHere(path, { flags: 'w' }));
      expect(readFileSync(path).equals(content)).to.equal(true);
      expect(account.bytes).to.equal(content.length);
      await copy(await openHere(path), await target());
      expect(readFileSync(pathOf('target')).equals(content)).to.equal(true);
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it('regression 27: copies what was promised of a source that grows', async () => {
    const content = patternBytes(0, 2_000_000);
    const source = await sourceOf(content);
    const transfer = copy(source, await target(), { bytesPerSecond: 8_000_000 });
    await delay(20);
    await source.write(patternBytes(0, 1_000_000), 2_000_000);
    expect((await transfer).bytes).to.equal(2_000_000);
    expect(readFileSync(pathOf('target')).equals(content)).to.equal(true);
  });

  it('regression 27: fails when the source is cut short, and tells how far it came', async () => {
    const source = await sourceOf(patternBytes(0, 2_000_000));
    const transfer = copy(source, await target(), { bytesPerSecond: 100_000 });
    while (transfer.account.bytes === 0) await delay(1);
    truncateSync(pathOf('source'), 1000);
    transfer.bytesPerSecond = Infinity;
    const failure = (await failureOf(transfer)) as TransferFailure;
    if (transfer.account.path === 'reflink') return;
    expect(failure).to.include({ code: 'EIO', syscall: 'copy' });
    expect(failure.message).to.include('the file was cut short while it was being copied');
    expect(failure.transfer!.bytes).to.equal(statSync(pathOf('target')).size);
  });

  it('can be cancelled, and taken up again where it stopped', async () => {
    const content = patternBytes(0, 2_000_000);
    const source = await sourceOf(content);
    const sink = await target();
    let done = 0;
    for (let round = 0; done < content.length; round++) {
      const controller = new AbortController();
      const options: FileCopyOptions = { from: done, to: done, bytesPerSecond: 100_000, signal: controller.signal };
      const transfer = copy(source, sink, options);
      if (round < 3) {
        while (transfer.account.bytes === 0) await delay(1);
        controller.abort(new Error('enough'));
        const failure = (await failureOf(transfer)) as TransferFailure;
        expect(failure.message).to.equal('enough');
      } else {
        transfer.bytesPerSecond = Infinity;
        await transfer;
      }
      done += transfer.account.bytes;
    }
    expect(done).to.equal(content.length);
    expect(readFileSync(pathOf('target')).equals(content)).to.equal(true);
  });

  it('moves nothing while it is paused, and ends all the same when it is cancelled then', async () => {
    const source = await sourceOf(patternBytes(0, 1_000_000));
    const paused: Transfer[] = [copy(source, await target()), copy(source, await target(), { to: 2_000_000 })];
    for (const transfer of paused) transfer.pause();
    await delay(30);
    expect(paused.map(transfer => transfer.account.bytes)).to.deep.equal([0, 0]);
    paused[0].resume();
    expect((await paused[0]).bytes).to.equal(1_000_000);
    paused[1].cancel();
    expect(await failureOf(paused[1])).to.include({ code: 'ECANCELED' });
    expect(statSync(pathOf('target')).size).to.equal(1_000_000);
  });

  it('keeps its pace', async () => {
    const source = await sourceOf(patternBytes(0, 300_000));
    const began = performance.now();
    const { path } = await copy(source, await target(), { bytesPerSecond: 1_000_000 });
    if (path !== 'reflink') expect(performance.now() - began).to.be.within(150, 10_000);
  });

  it('has the files wait with their closing', async () => {
    const content = patternBytes(0, 500_000);
    const [source, sink] = [await sourceOf(content), await target()];
    const transfer = copy(source, sink, { bytesPerSecond: 5_000_000 });
    await Promise.all([source.close(), sink.close(), transfer]);
    expect(readFileSync(pathOf('target')).equals(content)).to.equal(true);
  });

  it('takes no direct file, at either end of any transfer', async function () {
    const direct = await openHere(pathOf('direct'), { flags: 'w+', direct: true }).catch(() => undefined);
    // tmpfs of older kernels, and systems without the flag.
    if (direct === undefined || O_DIRECT === 0) this.skip();
    const source = await sourceOf(patternBytes(0, 1001));
    for (const attempt of [copy(source, direct), copy(direct, source)]) {
      expect((await failureOf(attempt)).message).to.include('direct: EINVAL, a direct file (O_DIRECT); allowed: files');
    }
    const { client, server } = unixPair();
    const sending = await failureOf(sendFile(client, direct, { before: 'head', length: 0 }));
    expect(sending.message).to.include('direct: EINVAL, a direct file');
    expect((await failureOf(copy(server, direct))).message).to.include('direct: EINVAL, a direct file');
    client.send('mine');
    expect(await readExactly(server, 4)).to.equal('mine');
    destroyTracked();
  });

  it('says what is wrong before the first byte moves', async () => {
    const source = await sourceOf(patternBytes(0, 100));
    const sink = await target();
    const closed = await openHere(pathOf('source'));
    await closed.close();
    const readOnly = await openHere(pathOf('target'));
    const writeOnly = await openHere(pathOf('write-only'), { flags: 'w' });
    for (const [attempt, message] of [
      [() => copy({} as never, sink), 'source: Object; allowed: a DiskFile, a path, or a Connection'],
      [() => copy(undefined as never, sink), 'source: undefined; allowed: a DiskFile'],
      [() => copy(source, null as never), 'target: null; allowed: a DiskFile'],
      [() => copy(source, sink, null as never), 'options: null; allowed: an object'],
      [() => copy(source, sink, 5 as never), 'options: number; allowed: an object'],
      [() => copy(source, sink, { signal: {} as never }), 'signal: Object; allowed: an AbortSignal'],
      [() => copy(source, sink, { length: '5' as never }), "length: '5'; allowed: integers"],
      [() => copy(source, sink, { from: -1 }), 'from: -1; allowed: integers from 0'],
      [() => copy(source, sink, { to: 0.5 }), 'to: 0.5'],
      [() => copy(source, sink, { length: -1 }), 'length: -1'],
      [
        () => copy(source, sink, { from: 50, length: 51 }),
        'length: 51 from 50; allowed: up to the end of the source, which has 100',
      ],
      [() => copy(source, sink, { bytesPerSecond: 0 }), 'bytesPerSecond: 0; allowed: numbers above 0'],
      [() => copy(closed, sink), 'copy'],
      [() => copy(source, closed), 'EBADF'],
      [() => copy(source, closed), 'EBADF, the file is closed'],
      [() => copy(source, readOnly), 'target: EBADF, the file is not open for writing'],
      [() => copy(writeOnly, sink), 'write-only: EBADF, the file is not open for reading'],
      [() => copy(source, readOnly, { length: 0 }), 'the file is not open for writing'],
      [() => copy(writeOnly, sink, { length: 0 }), 'the file is not open for reading'],
      [() => copy(source, sink, { signal: AbortSignal.abort(new Error('before')) }), 'before'],
    ] as const) {
      const failure = (await failureOf(attempt())) as TransferFailure;
      expect(failure.message).to.include(message);
      expect(failure.transfer!.bytes).to.equal(0);
    }
    expect(statSync(pathOf('target')).size).to.equal(0);
    await Promise.all([source.close(), sink.close()]);
  });
});
