import { expect } from 'chai';
import fc from 'fast-check';
import { joinWith } from '../../../src/api/transfer/join.js';
import { nativeRelayCalls, type RelayCalls } from '../../../src/core/transfers/relay/relay-conduits.js';
import type { Connection, TunnelAccount } from '../../../src/index.js';
import { propertyRuns } from '../../property-runs.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { faultsOf, faultyRelay, type Fault, type PipeFaults } from '../../support/faulty-relay-calls.js';
import { patternBytes } from '../../support/files.js';
import { SplicingKernel } from '../../support/splicing-kernel.js';
import { Digest, turns } from '../../support/sockets.js';
import { STREAM_KINDS, streamOf, type StreamKind } from '../../support/streams.js';

/**
 * What one outer end does, one after the other: sends so many bytes, stops reading, reads again, lets turns pass; or the join is
 * paused, and resumed.
 */
type Step =
  | { readonly do: 'send'; readonly lengthBytes: number }
  | { readonly do: 'pause' | 'resume' | 'turn' | 'pause all' | 'resume all' };

/** How it all ends, and after how many steps of the left end. */
interface Ending {
  readonly by:
    'FIN' | 'cancel' | 'reset of the left' | 'reset of the right' | 'destroy of a' | 'reset of b' | 'close of a';
  readonly after: number;
}

interface Scene {
  /** Of a pipe the join has the end for writing: one direction is over at once. */
  readonly kinds: readonly [StreamKind, StreamKind];
  readonly kernel: 'native' | 'buffers' | 'small pipes' | 'SO_SPLICE';
  readonly faults: readonly Fault[];
  /** To splices into a pipe and out of it: of the others few would get there. */
  readonly intoPipe: readonly Fault[];
  readonly outOfPipe: readonly Fault[];
  readonly pipes: Required<Pick<PipeFaults, 'opens' | 'resizes'>>;
  readonly left: readonly Step[];
  readonly right: readonly Step[];
  readonly ending: Ending;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      lengthBytes: fc.oneof(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.integer({ min: 200_000, max: 1_500_000 }),
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'turn' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause all' as const, 'resume all' as const) }) },
);
const kind = fc.constantFrom(...STREAM_KINDS, 'TCP', 'Unix');

function scenes(kinds: readonly Fault['kind'][]): fc.Arbitrary<Scene> {
  const faults = faultsOf(kinds);
  return fc.record({
    kinds: fc.tuple(kind, kind),
    kernel: fc.constantFrom('native' as const, 'buffers' as const, 'small pipes' as const, 'SO_SPLICE' as const),
    faults: fc.array(faults, { maxLength: 60 }),
    intoPipe: fc.array(faults, { maxLength: 10 }),
    outOfPipe: fc.array(faults, { maxLength: 10 }),
    pipes: fc.record({
      opens: fc.array(fc.constantFrom('pass', 'pass', 'EMFILE', 'ENFILE'), { maxLength: 3 }),
      resizes: fc.array(fc.constantFrom('pass', 'EPERM', 'EBUSY', 'EINVAL'), { maxLength: 6 }),
    }),
    left: fc.array(step, { maxLength: 12 }),
    right: fc.array(step, { maxLength: 12 }),
    ending: fc.record({
      by: fc.constantFrom(
        'FIN' as const,
        'FIN' as const,
        'cancel' as const,
        'reset of the left' as const,
        'reset of the right' as const,
        'destroy of a' as const,
        'reset of b' as const,
        'close of a' as const,
      ),
      after: fc.integer({ min: 0, max: 12 }),
    }),
  });
}

function callsOf({ kernel, faults, pipes, outOfPipe, intoPipe }: Scene): RelayCalls {
  const pipeFaults = kernel === 'small pipes' ? { ...pipes, smallBytes: 65_536 } : pipes;
  const { calls } = faultyRelay(faults, pipeFaults, outOfPipe, intoPipe);
  if (kernel === 'native') return faults.length === 0 ? nativeRelayCalls() : calls;
  if (kernel === 'SO_SPLICE') return { ...calls, socketSplice: new SplicingKernel([0.4, 1, 0, 0.9]) };
  return kernel === 'buffers' ? { ...calls, splice: undefined } : calls;
}

/** Receives, and checks every byte against the place in the stream that it should have. */
class Taker {
  readonly digest = new Digest();
  wrongAt = -1;

  take(bytes: Uint8Array): void {
    const position = this.digest.lengthBytes;
    if (this.wrongAt < 0 && Buffer.compare(bytes, patternBytes(position, bytes.length)) !== 0) this.wrongAt = position;
    this.digest.add(bytes);
  }
}

class OuterEnd {
  readonly taker = new Taker();
  readonly sent = new Digest();
  hasEnded = false;

  constructor(
    readonly connection: Connection,
    private readonly kind: StreamKind,
  ) {
    connection.onData = chunk => {
      for (const range of chunk) this.taker.take(range);
    };
    connection.onEnd = () => (this.hasEnded = true);
  }

