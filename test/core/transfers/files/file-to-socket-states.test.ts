import { expect } from 'chai';
import fc from 'fast-check';
import { BufferList } from '../../../../src/index.js';
import { FileToSocket } from '../../../../src/core/transfers/files/file-to-socket.js';
import {
  FILE_SUPPLY_EVENTS,
  FILE_SUPPLY_STATES,
  FILE_SUPPLY_TRANSITIONS,
  FILE_TO_SOCKET_EVENTS,
  FILE_TO_SOCKET_STATES,
  FILE_TO_SOCKET_TRANSITIONS,
  type FileSupplyEvent,
  type FileSupplyState,
  type FileToSocketEvent,
  type FileToSocketState,
} from '../../../../src/core/transfers/files/file-to-socket-states.js';
import type { FileRange } from '../../../../src/core/operations/send-file.js';
import { EAGAIN, ECONNRESET, EIO } from '../../../../src/sys/ffi/errno.js';
import { ScriptedSink, ScriptedThread } from '../../../support/scripted-ends.js';
import { walkStates } from '../../../support/state-walk.js';
import { propertyRuns } from '../../../property-runs.js';

/** What must come of an event, said a second time and in another way than by the table. */
function expected(state: FileToSocketState, event: FileToSocketEvent): FileToSocketState {
  const isInLine = state.startsWith('in-line');
  const isPaused = state.endsWith('paused');
  if (state === 'over' || event === 'broken' || event === 'cancel') return 'over';
  // Where a timer is waited for, or an end is to be told, nothing is asked that could fail.
  if (state === 'breaking') return state;
  if (event === 'failed') return state === 'pace' ? state : 'breaking';
  if (event === 'refused') return state === 'pace' ? state : 'over';
  if (event === 'pause') return isInLine ? 'in-line-paused' : 'paused';
  if (event === 'resume') return isPaused ? (isInLine ? 'in-line' : 'sending') : state;
  if (event === 'begin') return isInLine ? (isPaused ? 'paused' : 'sending') : state;
  if (event === 'sent') return state === 'sending' || state === 'paused' ? 'over' : state;
  if (event === 'warm') return state === 'cold' ? 'sending' : state;
  if (event === 'allowed') return state === 'pace' ? 'sending' : state;
  return state === 'sending' ? (event === 'cold' ? 'cold' : 'pace') : state;
}

function expectedOfFile(state: FileSupplyState, event: FileSupplyEvent): FileSupplyState {
  const isAsked = state === 'ahead' || state === 'awaited' || state === 'closing';
  if (state === 'closed') return state;
  if (event === 'close') return isAsked ? 'closing' : 'closed';
  if (state === 'closing') return event === 'answer' ? 'closed' : state;
  if (event === 'answer') return isAsked ? 'idle' : state;
  if (event === 'ask') return 'awaited';
  return state === 'idle' ? 'ahead' : state;
}

const FILE_BYTES = 3_000_000;
const RANGE: FileRange = { fd: 3, device: 1, offset: 1000, lengthBytes: FILE_BYTES };

/** A transfer between a file and a connection that a test plays. */
class Scene {
  readonly thread = new ScriptedThread();
  readonly sink = new ScriptedSink(this.thread);
  readonly transfer: FileToSocket;
  /** Bytes that the connection takes; nothing: it would block; below 0 an errno. */
  room = 0;
  /** How far the file is in memory. */
  residentUntil = 0;
  sentBytes = 0;
  settled: (Error | undefined)[] = [];
  fileReleases = 0;
  givenBack = 0;
  /** The connection has told its turn that it is closed. */
  wasBroken = false;
  /** What the file was asked last, and has not answered. */
  private answer: ((result: number) => void) | undefined = undefined;
  private asked = { offset: 0, lengthBytes: 0 };

  constructor() {
    let failure = 0;
    this.transfer = new FileToSocket(
      { writes: this.sink },
      {
        calls: {
          sendfile: {
            takesHeader: false,
            refusesToWait: false,
            get failure() {
              return failure;
            },
            send: (_socket, _file, offset, lengthBytes) => {
              expect(offset).to.equal(RANGE.offset + this.sentBytes);
              const sent = Math.min(Math.max(this.room, 0), lengthBytes);
              failure = this.room < 0 ? -this.room : sent < lengthBytes ? EAGAIN : 0;
              if (this.room > 0) this.room -= sent;
              this.sentBytes += sent;
              return sent;
            },
          },
          reads: {
            isResident: (_fd, offset, lengthBytes) => offset + lengthBytes <= this.residentUntil,
            read: (_file, _address, lengthBytes, offset, done) => {
              expect(this.answer, 'one read at a time').to.equal(undefined);
              this.answer = done;
              this.asked = { offset, lengthBytes };
            },
          },
        },
      },
    );
    this.transfer.onSettled = failure => this.settled.push(failure);
  }

