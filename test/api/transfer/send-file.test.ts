import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { constants, readFileSync, truncateSync, writeSync } from 'node:fs';
import path from 'node:path';
import { BufferList, IoError, open, sendFile, type Connection, type TransferFailure } from '../../../src/index.js';
import { fileSending } from '../../../src/api/transfer/send-file.js';
import { nativeFileReads } from '../../../src/core/transfers/files/file-reads.js';
import { FileToSocket } from '../../../src/core/transfers/files/file-to-socket.js';
import { EPIPE } from '../../../src/sys/ffi/errno.js';
import { O_PATH } from '../../../src/sys/file/file-constants.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { patternBytes, TestFiles } from '../../support/files.js';
import { closing, Digest, fillUp, readAll, rejection, tcpPair, turns, unixPair } from '../../support/sockets.js';
import { begun } from '../../support/transfers.js';

const MIB = 1 << 20;

/** Reads so many bytes, and leaves the rest where it is. */
async function take(connection: Connection, lengthBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(lengthBytes);
  for (let taken = 0; taken < lengthBytes;) {
    const came = await connection.readInto(bytes.subarray(taken));
    if (came === 0) throw new Error(`the stream ended after ${taken} bytes, ${lengthBytes} were expected`);
    taken += came;
  }
  return bytes;
}

async function readDigest(connection: Connection): Promise<string> {
  const digest = new Digest();
  for await (const chunk of connection) digest.add(chunk);
  return String(digest);
}

function digestOf(...parts: Uint8Array[]): string {
  const digest = new Digest();
  for (const part of parts) digest.add(part);
  return String(digest);
}

async function failureOf(transfer: PromiseLike<unknown>): Promise<TransferFailure & { code?: string }> {
  return rejection(Promise.resolve(transfer));
}