  run(next: Step): void {
    if (this.connection.isClosed) return;
    if (next.do === 'pause' || next.do === 'resume') this.connection[next.do]();
    if (next.do !== 'send' || this.kind === 'pipe') return;
    const bytes = patternBytes(this.sent.lengthBytes, next.lengthBytes);
    this.sent.add(bytes);
    this.connection.send(bytes);
  }
}

/** @returns the account, however the join ended. */
function settled(transfer: PromiseLike<TunnelAccount>): Promise<TunnelAccount> {
  return Promise.resolve(transfer).catch((failure: { transfer: TunnelAccount }) => failure.transfer);
}

interface Ends {
  readonly outer: Connection;
  /** What is joined. */
  readonly inner: Connection;
}

async function endsOf(kind: StreamKind): Promise<Ends> {
  const { writing, reading } = await streamOf(kind);
  return { inner: writing, outer: reading };
}

/** Only TCP has a reset that is an error of the socket; elsewhere it is an end of the stream, which is read, or written to. */
function hasNoReset({ kinds, ending: { by } }: Scene): boolean {
  return (by === 'reset of the left' && kinds[0] !== 'TCP') || (by === 'reset of the right' && kinds[1] !== 'TCP');
}

async function play(scene: Scene): Promise<void> {
  // Everything may be queued: back-pressure is what the reader's pauses are for.
  const [first, second] = [await endsOf(scene.kinds[0]), await endsOf(scene.kinds[1])];
  const ends = { left: first.outer, a: first.inner, b: second.inner, right: second.outer };
  const [left, right] = [new OuterEnd(ends.left, scene.kinds[0]), new OuterEnd(ends.right, scene.kinds[1])];
  const transfer = joinWith(callsOf(scene), ends.a, ends.b);
  const { by, after } = scene.ending;
  for (let index = 0; index < Math.max(scene.left.length, scene.right.length, after); index++) {
    if (index === after && by !== 'FIN') break;
    for (const [end, steps] of [
      [left, scene.left],
      [right, scene.right],
    ] as const) {
      if (index >= steps.length) continue;
      if (steps[index].do === 'pause all') transfer.pause();
      else if (steps[index].do === 'resume all') transfer.resume();
      else end.run(steps[index]);
    }
    await turns(1);
  }
  if (by === 'reset of the left') ends.left.reset();
  else if (by === 'reset of the right') ends.right.reset();
  else if (by === 'destroy of a') ends.a.destroy();
  else if (by === 'reset of b') ends.b.reset();
  else if (by === 'close of a') void ends.a.close().catch(() => {});
  else if (by === 'cancel') transfer.cancel();
  // By whatever else it ends, it ends also while it is paused.
  if (by === 'FIN' || hasNoReset(scene)) transfer.resume();
  // Also the peer of one that is reset: on a Unix socket a reset is an end like any other.
  if (by !== 'cancel') for (const { connection } of [left, right]) connection.end();
  for (const { connection } of [left, right]) if (!connection.isClosed) connection.resume();

  const account = await settled(transfer);
  if (by === 'cancel') await drain(left, right, ends.a, ends.b);
  else await Promise.all([ends.left, ends.right].map(end => end.closed.catch(() => {})));

  check(left, right, account.aToB, by);
  check(right, left, account.bToA, by);
  if (by !== 'FIN' && by !== 'cancel') expect([ends.a.isClosed, ends.b.isClosed]).to.deep.equal([true, true]);
  for (const end of [ends.left, ends.right, ends.a, ends.b]) end.destroy();
}

/** After a cancel all four are open: what the join did not take comes out of the inner ends, behind what it did. */
async function drain(left: OuterEnd, right: OuterEnd, a: Connection, b: Connection): Promise<void> {
  left.connection.end();
  right.connection.end();
  const rests = await Promise.all([a, b].map(restOf));
  // What was left in the queues of the inner ends goes out before their FIN.
  a.end();
  b.end();
  await Promise.all([left, right].map(({ connection }) => connection.closed));
  for (const bytes of rests[0]) right.taker.take(bytes);
  for (const bytes of rests[1]) left.taker.take(bytes);
}

async function restOf(connection: Connection): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of connection) pieces.push(chunk.toBytes());
  return pieces;
}

function check(source: OuterEnd, sink: OuterEnd, account: TunnelAccount['aToB'], by: Ending['by']): void {
  const { bytesIn, bytesOut, residueBytes } = account;
  expect(sink.taker.wrongAt, 'position of the first wrong byte').to.equal(-1);
  expect(bytesIn, 'bytesIn').to.equal(bytesOut + residueBytes);
  if (by === 'FIN' || by === 'cancel') expect(String(sink.taker.digest)).to.equal(String(source.sent));
  if (by === 'FIN') expect(account).to.include({ bytesIn: source.sent.lengthBytes, residueBytes: 0 });
  else expect(sink.taker.digest.lengthBytes).to.be.at.most(source.sent.lengthBytes);
  if (by !== 'FIN' && by !== 'cancel') expect(sink.taker.digest.lengthBytes).to.be.at.most(bytesOut);
}

function property(kinds: readonly Fault['kind'][], numRuns: number) {
  return async () => {
    await fc.assert(fc.asyncProperty(scenes(kinds), play), { ...propertyRuns(numRuns), timeout: 10_000 });
  };
}

// EAGAIN that the kernel did not say is followed by no edge.
describeOnEveryDriver(
  'join, at random',
  () => {
    it(
      'whatever the sizes, kinds, pauses, faults and endings: no byte is lost, doubled or moved',
      property(['short', 'EINTR', 'EAGAIN', 'EINVAL', 'ENOMEM', 'EPERM'], 40),
    );
  },
  ['level', 'oneshot'],
);

describeOnEveryDriver(
  'join, at random, by edges',
  () => {
    it('the same without EAGAIN', property(['short', 'EINTR', 'EINVAL', 'ENOMEM', 'EPERM'], 30));
  },
  ['edge'],
);