  start(range: FileRange | Promise<FileRange> = RANGE): this {
    this.transfer.start({
      range,
      before: new BufferList(),
      after: new BufferList(),
      giveBack: () => this.givenBack++,
      releaseFile: () => this.fileReleases++,
    });
    return this;
  }

  get isReading(): boolean {
    return this.answer !== undefined;
  }

  get askedFrom(): number {
    return this.asked.offset;
  }

  begin(): void {
    if (this.transfer.state.startsWith('in-line')) this.transfer.begin(this.sink.descriptor);
  }

  writable(): void {
    this.thread.ready(this.sink.descriptor, 'write');
    this.thread.tell(this.sink.descriptor);
  }

  /** The disk answers: everything it was asked, or an errno with its sign turned. */
  disk(errno = 0): void {
    const { answer, asked } = this;
    if (answer === undefined) return;
    this.answer = undefined;
    if (errno === 0) this.residentUntil = Math.max(this.residentUntil, asked.offset + asked.lengthBytes);
    answer(errno === 0 ? asked.lengthBytes : errno);
  }

  /** What must hold at any time. */
  check(): void {
    const { transfer, sink, thread } = this;
    const { state, account } = transfer;
    if (state !== 'sending') expect(sink.descriptor.writes, `in the queue while ${state}`).to.equal(undefined);
    expect(thread.timers, `timers while ${state}`).to.equal(state === 'pace' ? 1 : 0);
    expect(account.bytesOut).to.equal(this.sentBytes);
    expect(transfer.isHeld).to.equal(state !== 'sending');
    const isOver = state === 'over';
    expect(this.settled.length).to.equal(isOver ? 1 : 0);
    expect(this.fileReleases, `releases of the file while ${state}`).to.equal(isOver && !this.isReading ? 1 : 0);
    if (isOver) expect(sink.turnsEnded).to.equal(this.wasBroken ? 0 : 1);
  }
}

const never = new Promise<FileRange>(() => {});

/** How a transfer comes into each state in which it is not over. */
const WAYS: Readonly<Record<Exclude<FileToSocketState, 'over'>, (scene: Scene) => void>> = {
  'in-line': scene => scene.start(never),
  'in-line-paused': scene => scene.start(never).transfer.pause(),
  sending: scene => {
    scene.residentUntil = Infinity;
    scene.start().begin();
    scene.room = 1000;
    scene.writable();
  },
  cold: scene => {
    scene.start().begin();
    scene.writable();
  },
  pace: scene => {
    WAYS.sending(scene);
    scene.transfer.pace.bytesPerSecond = 1;
    scene.transfer.pace.spend(10);
    scene.writable();
  },
  paused: scene => {
    WAYS.cold(scene);
    scene.transfer.pause();
  },
  breaking: scene => {
    WAYS.sending(scene);
    scene.room = -ECONNRESET;
    scene.writable();
  },
};

type Step = (scene: Scene) => void;

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom<Step>(
    scene => scene.begin(),
    ({ transfer }) => transfer.pause(),
    ({ transfer }) => transfer.resume(),
    ({ transfer }) => transfer.paceChanged(),
    ({ thread }) => thread.runTimers(),
    scene => scene.writable(),
    scene => scene.disk(),
    scene => (scene.residentUntil = 0),
    ({ transfer }) => (transfer.pace.bytesPerSecond = Infinity),
    ({ transfer }) => {
      transfer.pace.bytesPerSecond = 1;
      transfer.pace.spend(10);
    },
  ),
  fc.integer({ min: 1, max: 1_500_000 }).map(bytes => (scene: Scene) => {
    if (scene.room >= 0) scene.room += bytes;
    scene.writable();
  }),
);

const endings: fc.Arbitrary<Step> = fc.constantFrom<Step>(
  scene => scene.disk(-EIO),
  scene => (scene.room = -ECONNRESET),
  scene => {
    scene.sink.close();
    scene.wasBroken = scene.transfer.state !== 'over';
    scene.transfer.broken(new Error('closed'));
  },
  ({ transfer }) => transfer.cancel(new Error('cancelled')),
);

