/** Random transfers under random faults, readers and ends, against an oracle that only concatenates. */
import { expect } from 'chai';
import fc from 'fast-check';
import { truncateSync, writeFileSync } from 'node:fs';
import type { Connection, TransferAccount, TransferFailure } from '../../../src/index.js';
import { BufferList } from '../../../src/index.js';
import type { Transfer } from '../../../src/api/transfer/transfer.js';
import { FileToSocket } from '../../../src/core/transfers/files/file-to-socket.js';
import { propertyRuns } from '../../property-runs.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { faultyKernel, type Fault } from '../../support/faulty-file-calls.js';
import { patternBytes, TestFiles, type TestFile } from '../../support/files.js';
import { Digest, turns, type Pair } from '../../support/sockets.js';
import { STREAM_KINDS, streamOf as streamOfKind } from '../../support/streams.js';
import { begun } from '../../support/transfers.js';

const FILE_BYTES = 1_500_000;
const CUT_BYTES = 500_000;

const fault = fc.record({
  kind: fc.constantFrom<Fault['kind']>('pass', 'short', 'EAGAIN', 'EINTR', 'EBUSY', 'EINVAL'),
  share: fc.constantFrom(0, 0.0001, 0.3, 0.999, 1),
});
const readFault = fc.record({
  kind: fc.constantFrom<Fault['kind']>('pass', 'short'),
  share: fc.constantFrom(0, 0.01, 0.5),
});
const size = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: 70_000 }));

const plan = fc.record({
  system: fc.constantFrom<'linux' | 'freebsd'>('linux', 'freebsd'),
  sink: fc.constantFrom(...STREAM_KINDS),
  offset: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: FILE_BYTES })),
  length: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: FILE_BYTES })),
  queuedBefore: size,
  before: size,
  after: size,
  queuedAfter: size,
  faults: fc.array(fault, { maxLength: 12 }),
  readFaults: fc.array(readFault, { maxLength: 6 }),
  coldEvery: fc.integer({ min: 0, max: 3 }),
  /** The reader waits so many turns after each chunk. */
  lagTurns: fc.constantFrom(0, 0, 1, 5),
  event: fc.constantFrom('none', 'none', 'cancel', 'reset', 'half-close', 'pause', 'pace', 'shrink', 'destroy'),
  /** When it happens: after so many chunks. */
  eventChunk: fc.integer({ min: 0, max: 6 }),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

interface Outcome {
  received: Buffer;
  account: TransferAccount;
  failure: (TransferFailure & { code?: string }) | undefined;
}

function part(letter: string, lengthBytes: number): Buffer {
  return Buffer.alloc(lengthBytes, letter);
}

/** What lies before the transfer in the stream, in it, and after it. */
function streamOf({ offset, length, before, after, queuedBefore, queuedAfter }: Plan): [Buffer, Buffer, Buffer] {
  const end = Math.min(offset + length, FILE_BYTES);
  const body = [part('b', before), patternBytes(offset, Math.max(0, end - offset)), part('a', after)];
  return [part('q', queuedBefore), Buffer.concat(body), part('z', queuedAfter)];
}

async function pairOf({ sink }: Plan): Promise<Pair> {
  const { writing, reading } = await streamOfKind(sink);
  return { client: writing, server: reading };
}

async function act({ event }: Plan, transfer: Transfer, pair: Pair, file: TestFile): Promise<void> {
  switch (event) {
    case 'cancel':
      transfer.cancel();
      break;
    case 'reset':
      pair.server.reset();
      break;
    case 'destroy':
      pair.client.destroy();
      break;
    case 'half-close':
      pair.server.end();
      break;
    case 'pause':
      transfer.pause();
      await turns(3);
      transfer.resume();
      break;
    case 'pace':
      transfer.bytesPerSecond = 1000;
      await turns(2);
      transfer.bytesPerSecond = Infinity;
      break;
    case 'shrink':
      truncateSync(file.path, CUT_BYTES);
      break;
  }
}

async function readSlowly(server: Connection, lagTurns: number, onChunk: () => Promise<void>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const chunk of server) {
      pieces.push(chunk.toBytes());
      await onChunk();
      if (lagTurns > 0) await turns(lagTurns);
    }
  } catch {
    // A stream that broke: the prefix that came is what counts.
  }
  return Buffer.concat(pieces);
}

