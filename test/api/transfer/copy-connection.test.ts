import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { copy, open, type TransferFailure } from '../../../src/index.js';
import { SocketToFile } from '../../../src/core/transfers/files/socket-to-file.js';
import type { WriteAt } from '../../../src/core/transfers/files/write-behind.js';
import { SOCKET_TO_FILE_BYTES } from '../../../src/core/limits.js';
import type { Done } from '../../../src/sys/ffi/blocking-call.js';
import { EIO, ENOSPC, errnoName, errnoNumber } from '../../../src/sys/ffi/errno.js';
import { writev } from '../../support/vectored-write.js';
import { propertyRuns } from '../../property-runs.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { patternBytes, TestFiles } from '../../support/files.js';
import { closing, Digest, readAll, rejection, tcpPair, turns, unixPair } from '../../support/sockets.js';
import { STREAM_KINDS, streamOf } from '../../support/streams.js';
import { begun } from '../../support/transfers.js';

const MIB = 1 << 20;
const [EDQUOT, EFBIG] = [errnoNumber('EDQUOT'), errnoNumber('EFBIG')];
const DISK_FAILURES = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'];

function digest(bytes: Uint8Array): string {
  const made = new Digest();
  made.add(bytes);
  return String(made);
}

async function failureOf(transfer: PromiseLike<unknown>): Promise<TransferFailure & { code?: string }> {
  return rejection(Promise.resolve(transfer));
}

