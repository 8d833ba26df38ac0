import { expect } from 'chai';
import fc from 'fast-check';
import { SocketToFile } from '../../../../src/core/transfers/files/socket-to-file.js';
import {
  SOCKET_TO_FILE_EVENTS,
  SOCKET_TO_FILE_STATES,
  SOCKET_TO_FILE_TRANSITIONS,
  type SocketToFileEvent,
  type SocketToFileState,
} from '../../../../src/core/transfers/files/socket-to-file-states.js';
import type { ReceiveInto } from '../../../../src/core/operations/receive-into.js';
import { ENOSPC } from '../../../../src/sys/ffi/errno.js';
import { ScriptedSource, ScriptedThread } from '../../../support/scripted-ends.js';
import { walkStates } from '../../../support/state-walk.js';
import { propertyRuns } from '../../../property-runs.js';

/** What must come of an event, said a second time and in another way than by the table. */
function expected(state: SocketToFileState, event: SocketToFileEvent): SocketToFileState {
  if (state === 'over') return state;
  if (state === 'ending') return event === 'written' ? 'over' : state;
  if (event === 'written') return state;
  const ends = ['peer-end', 'filled', 'broken', 'source-closed', 'cancel', 'disk-failed'];
  if (ends.includes(event)) return 'ending';
  if (event === 'reads-taken' || state === 'taken') return 'taken';
  if (event === 'pause') return 'paused';
  if (event === 'resume') return state === 'paused' ? 'receiving' : state;
  if (state === 'paused') return state;
  return event === 'slow' ? 'pace' : 'receiving';
}

/** A transfer between a connection and a disk that a test plays. */
class Scene {
  readonly thread = new ScriptedThread();
  readonly source = new ScriptedSource(this.thread);
  readonly transfer: SocketToFile;
  settled: (Error | undefined)[] = [];
  fileReleases = 0;
  writtenBytes = 0;
  private answer: ((result: number) => void) | undefined = undefined;
  private askedBytes = 0;

  constructor(readonly lengthBytes = Infinity) {
    this.transfer = new SocketToFile({ reads: this.source }, (_file, _iovecs, _count, offset, done) => {
      expect(offset).to.equal(1000 + this.writtenBytes);
      this.answer = done;
      this.askedBytes = this.transfer.account.residueBytes;
    });
    this.transfer.onSettled = failure => this.settled.push(failure);
  }

  start(): this {
    const file = { fd: 3, device: 1, name: 'file' };
    const { lengthBytes } = this;
    this.transfer.start({ file, offset: 1000, lengthBytes, releaseFile: () => this.fileReleases++ });
    this.thread.runDeferred();
    return this;
  }

  get isWriting(): boolean {
    return this.answer !== undefined;
  }

  /** The receive call that waits is over. @param isTold false: the transfer has not been told yet. */
  receive(received: number, isTold = true): void {
    this.thread.settle(this.source.descriptor, 'read', operation => {
      const receiving = operation as ReceiveInto;
      if (received < 0) receiving.fail(new Error('reset'));
      else receiving.received = Math.min(received, roomOf(receiving));
    });
    if (isTold) this.thread.tell(this.source.descriptor);
  }

  /** The disk answers. @param share of the bytes that it was given, from 0 to 1; below 0 an errno. */
  disk(share: number): void {
    const { answer, askedBytes } = this;
    if (answer === undefined) return;
    this.answer = undefined;
    const result = share < 0 ? share : Math.max(1, Math.floor(askedBytes * share));
    if (result > 0) this.writtenBytes += result;
    answer(result);
  }

  /** What must hold at any time. */
  check(): void {
    const { transfer, source, thread } = this;
    const { account, state } = transfer;
    if (state !== 'receiving') expect(source.descriptor.reads, `a receive while ${state}`).to.equal(undefined);
    expect(thread.timers, `timers while ${state}`).to.equal(state === 'pace' ? 1 : 0);
    expect(account.bytesOut).to.equal(this.writtenBytes);
    expect(account.bytesIn).to.equal(account.bytesOut + account.residueBytes);
    expect(source.arrivedBytes).to.equal(account.bytesIn);
    const times = state === 'over' ? 1 : 0;
    expect([this.settled.length, this.fileReleases, source.returns]).to.deep.equal([times, times, times]);
    if (state === 'over') expect(this.isWriting).to.equal(false);
  }
}

function roomOf(operation: ReceiveInto): number {
  return (operation as unknown as { bytes: Uint8Array }).bytes.length;
}

/** How a transfer comes into each state in which it is not over. */
const WAYS: Readonly<Record<Exclude<SocketToFileState, 'over'>, (scene: Scene) => void>> = {
  receiving: scene => scene.receive(100),
  pace: ({ transfer, thread }) => {
    transfer.pause();
    transfer.pace.bytesPerSecond = 1;
    transfer.pace.spend(10);
    transfer.resume();
    thread.runDeferred();
  },
  paused: scene => {
    scene.receive(100);
    scene.transfer.pause();
  },
  taken: scene => {
    scene.receive(100);
    scene.transfer.readsTaken();
  },
  ending: scene => {
    scene.receive(100);
    scene.receive(0);
  },
};

