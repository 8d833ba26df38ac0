/**
 * Producers of 1 GiB against readers that take a little and then stop for good: every pair of ends that the path which is the
 * first argument serves, one after the other. How much larger does the process get from when the bytes flow to when nothing
 * moves any more? Says so as JSON, a row for each pair.
 */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { copyWith } from '../../../src/api/transfer/copy.js';
import { joinWith } from '../../../src/api/transfer/join.js';
import { settling } from '../../../src/api/settling.js';
import type { Transfer } from '../../../src/api/transfer/transfer.js';
import { nativeFileReads } from '../../../src/core/transfers/files/file-reads.js';
import { FileToSocket } from '../../../src/core/transfers/files/file-to-socket.js';
import { nativeRelayCalls, type RelayCalls } from '../../../src/core/transfers/relay/relay-conduits.js';
import { SocketToFile } from '../../../src/core/transfers/files/socket-to-file.js';
import { nativeWriteAt, type WriteAt } from '../../../src/core/transfers/files/write-behind.js';
import { BufferList, currentReactor, type Connection } from '../../../src/index.js';
import { EIO, ENOSYS } from '../../../src/sys/ffi/errno.js';
import { nativeSendfile, type SendfileCalls } from '../../../src/sys/socket/sendfile.js';
import { twoPairs, type Kind } from '../../support/joined.js';
import { destroyTracked } from '../../support/sockets.js';
import { SplicingKernel } from '../../support/splicing-kernel.js';
import { STREAM_KINDS, streamOf, type StreamKind } from '../../support/streams.js';
import { begun } from '../../support/transfers.js';

const OFFERED_BYTES = 2 ** 30;
/** By then the path has been found and has all that it needs. */
const WARM_BYTES = 8 << 20;
/** Where the reader stops. */
const TAKEN_BYTES = 12 << 20;
const PIECE_BYTES = 256 << 10;
/** Turns without a byte after which nothing moves any more: a disk and an acknowledgement may take their time. */
const QUIET_TURNS = 500;

/** A path that keeps what comes grows each time; what malloc and the collector do to a process, they do now and then. */
const PLAIN_GROWTH_BYTES = 2 << 20;
const MEASUREMENTS = 6;

const JOINED_KINDS: readonly Kind[] = ['TCP', 'Unix'];

interface Account {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly path: string;
}

interface Row extends Account {
  readonly ends: string;
  readonly grownBytes: number;
}

/** A transfer, and where its reader stands. */
interface Running {
  readonly account: Account;
  /** Lets so many bytes through from the beginning on, and no more. */
  taken(lengthBytes: number): Promise<void>;
  cancel(): Promise<unknown>;
}

/** Offers all of it, as fast as it is taken. */
function produce(connection: Connection): void {
  const piece = new Uint8Array(PIECE_BYTES);
  const pour = async () => {
    for (let offered = 0; offered < OFFERED_BYTES; offered += PIECE_BYTES) await connection.write(piece);
  };
  // The end of the transfer is the end of the connection.
  void pour().catch(() => {});
}

/** Reads up to a mark and stops there. */
function stoppingReader(connection: Connection): Running['taken'] {
  let receivedBytes = 0;
  let markBytes = 0;
  let reached = (): void => {};
  connection.onData = chunk => {
    receivedBytes += chunk.length;
    if (receivedBytes < markBytes) return;
    connection.pause();
    reached();
  };
  connection.pause();
  return lengthBytes => {
    const { promise, resolve } = settling<void>();
    markBytes = lengthBytes;
    reached = resolve;
    connection.resume();
    return promise;
  };
}

function canceling<T extends object>(transfer: Transfer<T>): () => Promise<unknown> {
  return () => {
    transfer.cancel();
    return Promise.resolve(transfer).catch((reason: unknown) => reason);
  };
}

function resident(): number {
  globalThis.gc!();
  return process.memoryUsage.rss();
}