describeOnEveryDriver('sendFile', driver => {
  const files = new TestFiles();

  it('sends a whole file, and says how', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(3 * MIB + 17);
    const transfer = sendFile(client, file);
    const received = readDigest(server);
    const account = await transfer;
    expect(account).to.include({ path: 'sendfile', bytes: 3 * MIB + 17, bytesIn: 3 * MIB + 17, residueBytes: 0 });
    expect(account.fallback).to.equal(undefined);
    expect(account.calls).to.be.greaterThan(0);
    client.end();
    expect(await received).to.equal(digestOf(patternBytes(0, 3 * MIB + 17)));
    expect(client.bytesSent).to.equal(3 * MIB + 17);
  });

  it('sends a range with something before and after it, in one go where there is room', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(100_000);
    const head = Buffer.from('head');
    const transfer = sendFile(client, file, {
      offset: 777,
      length: 5000,
      before: ['<', head, BufferList.from('>')],
      after: 'tail',
    });
    head.fill('x');
    expect((await transfer).bytes).to.equal(5010);
    client.end();
    const expected = Buffer.concat([Buffer.from('<head>'), patternBytes(777, 5000), Buffer.from('tail')]);
    expect(await readAll(server)).to.deep.equal(expected);
  });

  it('goes behind what was sent before it and before what is sent after it', async () => {
    const { client, server } = unixPair({ maxQueuedBytes: 64 * MIB });
    const file = files.pattern(MIB);
    const queued = patternBytes(5, 2 * MIB);
    client.send(queued);
    expect(client.queuedBytes).to.be.greaterThan(0);
    const first = sendFile(client, file, { before: 'first' });
    client.send('between');
    const second = sendFile(client, file, { offset: 10, length: 100_000, after: 'second' });
    const empty = sendFile(client, file, { length: 0 });
    client.send(queued);
    client.send('end');
    client.end();
    expect(await readDigest(server)).to.equal(
      digestOf(
        queued,
        Buffer.from('first'),
        patternBytes(0, MIB),
        Buffer.from('between'),
        patternBytes(10, 100_000),
        Buffer.from('second'),
        queued,
        Buffer.from('end'),
      ),
    );
    expect([(await first).bytes, (await second).bytes, (await empty).bytes]).to.deep.equal([MIB + 5, 100_006, 0]);
    expect(client.bytesSent).to.equal(2 * 2 * MIB + MIB + 5 + 7 + 100_006 + 3);
    expect(client.queuedBytes).to.equal(0);
  });

  it('a hundred small ones in a row keep their order', async () => {
    const { client, server } = unixPair();
    const file = files.pattern(1000);
    const expected: Buffer[] = [];
    const transfers = [];
    for (let index = 0; index < 100; index++) {
      transfers.push(sendFile(client, file, { offset: index, length: 500, before: `${index}:` }));
      client.send(';');
      expected.push(Buffer.from(`${index}:`), patternBytes(index, 500), Buffer.from(';'));
    }
    client.end();
    expect(await readAll(server)).to.deep.equal(Buffer.concat(expected));
    await Promise.all(transfers);
  });

  it('length 0 and an offset at or behind the end send what is before and after', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(10);
    const empty = files.pattern(0);
    expect((await sendFile(client, file, { length: 0, before: 'a', after: 'b' })).bytes).to.equal(2);
    expect((await sendFile(client, file, { offset: 10, after: 'c' })).bytes).to.equal(1);
    expect((await sendFile(client, file, { offset: 99 })).bytes).to.equal(0);
    expect((await sendFile(client, empty, { before: 'd' })).bytes).to.equal(1);
    client.end();
    expect(Buffer.from(await readAll(server)).toString()).to.equal('abcd');
  });

  it('regression 27: refuses FIFOs and whatever else is no file, and ranges beyond its end, before a byte moves', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(10);
    const fifo = files.path(`fifo-${driver.backend}-${driver.mode}`);
    execFileSync('mkfifo', [fifo]);
    const fd = files.fd(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    expect(await failureOf(sendFile(client, { fd }))).to.include({ code: 'EINVAL' });
    expect((await failureOf(sendFile(client, { fd }))).message).to.contain('a pipe or FIFO; only regular files');
    expect(await failureOf(sendFile(client, { fd: files.fd(path.dirname(fifo)) }))).to.include({ code: 'EISDIR' });
    expect((await failureOf(sendFile(client, { fd: files.fd('/dev/zero') }))).message).to.contain('a device');
    expect((await failureOf(sendFile(client, { fd: server.fd }))).message).to.contain('a socket');
    expect(await failureOf(sendFile(client, { fd: 99_999 }))).to.include({ code: 'EBADF' });
    expect(await failureOf(sendFile(client, { fd: '5' as unknown as number }))).to.be.instanceOf(TypeError);
    expect(await failureOf(sendFile({} as Connection, file))).to.be.instanceOf(TypeError);
    for (const [attempt, message] of [
      [sendFile(null as never, file), 'connection: null; allowed: a Connection'],
      [sendFile(undefined as never, file), 'connection: undefined; allowed: a Connection'],
      [
        sendFile(client, undefined as never),
        'file: undefined; allowed: a path, a DiskFile, or another object whose fd is',
      ],
      [sendFile(client, file.fd as never), 'file: number; allowed: a path, a DiskFile'],
      [sendFile(client, {} as never), 'file: its fd is undefined; allowed: a path, a DiskFile'],
      [sendFile(client, { fd: -1 }), 'sendfile descriptor -1: EBADF, the file is closed'],
      [sendFile(client, { fd: -2 }), 'file: its fd is -2; allowed: a path, a DiskFile'],
      [sendFile(client, file, null as never), 'options: null; allowed: an object'],
      [sendFile(client, file, { signal: true as never }), 'signal: boolean; allowed: an AbortSignal'],
      [sendFile(client, file, { after: null as never }), 'after: null; allowed: string, Uint8Array, BufferList'],
      [sendFile(client, file, { bytesPerSecond: '9' as never }), "bytesPerSecond: '9'; allowed: numbers above 0"],
    ] as const) {
      const failure = await failureOf(attempt);
      expect(failure.message).to.contain(message);
      expect(failure.transfer).to.include({ bytes: 0 });
    }
    const ranges = [{ offset: -1 }, { offset: 0.5 }, { length: -1 }, { length: 11 }, { offset: 5, length: 6 }];
    for (const range of [...ranges, { offset: 10, length: 1 }, { length: Infinity }, { bytesPerSecond: 0 }]) {
      expect(await failureOf(sendFile(client, file, range)), JSON.stringify(range)).to.be.instanceOf(RangeError);
    }
    const notBytes = { before: [5 as unknown as string] };
    expect(await failureOf(sendFile(client, file, notBytes))).to.be.instanceOf(TypeError);
    const list = BufferList.from('kept');
    expect(await failureOf(sendFile(client, file, { before: list, after: null as never }))).to.be.instanceOf(TypeError);
    expect(list.toString(), 'what is refused leaves lists to their owner').to.equal('kept');
    const failure = await failureOf(sendFile(client, file, { before: 'x', length: 11 }));
    expect(failure.transfer).to.include({ bytes: 0 });
    client.end('still alive');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('still alive');
  });

  it('a DiskFile that is closed at once is closed when it has gone', async () => {
    const { client, server } = await tcpPair();
    const file = await open(files.pattern(8 * MIB).path);
    const transfer = sendFile(client, file);
    const closed = file.close();
    client.end();
    expect(await readDigest(server)).to.equal(digestOf(patternBytes(0, 8 * MIB)));
    expect((await transfer).bytes).to.equal(8 * MIB);
    await closed;
    expect(await failureOf(sendFile(server, file))).to.include({ code: 'EBADF' });
  });

  it('a file that may not be read fails, and the connection lives on', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(100);
    const fd = files.fd(file.path, constants.O_WRONLY);
    const failure = await failureOf(sendFile(client, { fd }, { before: 'not this', after: 'nor that' }));
    expect(failure.message).to.equal(`sendfile descriptor ${fd}: EBADF, the file is not open for reading`);
    expect(failure.transfer).to.include({ bytes: 0, calls: 0 });
    await using ours = await open(file.path, { flags: 'w' });
    const named = await failureOf(sendFile(client, ours, { before: 'not this', length: 0 }));
    expect(named.message).to.equal(`sendfile ${file.path}: EBADF, the file is not open for reading`);
    if (platform === 'linux') {
      const place = files.fd(file.path, O_PATH);
      expect((await failureOf(sendFile(client, { fd: place }, { before: 'x' }))).message).to.contain('not open for');
    }
    client.end('alive');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('alive');
  });

  it('refuses after end() and on a closed connection', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(10);
    client.end();
    const list = BufferList.from('kept');
    expect(await failureOf(sendFile(client, file, { before: list }))).to.include({ code: 'EPIPE' });
    expect(list.toString()).to.equal('kept');
    server.destroy();
    expect(await failureOf(sendFile(server, file))).to.include({ code: 'EPIPE' });
  });

  it('refused for want of room, or for too much at once, it leaves the lists to their owner', async () => {
    const { client } = unixPair({ highWaterBytes: 1000, maxQueuedBytes: 300_000 });
    const file = files.pattern(10);
    fillUp(client, 200_000);
    const kept = () => [BufferList.from('a'.repeat(150_000)), BufferList.from('b'.repeat(150_000))];
    const [before, after] = kept();
    expect(await failureOf(sendFile(client, file, { before: [before], after }))).to.include({ code: 'ENOBUFS' });
    expect([before.length, after.length]).to.deep.equal([150_000, 150_000]);
    after.append('one more');
    expect(await failureOf(sendFile(client, file, { before, after }))).to.be.instanceOf(RangeError);
    expect([before.length, after.length]).to.deep.equal([150_000, 150_008]);
    const waiting = Array.from({ length: 1024 }, () => sendFile(client, file, { length: 0 }));
    const short = BufferList.from('short');
    // The queue of the connection stands in line, too.
    expect(await failureOf(sendFile(client, file, { before: short }))).to.include({ code: 'ENOBUFS' });
    expect(short.toString()).to.equal('short');
    client.destroy();
    await Promise.all(waiting.map(failureOf));
  });

  it('says why the peer is gone where sending says only that it is', async () => {
    const { client, server } = await tcpPair();
    server.reset();
    // The reset has arrived where a read of another socket over the same loopback has.
    const other = await tcpPair();
    other.server.send('!');
    await other.client.read();
    await using file = await open(files.pattern(1 << 20).path);
    const engine = new FileToSocket(client, {
      calls: {
        sendfile: { takesHeader: false, refusesToWait: false, failure: EPIPE, send: () => 0 },
        reads: nativeFileReads,
      },
    });
    // By the call that failed, or before it by the look-out for a peer that nobody reads.
    expect(await failureOf(begun(engine, fileSending(file, { offset: 0 })))).to.include({ code: 'ECONNRESET' });
  });

  it('a reader that stops holds it back; the write deadline sees it', async () => {
    const { client } = await tcpPair();
    const file = files.sparse(256 * MIB);
    const { told } = closing(client);
    const transfer = sendFile(client, file);
    client.setTimeouts({ writeMs: 40 });
    const failure = await failureOf(transfer);
    expect(failure).to.include({ code: 'ETIMEDOUT' });
    expect(failure.transfer!.bytes).to.be.within(1, 255 * MIB);
    expect(await told).to.equal(failure.cause);
  });

  it('a transfer that is paused is no reason for the write deadline', async () => {
    const [{ client, server }, other] = [await tcpPair(), await tcpPair()];
    const file = files.sparse(16 * MIB);
    const transfer = sendFile(client, file);
    client.setTimeouts({ writeMs: 20 });
    transfer.pause();
    // A peer that takes nothing, with the same deadline: when it has expired, so would the one that began before it have.
    const stalled = sendFile(other.client, files.sparse(256 * MIB));
    other.client.setTimeouts({ writeMs: 20 });
    expect(await failureOf(stalled)).to.include({ code: 'ETIMEDOUT' });
    expect(client.isClosed).to.equal(false);
    expect(transfer.account.bytes).to.be.below(16 * MIB);
    client.setTimeouts({});
    transfer.resume();
    const received = readDigest(server);
    await transfer;
    client.end();
    expect(await received).to.contain(`${16 * MIB} bytes`);
  });

  it('pause lets nothing through until resume, and holds back what was sent behind it', async () => {
    const { client, server } = unixPair();
    const file = files.pattern(2 * MIB);
    const transfer = sendFile(client, file);
    transfer.pause();
    client.end('behind');
    const sofar = transfer.account.bytes;
    expect(await take(server, sofar)).to.deep.equal(patternBytes(0, sofar));
    await turns(10);
    expect(transfer.account.bytes).to.equal(sofar);
    transfer.resume();
    const rest = Buffer.concat([patternBytes(sofar, 2 * MIB - sofar), Buffer.from('behind')]);
    expect(await readDigest(server)).to.equal(digestOf(rest));
    expect((await transfer).bytes).to.equal(2 * MIB);
  });

  it('keeps to a rate, which may change on the way', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(40_000);
    const received = readDigest(server);
    const started = performance.now();
    const transfer = sendFile(client, file, { before: 'head', bytesPerSecond: 200_000 });
    await new Promise(resolve => setTimeout(resolve, 60));
    while (transfer.account.bytes === 0) await turns(1);
    const elapsedMs = performance.now() - started;
    expect(transfer.account.bytes).to.be.at.most(20_000 + (200_000 * (elapsedMs + 5)) / 1000);
    transfer.bytesPerSecond = Infinity;
    await transfer;
    client.end();
    expect(await received).to.equal(digestOf(Buffer.from('head'), patternBytes(0, 40_000)));
  });

  it('cancelled, it says exactly what has gone, and the connection goes on from there', async () => {
    const { client, server } = unixPair();
    const file = files.pattern(8 * MIB);
    const transfer = sendFile(client, file, { before: 'head' });
    client.send('behind');
    transfer.cancel();
    const failure = await failureOf(transfer);
    expect(failure).to.include({ code: 'ECANCELED' });
    expect(failure).to.be.instanceOf(IoError);
    client.end();
    const { bytes } = failure.transfer!;
    expect(bytes).to.be.within(5, 8 * MIB);
    expect(await readDigest(server)).to.equal(
      digestOf(Buffer.from('head'), patternBytes(0, bytes - 4), Buffer.from('behind')),
    );
  });

  it('cancelled before its turn it leaves no trace', async () => {
    const { client, server } = unixPair({ maxQueuedBytes: 64 * MIB });
    const file = files.pattern(MIB);
    const big = patternBytes(1, 2 * MIB);
    client.send(big);
    const controller = new AbortController();
    const doomed = sendFile(client, file, { before: 'never', signal: controller.signal });
    const kept = sendFile(client, file);
    controller.abort(new Error('no need'));
    expect((await failureOf(doomed)).message).to.equal('no need');
    expect(doomed.account.bytes).to.equal(0);
    client.end('.');
    expect(await readDigest(server)).to.equal(digestOf(big, patternBytes(0, MIB), Buffer.from('.')));
    await kept;
  });

  it('a signal that is aborted already: nothing begins, and lists stay their owner’s', async () => {
    const { client, server } = unixPair();
    const list = BufferList.from('mine');
    const transfer = sendFile(client, files.pattern(10), { before: list, signal: AbortSignal.abort('why not') });
    expect(await failureOf(transfer)).to.equal('why not');
    expect(list.toString()).to.equal('mine');
    client.end();
    expect((await readAll(server)).length).to.equal(0);
  });

  it('end() and close() let it finish first', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(4 * MIB);
    const transfer = sendFile(client, file);
    const closed = client.close();
    expect(await readDigest(server)).to.equal(digestOf(patternBytes(0, 4 * MIB)));
    // Otherwise the client waits for our FIN as long as its patience lasts.
    server.end();
    await Promise.all([transfer, closed]);
  });

  it('the peer’s half-close does not end it', async () => {
    const { client, server } = await tcpPair();
    server.end();
    expect(await client.read()).to.equal(null);
    const transfer = sendFile(client, files.pattern(2 * MIB));
    client.end();
    expect(await readDigest(server)).to.equal(digestOf(patternBytes(0, 2 * MIB)));
    expect((await transfer).bytes).to.equal(2 * MIB);
  });

  it('a reset by the peer ends it and those in line with what the connection broke with', async () => {
    const { client, server } = await tcpPair();
    const file = files.sparse(64 * MIB);
    const { told } = closing(client);
    const first = sendFile(client, file);
    const second = sendFile(client, file);
    client.send(BufferList.from('queued'));
    server.reset();
    const failure = await failureOf(first);
    expect(failure.code).to.be.oneOf(['ECONNRESET', 'EPIPE']);
    const other = await failureOf(second);
    expect(other).to.include({ code: failure.code, message: failure.message, cause: failure.cause });
    expect([failure.transfer, other.transfer]).to.deep.equal([first.account, second.account]);
    expect(failure.transfer).to.not.equal(other.transfer);
    expect(await told).to.equal(failure.cause);
    expect(client.queuedBytes).to.equal(0);
  });

  it('destroy() ends it with ECANCELED', async () => {
    const { client } = await tcpPair();
    const transfer = sendFile(client, files.sparse(64 * MIB));
    client.destroy();
    expect(await failureOf(transfer)).to.include({ code: 'ECANCELED' });
  });

  it('regression 27: a file that shrinks while it is sent ends in EIO and a reset, without a wrong byte', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(16 * MIB);
    const { told } = closing(client);
    const transfer = sendFile(client, file, { after: 'never sent' });
    client.send('nor this');
    expect(transfer.account.bytes).to.be.lessThan(15 * MIB);
    truncateSync(file.path, 15 * MIB);
    let received = 0;
    const ended = (async () => {
      for await (const chunk of server) {
        const bytes = chunk.toBytes();
        expect(Buffer.compare(bytes, patternBytes(received, bytes.length))).to.equal(0);
        received += bytes.length;
      }
    })();
    const failure = await failureOf(transfer);
    expect(failure).to.include({ code: 'EIO' });
    expect(failure.message).to.contain(`cut short while it was being sent: ${MIB} bytes are missing`);
    expect(failure.transfer!.bytes).to.equal(15 * MIB);
    expect(await told).to.equal(failure.cause);
    expect(await rejection(ended)).to.include({ code: 'ECONNRESET' });
    expect(received).to.be.at.most(15 * MIB);
  });

  it('regression 27: a file that grows while it is sent: what was promised is sent, and no more', async () => {
    const { client, server } = await tcpPair();
    const file = files.pattern(8 * MIB);
    const transfer = sendFile(client, file);
    expect(transfer.account.bytes).to.be.lessThan(8 * MIB);
    writeSync(file.fd, patternBytes(0, MIB), 0, MIB, 8 * MIB);
    client.end();
    expect(await readDigest(server)).to.equal(digestOf(patternBytes(0, 8 * MIB)));
    expect((await transfer).bytes).to.equal(8 * MIB);
  });

  it('regression 27: files of /proc and /sys, whose sizes say nothing, go to their ends', async function () {
    if (platform !== 'linux') this.skip();
    for (const name of ['/proc/version', '/proc/self/limits', '/sys/kernel/mm/transparent_hugepage/enabled']) {
      const { client, server } = await tcpPair();
      const content = readFileSync(name);
      const account = await sendFile(client, { fd: files.fd(name) }, { before: '<', after: '>' });
      client.end();
      expect(Buffer.from(await readAll(server)).toString()).to.equal(`<${content.toString()}>`);
      expect(account).to.include({ path: 'buffers', bytes: content.length + 2, residueBytes: 0 });
      expect(account.fallback).to.equal('the file is made up as it is read');
    }
  });

  it('regression 27: an explicit length of /proc: as many bytes, or an error when there are fewer', async function () {
    if (platform !== 'linux') this.skip();
    const { client, server } = await tcpPair();
    const content = readFileSync('/proc/version');
    const fd = files.fd('/proc/version');
    expect((await sendFile(client, { fd }, { offset: 3, length: 10 })).bytes).to.equal(10);
    expect(await take(server, 10)).to.deep.equal(content.subarray(3, 13));
    expect(await failureOf(sendFile(client, { fd }, { length: content.length + 1 }))).to.include({ code: 'EIO' });
  });

  it('regression 27: ranges of a sparse file beyond 2 and 4 GiB', async () => {
    const { client, server } = await tcpPair();
    const file = files.sparse(9 * 2 ** 30);
    writeSync(file.fd, 'beyond', 5 * 2 ** 30);
    const transfer = sendFile(client, file, { offset: 5 * 2 ** 30 - 2, length: 10 });
    client.end();
    expect(Buffer.from(await readAll(server)).toString('latin1')).to.equal('\0\0beyond\0\0');
    expect((await transfer).bytes).to.equal(10);
  });
});