type Step = (scene: Scene) => void;

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom<Step>(
    ({ transfer }) => transfer.pause(),
    ({ transfer }) => transfer.resume(),
    ({ transfer }) => transfer.paceChanged(),
    ({ thread }) => thread.runTimers(),
    ({ thread }) => thread.runDeferred(),
    scene => scene.thread.tell(scene.source.descriptor),
    scene => scene.disk(1),
    ({ transfer }) => (transfer.pace.bytesPerSecond = Infinity),
    ({ transfer }) => {
      transfer.pace.bytesPerSecond = 1;
      transfer.pace.spend(10);
    },
  ),
  fc.tuple(fc.integer({ min: 1, max: 70_000 }), fc.boolean()).map(([bytes, isTold]) => {
    return (scene: Scene) => scene.receive(bytes, isTold);
  }),
  fc.double({ min: 0, max: 1, noNaN: true }).map(share => (scene: Scene) => scene.disk(share)),
);

const endings: fc.Arbitrary<Step> = fc.constantFrom<Step>(
  scene => scene.receive(0),
  scene => scene.receive(0, false),
  scene => scene.receive(-1),
  scene => scene.disk(-ENOSPC),
  scene => {
    scene.source.close();
    scene.transfer.sourceClosed(new Error('closed'));
  },
  ({ transfer }) => {
    transfer.readsTaken();
    transfer.sourceClosed(new Error('taken'));
  },
  ({ transfer }) => transfer.cancel(new Error('cancelled')),
);

describe('states of a connection on its way to a file', () => {
  walkStates(
    { states: SOCKET_TO_FILE_STATES, events: SOCKET_TO_FILE_EVENTS, table: SOCKET_TO_FILE_TRANSITIONS },
    expected,
  );

  for (const [state, come] of Object.entries(WAYS)) {
    it(`${state}: cancel takes nothing more, writes what was received, and then ends it`, () => {
      const scene = new Scene().start();
      come(scene);
      expect(scene.transfer.state).to.equal(state);
      expect(scene.source.isRested).to.equal(state === 'paused');
      scene.check();
      const reason = new Error('cancelled');
      scene.transfer.cancel(reason);
      scene.check();
      while (scene.isWriting) scene.disk(0.5);
      scene.check();
      expect(scene.transfer.state).to.equal('over');
      expect(scene.transfer.account.residueBytes).to.equal(0);
      expect(scene.settled).to.deep.equal([state === 'ending' ? undefined : reason]);
    });
  }

  it('no more is received than was asked for, and a stream that breaks is what it fails with', () => {
    const scene = new Scene(150).start();
    scene.receive(100);
    scene.receive(100);
    expect([scene.transfer.account.bytesIn, scene.transfer.state]).to.deep.equal([150, 'ending']);
    const broken = new Scene().start();
    broken.receive(100);
    broken.receive(-1);
    while (broken.isWriting) broken.disk(1);
    expect([broken.settled[0]?.message, broken.source.ends[0]?.message]).to.deep.equal(['reset', 'reset']);
    expect(broken.transfer.account.bytesOut).to.equal(100);
  });

  it('the pace holds it until the timer is due', () => {
    const scene = new Scene().start();
    WAYS.pace(scene);
    expect(scene.source.descriptor.reads).to.equal(undefined);
    scene.transfer.pace.bytesPerSecond = Infinity;
    scene.thread.runTimers();
    scene.thread.runDeferred();
    scene.receive(10);
    expect([scene.transfer.state, scene.transfer.account.bytesIn]).to.deep.equal(['receiving', 10]);
  });

  it('what a receive had taken when it is cancelled or paused is written, and its end is the end of the transfer', () => {
    for (const call of ['pause', 'cancel'] as const) {
      const scene = new Scene().start();
      scene.receive(100, false);
      if (call === 'pause') scene.transfer.pause();
      else scene.transfer.cancel(new Error('cancelled'));
      expect(scene.transfer.account.bytesIn).to.equal(100);
    }
    const scene = new Scene().start();
    scene.receive(0, false);
    scene.transfer.pause();
    scene.thread.runDeferred();
    expect([scene.transfer.state, ...scene.settled, ...scene.source.ends]).to.deep.equal([
      'over',
      undefined,
      undefined,
    ]);
  });

  it('whatever happens in whatever order: every byte is counted, what was received is written, one end', () => {
    fc.assert(
      fc.property(
        fc.array(steps, { maxLength: 30 }),
        endings,
        fc.array(steps, { maxLength: 8 }),
        fc.constantFrom(Infinity, 50_000),
        (before, ending, after, lengthBytes) => {
          const scene = new Scene(lengthBytes).start();
          for (const step of [...before, ending, ...after]) {
            step(scene);
            scene.check();
          }
          scene.transfer.cancel(new Error('cancelled'));
          scene.thread.runDeferred();
          while (scene.isWriting) scene.disk(1);
          scene.check();
          expect(scene.transfer.state).to.equal('over');
        },
      ),
      propertyRuns(150),
    );
  });
});
