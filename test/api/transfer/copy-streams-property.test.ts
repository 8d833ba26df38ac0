/** Every pair of streams and every way between them, at random: against an oracle that only counts and concatenates. */
import { expect } from 'chai';
import fc from 'fast-check';
import { copyWith } from '../../../src/api/transfer/copy.js';
import { nativeRelayCalls, type RelayCalls } from '../../../src/core/transfers/relay/relay-conduits.js';
import type { Connection, TransferAccount, TransferFailure } from '../../../src/index.js';
import { propertyRuns } from '../../property-runs.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { faultsOf, faultyRelay, type Fault, type PipeFaults } from '../../support/faulty-relay-calls.js';
import { patternBytes } from '../../support/files.js';
import { Digest, turns } from '../../support/sockets.js';
import { SplicingKernel } from '../../support/splicing-kernel.js';
import { STREAM_KINDS, streamOf } from '../../support/streams.js';

/** Pipes that the kernel grants in full, in half, and too small to be of use. */
const PIPE_BYTES = [undefined, 65_536, 8192] as const;
/** What is sent behind the copy, by whoever has the sink then. */
const BEHIND = Buffer.from('behind the copy');

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: 0, max: 60_000 }),
  fc.integer({ min: 200_000, max: 1_000_000 }),
);

function scenes(kinds: readonly Fault['kind'][]) {
  const faults = faultsOf(kinds);
  return fc.record({
    source: fc.constantFrom(...STREAM_KINDS),
    sink: fc.constantFrom(...STREAM_KINDS),
    kernel: fc.constantFrom<'native' | 'splice' | 'buffers' | 'SO_SPLICE'>('native', 'splice', 'buffers', 'SO_SPLICE'),
    pipeBytes: fc.constantFrom(...PIPE_BYTES),
    pipesOpened: fc.constantFrom(Infinity, Infinity, 0),
    faults: fc.array(faults, { maxLength: 40 }),
    /** To splices into a pipe and out of it: of the others few would get there. */
    intoPipe: fc.array(faults, { maxLength: 10 }),
    outOfPipe: fc.array(faults, { maxLength: 10 }),
    length: fc.oneof(fc.constant(Infinity), sizes),
    pieces: fc.array(fc.record({ lengthBytes: sizes, turns: fc.integer({ min: 0, max: 2 }) }), { maxLength: 8 }),
    /** The reader stops for so many pieces, from the one given on. */
    stop: fc.record({ from: fc.integer({ min: 0, max: 8 }), pieces: fc.integer({ min: 0, max: 4 }) }),
    event: fc.constantFrom('none', 'none', 'pause', 'cancel', 'source goes', 'sink goes'),
    eventAfter: fc.integer({ min: 0, max: 8 }),
  });
}
type Scene = ReturnType<typeof scenes> extends fc.Arbitrary<infer T> ? T : never;

function callsOf({ kernel, faults, pipeBytes, pipesOpened, outOfPipe, intoPipe }: Scene): RelayCalls {
  if (kernel === 'native') return nativeRelayCalls();
  const pipeFaults: PipeFaults = {
    ...(pipeBytes === undefined ? {} : { smallBytes: pipeBytes }),
    ...(pipesOpened === Infinity ? {} : { openFails: { from: pipesOpened, code: 'EMFILE' } }),
  };
  const { calls } = faultyRelay(faults, pipeFaults, outOfPipe, intoPipe);
  if (kernel === 'SO_SPLICE') return { ...calls, socketSplice: new SplicingKernel([0.4, 1, 0, 0.9]) };
  return kernel === 'buffers' ? { ...calls, splice: undefined } : calls;
}

/** What a stream brought, to be compared with the pattern. */
class Received {
  readonly digest = new Digest();
  private readonly ended: Promise<void>;

  constructor(readonly connection: Connection) {
    connection.onData = chunk => this.digest.add(chunk);
    this.ended = new Promise(resolve => {
      connection.onEnd = resolve;
      connection.onClose = () => resolve();
    });
  }

  async toEnd(): Promise<Digest> {
    if (!this.connection.isClosed) this.connection.resume();
    await this.ended;
    return this.digest;
  }
}

function digestOf(...parts: Uint8Array[]): string {
  const digest = new Digest();
  for (const part of parts) digest.add(part);
  return String(digest);
}

/** Ends a stream that this side writes; a pipe knows no other way than to be closed. */
function end(connection: Connection): void {
  if (!connection.isClosed) void connection.close().catch(() => {});
}