async function quiet(account: Account): Promise<void> {
  for (let still = 0, before = -1; still < QUIET_TURNS; still++) {
    if (account.bytesIn !== before) still = 0;
    before = account.bytesIn;
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** The smallest growth of a few runs, and what that run moved. */
async function measure(ends: string, begin: () => Promise<Running>): Promise<void> {
  let smallest: Row | undefined;
  for (let run = 0; run < MEASUREMENTS && !(smallest && smallest.grownBytes <= PLAIN_GROWTH_BYTES); run++) {
    const row = await measured(ends, await begin());
    if (smallest === undefined || row.grownBytes < smallest.grownBytes) smallest = row;
  }
  rows.push(smallest!);
}

async function measured(ends: string, { account, taken, cancel }: Running): Promise<Row> {
  await taken(WARM_BYTES);
  const before = resident();
  await taken(TAKEN_BYTES);
  await quiet(account);
  const grownBytes = resident() - before;
  const { bytesIn, bytesOut, path: used } = account;
  await cancel();
  destroyTracked();
  return { ends, grownBytes, bytesIn, bytesOut, path: used };
}

// The pairs of ends

async function copying(source: StreamKind, sink: StreamKind, calls: RelayCalls): Promise<Running> {
  const [from, to] = [await streamOf(source), await streamOf(sink)];
  const taken = stoppingReader(to.reading);
  const transfer = copyWith(calls, from.reading, to.writing);
  produce(from.writing);
  return { account: transfer.account, taken, cancel: canceling(transfer) };
}

async function joining(kind: Kind, calls: RelayCalls): Promise<Running> {
  const { left, right, a, b } = await twoPairs(kind);
  const taken = stoppingReader(right);
  const transfer = joinWith(calls, a, b);
  produce(left);
  return { account: transfer.account.aToB, taken, cancel: canceling(transfer) };
}

async function sending(fd: number, sink: StreamKind, sendfile: SendfileCalls): Promise<Running> {
  const to = await streamOf(sink);
  const taken = stoppingReader(to.reading);
  const range = { fd, device: 0, offset: 0, lengthBytes: OFFERED_BYTES };
  const whole = { range, before: new BufferList(), after: new BufferList() };
  const transfer = begun(new FileToSocket(to.writing, { calls: { sendfile, reads: nativeFileReads } }), whole);
  return { account: transfer.account, taken, cancel: canceling(transfer) };
}

/** The reader is a disk, which stops answering. */
async function receiving(fd: number, source: StreamKind): Promise<Running> {
  const from = await streamOf(source);
  let markBytes = 0;
  let reached = (): void => {};
  let held: (() => void) | undefined;
  let fail = (): void => {};
  const writeAt: WriteAt = (file, iovecs, count, offset, done) => {
    const write = () => nativeWriteAt(file, iovecs, count, offset, done);
    if (offset < markBytes) {
      write();
      return;
    }
    held = write;
    fail = () => done(-EIO);
    reached();
  };
  const whole = { file: { fd, device: 0, name: 'a disk' }, offset: 0, lengthBytes: Infinity, releaseFile: () => {} };
  const transfer = begun(new SocketToFile(from.reading, writeAt), whole);
  produce(from.writing);
  const taken = (lengthBytes: number) => {
    const { promise, resolve } = settling<void>();
    markBytes = lengthBytes;
    reached = resolve;
    held?.();
    return promise;
  };
  const settled = Promise.resolve(transfer).catch((reason: unknown) => reason);
  const cancel = () => {
    fail();
    return settled;
  };
  return { account: transfer.account, taken, cancel };
}

const rows: Row[] = [];
const name = path.join(os.tmpdir(), `pollux-stopped-${process.pid}`);
const fd = openSync(name, 'wx+');
rmSync(name);
ftruncateSync(fd, OFFERED_BYTES);

const native = nativeRelayCalls();

async function copyAll(kinds: readonly StreamKind[], callsOf: () => RelayCalls): Promise<void> {
  for (const source of kinds) {
    for (const sink of kinds) await measure(`${source} to ${sink}`, () => copying(source, sink, callsOf()));
  }
  for (const kind of JOINED_KINDS) await measure(`${kind} joined with ${kind}`, () => joining(kind, callsOf()));
}

async function sendAll(sendfile: SendfileCalls): Promise<void> {
  for (const sink of STREAM_KINDS) await measure(`file to ${sink}`, () => sending(fd, sink, sendfile));
}

const runs: Record<string, () => Promise<void>> = {
  sendfile: () => sendAll(nativeSendfile()),
  splice: () => copyAll(STREAM_KINDS, () => native),
  so_splice: () =>
    copyAll(JOINED_KINDS, () => ({ ...native, splice: undefined, socketSplice: new SplicingKernel([0.7, 1]) })),
  buffers: () => copyAll(STREAM_KINDS, () => ({ ...native, splice: undefined })),
  'buffers of files': async () => {
    await sendAll({ takesHeader: false, refusesToWait: false, failure: ENOSYS, send: () => 0 });
    for (const source of STREAM_KINDS) await measure(`${source} to file`, () => receiving(fd, source));
  },
};
await runs[process.argv[2]]();

closeSync(fd);
currentReactor().close();
process.stdout.write(JSON.stringify(rows));