describeOnEveryDriver('copy from and to a connection', () => {
  const files = new TestFiles();

  it('file to connection', async () => {
    const { client, server } = await tcpPair();
    await using file = await open(files.pattern(2 * MIB).path);
    const transfer = copy(file, client, { from: 100, length: MIB });
    client.end();
    expect(digest(await readAll(server))).to.equal(digest(patternBytes(100, MIB)));
    expect(await transfer).to.include({ path: 'sendfile', bytes: MIB });
  });

  it('connection to file, up to the end of the stream', async () => {
    const { client, server } = await tcpPair();
    const path = files.path('received');
    await using file = await open(path, { flags: 'w' });
    const transfer = copy(server, file, { to: 5 });
    for (let sent = 0; sent < 5 * MIB; sent += 100_000) await client.write(patternBytes(sent, 100_000));
    client.end();
    const account = await transfer;
    expect(account).to.include({ path: 'buffers', residueBytes: 0 });
    expect(account.bytes).to.equal(client.bytesSent);
    const content = readFileSync(path);
    expect(content.subarray(0, 5)).to.deep.equal(Buffer.alloc(5));
    expect(digest(content.subarray(5))).to.equal(digest(patternBytes(0, account.bytes)));
    expect(server.bytesReceived).to.equal(account.bytes);
    server.end('still open to send');
    expect(Buffer.from(await readAll(client)).toString()).to.equal('still open to send');
  });

  it('a length: what comes behind it is left to be read', async () => {
    const { client, server } = unixPair();
    const path = files.path('part');
    await using file = await open(path, { flags: 'w' });
    client.end('0123456789rest');
    expect(await copy(server, file, { length: 10 })).to.include({ bytes: 10, residueBytes: 0 });
    expect(readFileSync(path, 'latin1')).to.equal('0123456789');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('rest');
    const nothing = copy(server, file, { to: 100 });
    expect((await nothing).bytes).to.equal(0);
  });

  it('refuses before a byte moves', async () => {
    const { client, server } = unixPair();
    const readOnly = await open(files.pattern(10).path);
    expect(await failureOf(copy(server, readOnly))).to.include({ code: 'EBADF' });
    await readOnly.close();
    expect(await failureOf(copy(server, readOnly))).to.include({ code: 'EBADF' });
    expect(await failureOf(copy(readOnly, server))).to.include({ code: 'EBADF' });
    await using file = await open(files.path('refused'), { flags: 'w' });
    await using readable = await open(files.pattern(10).path);
    const { client: ended } = unixPair();
    ended.end();
    expect((await failureOf(copy(readable, ended))).message).to.match(/^send target, .*EPIPE/);
    expect(await failureOf(copy(server, file, { to: -1 }))).to.be.instanceOf(RangeError);
    expect(await failureOf(copy(server, file, { length: 1.5 }))).to.be.instanceOf(RangeError);
    for (const [attempt, message] of [
      [copy(server, 5 as never), 'target: number; allowed: a DiskFile, a path, or a Connection'],
      [copy(null as never, server), 'source: null; allowed: a DiskFile, a path, or a Connection'],
      [copy(server, file, null as never), 'options: null; allowed: an object'],
      [copy(readable, server, null as never), 'options: null; allowed: an object'],
      [copy(server, client, null as never), 'options: null; allowed: an object'],
      [copy(server, file, { from: 5 } as object), "'from' is no option; allowed: bytesPerSecond, length, signal, to"],
      [copy(readable, server, { to: 5 } as object), "'to' is no option; allowed: bytesPerSecond, from, length, signal"],
      [copy(server, client, { to: 5 } as object), "'to' is no option; allowed: bytesPerSecond, length, signal"],
      [copy(readable, server, { from: -1 }), 'from: -1; allowed: integers from 0'],
      [copy(file, server), 'refused: EBADF, the file is not open for reading'],
      [copy(server, readable), 'EBADF, the file is not open for writing'],
    ] as const) {
      const failure = await failureOf(attempt);
      expect(failure.message).to.contain(message);
      expect((failure as TransferFailure).transfer).to.include({ bytes: 0 });
    }
    server.onData = () => {};
    expect((await failureOf(copy(server, file))).message).to.contain('onData');
    server.onData = undefined;
    const reading = server.read();
    expect((await failureOf(copy(server, file))).message).to.contain('another read is under way');
    client.send('x');
    await reading;
    const busy = copy(server, file);
    expect((await failureOf(copy(server, file))).message).to.match(
      /^read source, .*EBUSY, the connection is joined or copied from/,
    );
    expect(() => server.read()).to.throw('copied from');
    busy.cancel();
    expect(await failureOf(busy)).to.include({ code: 'ECANCELED' });
    client.send('mine again');
    expect((await server.read())?.toString()).to.equal('mine again');
  });

  it('a stream that breaks: what came before is in the file', async () => {
    const { client, server } = await tcpPair();
    const path = files.path('broken');
    await using file = await open(path, { flags: 'w' });
    const { told } = closing(server);
    const transfer = copy(server, file);
    client.send('before the end');
    while (transfer.account.bytes < 14) await turns(1);
    client.reset();
    const failure = await failureOf(transfer);
    expect(failure).to.include({ code: 'ECONNRESET' });
    expect(failure.transfer).to.include({ bytesIn: 14, bytesOut: 14, residueBytes: 0 });
    expect(readFileSync(path, 'latin1')).to.equal('before the end');
    expect(await told).to.equal(failure.cause);
  });

  it('a connection that is closed here ends it with ECANCELED', async () => {
    const { server } = await tcpPair();
    await using file = await open(files.path('closed'), { flags: 'w' });
    const transfer = copy(server, file);
    server.destroy();
    expect(await failureOf(transfer)).to.include({ code: 'ECANCELED' });
  });

  it('pause and pace hold the peer back', async () => {
    const { client, server } = unixPair({ maxQueuedBytes: 64 * MIB });
    await using file = await open(files.path('paced'), { flags: 'w' });
    const started = performance.now();
    const transfer = copy(server, file, { bytesPerSecond: 100_000 });
    client.end(patternBytes(0, 2 * MIB));
    await new Promise(resolve => setTimeout(resolve, 30));
    expect(transfer.account.bytesIn).to.be.at.most(20_000 + (performance.now() - started) * 100);
    transfer.pause();
    const { bytesIn } = transfer.account;
    transfer.bytesPerSecond = Infinity;
    await turns(10);
    expect(transfer.account.bytesIn).to.equal(bytesIn);
    transfer.resume();
    expect((await transfer).bytes).to.equal(2 * MIB);
    expect(digest(readFileSync(file.path))).to.equal(digest(patternBytes(0, 2 * MIB)));
  });

  it('a disk that hangs holds the peer back, in bounded memory; one that fails says what is missing', async () => {
    const { client, server } = unixPair({ maxQueuedBytes: 64 * MIB });
    let answer: Done | undefined;
    const hanging: WriteAt = (_file, _iovecs, _count, _offset, done) => (answer = done);
    const receiving = {
      file: { fd: -1, device: 0, name: 'a disk' },
      offset: 0,
      lengthBytes: Infinity,
      releaseFile: () => {},
    };
    const transfer = begun(new SocketToFile(server, hanging), receiving);
    client.send(patternBytes(0, 8 * MIB));
    for (let quiet = 0, before = -1; quiet < 5;) {
      await turns(2);
      quiet = transfer.account.bytesIn === before ? quiet + 1 : 0;
      before = transfer.account.bytesIn;
    }
    const { bytesIn } = transfer.account;
    expect(bytesIn).to.be.within(SOCKET_TO_FILE_BYTES, SOCKET_TO_FILE_BYTES + 65_536);
    answer!(-ENOSPC);
    const failure = await failureOf(transfer);
    expect(failure).to.include({ code: 'ENOSPC' });
    expect(failure.transfer).to.include({ bytesIn, bytesOut: 0, residueBytes: bytesIn });
    expect(server.isClosed).to.equal(false);
  });

  it('every byte once and in order, whatever the disk and the peer do', async () => {
    const plan = fc.record({
      source: fc.constantFrom(...STREAM_KINDS),
      length: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 400_000 })),
      pieces: fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 6 }),
      /** Of each write in turn: the share that goes, or a failure. */
      writes: fc.array(fc.constantFrom(0.001, 0.3, 0.9, 1, 1, 1), { maxLength: 8 }),
      failsAt: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 6 })),
      errno: fc.constantFrom(ENOSPC, EDQUOT, EFBIG, EIO),
      /** What the file has before. */
      oldBytes: fc.constantFrom(0, 2, 100_000, 1_000_000),
      event: fc.constantFrom('none', 'none', 'cancel', 'reset', 'pause'),
      eventAfter: fc.integer({ min: 0, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(
        plan,
        async ({ source, length, pieces, writes, failsAt, errno, oldBytes, event, eventAfter }) => {
          const { writing: client, reading: server } = await streamOf(source);
          const path = files.path('property');
          writeFileSync(path, Buffer.alloc(oldBytes, 'o'));
          const file = await open(path, { flags: 'r+' });
          let calls = 0;
          const writeAt: WriteAt = ({ fd }, iovecs, count, offset, done) => {
            const call = calls++;
            setImmediate(() => done(call === failsAt ? -errno : writev(fd, iovecs, count, offset, writes[call] ?? 1)));
          };
          const receiving = {
            file: { fd: file.fd, device: 0, name: path },
            offset: 3,
            lengthBytes: length,
            releaseFile: () => {},
          };
          const transfer = begun(new SocketToFile(server, writeAt), receiving);
          let failure: (TransferFailure & { code?: string }) | undefined;
          const settled = transfer.catch(reason => (failure = reason));
          let sent = 0;
          for (const [index, piece] of pieces.entries()) {
            if (index === eventAfter) {
              if (event === 'cancel') transfer.cancel();
              else if (event === 'reset') client.destroy();
              else if (event === 'pause') transfer.pause();
              await turns(1);
              if (event === 'pause') transfer.resume();
            }
            if (client.isClosed) break;
            client.send(patternBytes(sent, piece));
            sent += piece;
            await turns(index % 3);
          }
          if (!client.isClosed) void client.close().catch(() => {});
          await settled;
          const { account } = transfer;
          expect(account.bytesIn - account.bytesOut).to.equal(account.residueBytes);
          const content = readFileSync(path);
          const expected = Buffer.alloc(account.bytesOut === 0 ? oldBytes : Math.max(oldBytes, account.bytesOut + 3));
          expected.fill('o', 0, oldBytes);
          patternBytes(0, account.bytesOut).copy(expected, 3);
          expect(digest(content)).to.equal(digest(expected));
          if (failure === undefined) {
            expect(account.residueBytes).to.equal(0);
            if (event !== 'reset') expect(account.bytesOut).to.equal(Math.min(length, sent));
          } else if (DISK_FAILURES.includes(failure.code!)) {
            // What came in and is not in the file is told; what did not come in is still in the stream.
            expect(failure.code).to.equal(errnoName(errno));
            expect(failure.transfer).to.equal(account);
            expect(account.residueBytes).to.be.within(1, SOCKET_TO_FILE_BYTES + 65_536);
          } else {
            expect(account.residueBytes).to.equal(0);
          }
          if (event !== 'reset' && !server.isClosed) {
            const rest = patternBytes(account.bytesIn, sent - account.bytesIn);
            expect(digest(await readAll(server)), 'what is left').to.equal(digest(rest));
          }
          server.destroy();
          client.destroy();
          await file.close();
        },
      ),
      propertyRuns(60),
    );
  });
});