describe('states of a file on its way to a connection', () => {
  describe('the transfer', () => {
    walkStates(
      { states: FILE_TO_SOCKET_STATES, events: FILE_TO_SOCKET_EVENTS, table: FILE_TO_SOCKET_TRANSITIONS },
      expected,
    );
  });

  describe('the file', () => {
    walkStates(
      { states: FILE_SUPPLY_STATES, events: FILE_SUPPLY_EVENTS, table: FILE_SUPPLY_TRANSITIONS },
      expectedOfFile,
    );
  });

  for (const [state, come] of Object.entries(WAYS)) {
    it(`${state}: cancel ends it at once, and the connection is the user's again`, () => {
      const scene = new Scene();
      come(scene);
      expect(scene.transfer.state).to.equal(state);
      if (state !== 'breaking') scene.check();
      const reason = new Error('cancelled');
      scene.transfer.cancel(reason);
      expect([scene.transfer.state, scene.settled]).to.deep.equal(['over', [reason]]);
      expect([scene.sink.turnsEnded, scene.thread.timers, scene.givenBack]).to.deep.equal([1, 0, 0]);
      expect(scene.sink.descriptor.writes).to.equal(undefined);
      expect(scene.sink.broken.length, 'resets').to.equal(state === 'breaking' ? 1 : 0);
    });
  }

  it('paused, it leaves the queue of the connection, which learns that it is held and when it is not', () => {
    const scene = new Scene();
    WAYS.sending(scene);
    expect(scene.sink.descriptor.writes).to.not.equal(undefined);
    const { progresses } = scene.sink;
    scene.transfer.pause();
    expect([scene.sink.descriptor.writes, scene.sink.progresses]).to.deep.equal([undefined, progresses + 1]);
    scene.transfer.resume();
    expect(scene.sink.descriptor.writes).to.not.equal(undefined);
    expect(scene.sink.progresses).to.equal(progresses + 2);
  });

  it('reads ahead once the file was cold, one range at a time, and never where it is in memory', () => {
    const warm = new Scene();
    WAYS.sending(warm);
    expect(warm.isReading).to.equal(false);
    const cold = new Scene();
    WAYS.cold(cold);
    cold.disk();
    cold.room = 1000;
    cold.writable();
    expect([cold.transfer.state, cold.isReading]).to.deep.equal(['sending', true]);
    expect(cold.askedFrom).to.equal(cold.residentUntil);
    // It has no more to send than was read: it waits for the read that is under way.
    cold.room = FILE_BYTES;
    cold.writable();
    cold.writable();
    expect(cold.transfer.state).to.equal('cold');
    cold.disk();
    expect(cold.transfer.state).to.equal('sending');
  });

  it('cancelled while the disk reads: its failure that comes then resets nothing, and the file is released once', () => {
    const scene = new Scene();
    scene.residentUntil = RANGE.offset + 256 * 1024;
    scene.start().begin();
    scene.room = 256 * 1024;
    scene.writable();
    scene.room = 1;
    scene.writable();
    expect([scene.transfer.state, scene.isReading, scene.sentBytes]).to.deep.equal(['cold', true, 256 * 1024]);
    scene.transfer.cancel(new Error('cancelled'));
    expect(scene.fileReleases).to.equal(0);
    scene.disk(-EIO);
    expect([scene.sink.broken.length, scene.fileReleases, scene.settled.length]).to.deep.equal([0, 1, 1]);
  });

  it('a file that fails before a byte went gives its lists back, one that fails later resets the connection', () => {
    const early = new Scene().start();
    early.begin();
    early.writable();
    early.disk(-EIO);
    expect([early.transfer.state, early.givenBack, early.sink.broken.length]).to.deep.equal(['over', 1, 0]);
    const late = new Scene();
    late.residentUntil = RANGE.offset + 256 * 1024;
    late.start().begin();
    late.room = 256 * 1024;
    late.writable();
    late.room = 1;
    late.writable();
    late.disk(-EIO);
    expect([late.transfer.state, late.givenBack, late.sink.broken.length]).to.deep.equal(['breaking', 0, 1]);
    late.transfer.broken(late.sink.broken[0]);
    expect([late.transfer.state, late.settled]).to.deep.equal(['over', late.sink.broken]);
  });

  it('what the file is may be known late: in line, paused and in its turn', async () => {
    for (const before of ['in-line', 'in-line-paused', 'cold', 'paused'] as const) {
      const scene = new Scene();
      scene.residentUntil = Infinity;
      const known = Promise.resolve(RANGE);
      scene.start(known);
      if (before.endsWith('paused')) scene.transfer.pause();
      if (!before.startsWith('in-line')) scene.begin();
      expect(scene.transfer.state).to.equal(before);
      await known;
      expect(scene.transfer.state).to.equal(before === 'cold' ? 'sending' : before);
      scene.transfer.resume();
      scene.begin();
      scene.room = FILE_BYTES;
      while (scene.transfer.state === 'sending') scene.writable();
      expect([scene.transfer.state, scene.sentBytes, ...scene.settled]).to.deep.equal(['over', FILE_BYTES, undefined]);
    }
  });

  it('whatever happens in whatever order: every byte in order, one read at a time, one end', () => {
    fc.assert(
      fc.property(
        fc.array(steps, { maxLength: 30 }),
        endings,
        fc.array(steps, { maxLength: 8 }),
        (before, ending, after) => {
          const scene = new Scene().start();
          for (const step of [...before, ending, ...after]) {
            step(scene);
            scene.check();
          }
          scene.transfer.cancel(new Error('cancelled'));
          scene.disk();
          scene.check();
          expect(scene.transfer.state).to.equal('over');
        },
      ),
      propertyRuns(150),
    );
  });
});