async function play(scene: Scene): Promise<void> {
  const from = await streamOf(scene.source);
  const to = await streamOf(scene.sink);
  const received = new Received(to.reading);
  const copying = copyWith(callsOf(scene), from.reading, to.writing, { length: scene.length });
  let failure: (TransferFailure & { code?: string }) | undefined;
  const settled = copying.then(
    () => {},
    reason => (failure = reason),
  );
  let sentBytes = 0;
  for (const [index, piece] of scene.pieces.entries()) {
    if (index === scene.stop.from) to.reading.pause();
    if (index === scene.stop.from + scene.stop.pieces && !to.reading.isClosed) to.reading.resume();
    if (index === scene.eventAfter) {
      if (scene.event === 'cancel') copying.cancel();
      else if (scene.event === 'source goes') from.writing.reset();
      else if (scene.event === 'sink goes') to.reading.reset();
      else if (scene.event === 'pause') copying.pause();
    }
    if (from.writing.isClosed) break;
    from.writing.send(patternBytes(sentBytes, piece.lengthBytes));
    sentBytes += piece.lengthBytes;
    await turns(piece.turns);
    if (scene.event === 'pause') copying.resume();
  }
  const isSinkGone = to.reading.isClosed;
  const isSourceGone = from.writing.isClosed;
  if (!isSinkGone) to.reading.resume();
  end(from.writing);
  await settled;

  const { account } = copying;
  check(scene, account, { sentBytes, isSinkGone, isSourceGone, failure });
  if (!isSinkGone) {
    const ends = { received, from: from.reading, to: to.writing };
    await checkDelivery(account, { sentBytes, isSourceGone, ...ends });
  }
  for (const connection of [from.reading, from.writing, to.reading, to.writing]) connection.destroy();
}

interface Outcome {
  readonly sentBytes: number;
  readonly isSinkGone: boolean;
  readonly isSourceGone: boolean;
  readonly failure: (TransferFailure & { code?: string }) | undefined;
}

function check(
  scene: Scene,
  account: TransferAccount,
  { sentBytes, isSinkGone, isSourceGone, failure }: Outcome,
): void {
  expect(account.bytesIn, 'bytesIn').to.equal(account.bytesOut + account.residueBytes);
  expect(account.bytesIn).to.be.at.most(Math.min(sentBytes, scene.length));
  const codes: (string | undefined)[] = [undefined];
  if (scene.event === 'cancel') codes.push('ECANCELED');
  if (isSourceGone) codes.push('ECONNRESET');
  if (isSinkGone) codes.push('EPIPE', 'ECONNRESET');
  expect(failure?.code).to.be.oneOf(codes);
  if (failure !== undefined) return;
  expect(account.residueBytes).to.equal(0);
  if (!isSourceGone) expect(account.bytes).to.equal(Math.min(sentBytes, scene.length));
}

interface Delivery {
  readonly sentBytes: number;
  readonly isSourceGone: boolean;
  readonly received: Received;
  readonly from: Connection;
  readonly to: Connection;
}

/** The sink is whole: it has what was taken, then what comes behind; what was not taken is still in the source. */
async function checkDelivery(account: TransferAccount, delivery: Delivery): Promise<void> {
  const { sentBytes, isSourceGone, received, from, to } = delivery;
  const { bytesIn } = account;
  to.send(BEHIND);
  end(to);
  expect(String(await received.toEnd())).to.equal(digestOf(patternBytes(0, bytesIn), BEHIND));
  if (isSourceGone || from.isClosed) return;
  const rest = new Digest();
  for await (const chunk of from) rest.add(chunk);
  expect(String(rest), 'what is left').to.equal(digestOf(patternBytes(bytesIn, sentBytes - bytesIn)));
}

function property(kinds: readonly Fault['kind'][], numRuns: number) {
  return async () => {
    await fc.assert(fc.asyncProperty(scenes(kinds), play), { ...propertyRuns(numRuns), timeout: 10_000 });
  };
}

const TITLE = 'whatever the kinds, sizes, pauses, faults and ends: every byte once, in order, and counted';

describeOnEveryDriver(
  'copy, at random',
  () => {
    it(TITLE, property(['short', 'EINTR', 'EAGAIN', 'EINVAL', 'ENOMEM', 'EPERM'], 60));
  },
  ['level', 'oneshot'],
);

// EAGAIN that the kernel did not say is followed by no edge.
describeOnEveryDriver(
  'copy, at random, by edges',
  () => {
    it(TITLE, property(['short', 'EINTR', 'EINVAL', 'ENOMEM', 'EPERM'], 60));
  },
  ['edge'],
);