async function run(drawn: Plan, pair: Pair, file: TestFile): Promise<Outcome> {
  const { system, offset, length, faults, readFaults, coldEvery, lagTurns } = drawn;
  // FreeBSD has no sendfile to a pipe.
  const isPipe = drawn.sink === 'pipe';
  const kernel = faultyKernel({ system: isPipe ? 'linux' : system, faults, readFaults, coldEvery });
  const { client, server } = pair;
  const lists = { before: BufferList.from(part('b', drawn.before)), after: BufferList.from(part('a', drawn.after)) };
  const range = {
    fd: file.fd,
    device: 0,
    offset,
    lengthBytes: Math.max(0, Math.min(offset + length, FILE_BYTES) - offset),
  };
  client.send(part('q', drawn.queuedBefore));
  const engine = new FileToSocket(client, { calls: kernel.calls });
  const transfer = begun(engine, { range, ...lists });
  let failure: Outcome['failure'];
  const settled = transfer.then(
    () => undefined,
    reason => (failure = reason),
  );
  if (!client.isClosed) {
    client.send(part('z', drawn.queuedAfter));
    // The end of a pipe is that it is closed.
    if (isPipe) void client.close().catch(() => {});
    else client.end();
  }
  let chunks = 0;
  const onChunk = async () => {
    if (chunks++ === drawn.eventChunk) await act(drawn, transfer, pair, file);
  };
  if (drawn.eventChunk === 0) await onChunk();
  const received = await readSlowly(server, lagTurns, onChunk);
  await settled;
  client.destroy();
  server.destroy();
  // A read of the disk may be under way still; it holds memory and looks at the file.
  await turns(3);
  kernel.close();
  return { received, account: transfer.account, failure };
}

/**
 * What sendfile has handed to the socket are pages of the file, not copies: those behind a cut may show zeros by the time
 * they go out. Takes them out of the comparison.
 */
function forgetBehindCut(stream: Buffer, { event, queuedBefore, before, offset, length }: Plan): void {
  const end = Math.min(offset + length, FILE_BYTES);
  if (event !== 'shrink' || end <= CUT_BYTES) return;
  const start = queuedBefore + before;
  stream.subarray(start + Math.max(0, CUT_BYTES - offset), start + end - offset).fill(0);
}

function check(drawn: Plan, { received, account, failure }: Outcome): void {
  const [ahead, body, behind] = streamOf(drawn);
  expect(account.bytesOut).to.be.at.most(body.length);
  expect(account.bytesIn - account.bytesOut).to.equal(account.residueBytes);
  const whole = Buffer.concat([ahead, body.subarray(0, account.bytesOut), behind]);
  forgetBehindCut(received, drawn);
  forgetBehindCut(whole, drawn);
  if (failure === undefined) expect(account.bytesOut).to.equal(body.length);
  const isBroken = failure !== undefined && failure.code !== 'ECANCELED';
  if (failure === undefined || (failure.code === 'ECANCELED' && drawn.event === 'cancel')) {
    if (drawn.event !== 'reset' && drawn.event !== 'destroy') expect(digest(received)).to.equal(digest(whole));
  }
  if (isBroken) {
    const causes = drawn.event === 'shrink' ? ['EIO'] : ['ECONNRESET', 'EPIPE'];
    expect(failure.code).to.be.oneOf(causes);
    expect(failure.transfer).to.equal(account);
  }
  expect(Buffer.compare(received, whole.subarray(0, received.length)), 'a prefix, whatever happened').to.equal(0);
}

function digest(bytes: Uint8Array): string {
  const made = new Digest();
  made.add(bytes);
  return String(made);
}

describeOnEveryDriver(
  'sendFile, any transfer',
  () => {
    const files = new TestFiles();

    it('brings every byte once and in order, and counts it', async () => {
      const file = files.pattern(FILE_BYTES);
      await fc.assert(
        fc.asyncProperty(plan, async drawn => {
          const pair = await pairOf(drawn);
          try {
            check(drawn, await run(drawn, pair, file));
          } finally {
            if (drawn.event === 'shrink') writeFileSync(file.path, patternBytes(0, FILE_BYTES));
          }
        }),
        propertyRuns(200),
      );
    });
  },
  ['level', 'oneshot'],
);
