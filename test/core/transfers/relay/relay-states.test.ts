import { expect } from 'chai';
import fc from 'fast-check';
import { RelayAccount } from '../../../../src/core/transfers/relay/relay-account.js';
import { PipePool } from '../../../../src/core/transfers/relay/pipe-pool.js';
import { Relay, type RelayOwner } from '../../../../src/core/transfers/relay/relay.js';
import {
  isInLine,
  isOver,
  isPaused,
  RELAY_EVENTS,
  RELAY_STATES,
  RELAY_TRANSITIONS,
  type RelayEvent,
  type RelayState,
} from '../../../../src/core/transfers/relay/relay-states.js';
import { AGAIN, DONE, WAIT } from '../../../../src/core/operations/operation.js';
import { Allowance } from '../../../../src/core/transfers/allowance.js';
import { Pace } from '../../../../src/core/transfers/pace.js';
import { EAGAIN, ECONNRESET } from '../../../../src/sys/ffi/errno.js';
import type { StreamCalls } from '../../../../src/sys/socket/stream.js';
import { ScriptedSink, ScriptedSource, ScriptedThread } from '../../../support/scripted-ends.js';
import { walkStates } from '../../../support/state-walk.js';
import { propertyRuns } from '../../../property-runs.js';

/** What must come of an event, said a second time and in another way than by the table. */
function expected(state: RelayState, event: RelayEvent): RelayState {
  if (isOver(state)) return state;
  if (event === 'broken') return 'finished';
  if (event === 'cancel') return 'left';
  if (state === 'ending') return event === 'told' ? 'finished' : state;
  if (event === 'told') return state;
  if (event === 'source-closed') {
    if (isPaused(state)) return 'finished';
    return isInLine(state) ? state : 'ready';
  }
  if (event === 'begin') return state === 'in-line' ? 'ready' : state === 'in-line-paused' ? 'paused' : state;
  if (event === 'pause') return isPaused(state) ? state : isInLine(state) ? 'in-line-paused' : 'paused';
  if (event === 'resume') return !isPaused(state) ? state : isInLine(state) ? 'in-line' : 'ready';
  if (event === 'allowed') return state === 'pace' ? 'ready' : state;
  // What is left are answers to "what comes next", which are asked for where bytes can move.
  if (isPaused(state) || isInLine(state) || state === 'pace') return state;
  if (event === 'slow') return state === 'ready' ? state : 'pace';
  return event === 'dry' ? 'source' : event === 'held' ? 'sink' : 'ending';
}

/** A relay between two ends that a test plays: what the next calls answer is in `incoming` and `room`. */
class Scene implements RelayOwner {
  readonly keepsSink: boolean;
  readonly thread = new ScriptedThread();
  readonly source = new ScriptedSource(this.thread);
  readonly sink = new ScriptedSink(this.thread);
  readonly account = new RelayAccount();
  readonly pace = new Pace();
  /** Bytes that the source has; below 0 errnos with their sign turned; 'end'. Nothing would block. */
  incoming: number | 'end' = 0;
  /** Bytes that the sink takes. Nothing would block; below 0 as `incoming`. */
  room = 0;
  takenBytes = 0;
  ends = 0;
  sinkClosings = 0;
  readonly relay: Relay;

  constructor({ keepsSink = false, maxBytes = Infinity } = {}) {
    this.keepsSink = keepsSink;
    let errno = 0;
    const would = (code: number): number => {
      errno = code;
      return -1;
    };
    const calls: StreamCalls = {
      receive: (_fd, _address, lengthBytes) => {
        if (this.incoming === 'end') return 0;
        if (this.incoming <= 0) return would(this.incoming === 0 ? EAGAIN : -this.incoming);
        const taken = Math.min(this.incoming, lengthBytes);
        this.incoming -= taken;
        return taken;
      },
      send: (_fd, _address, lengthBytes) => {
        if (this.room <= 0) return would(this.room === 0 ? EAGAIN : -this.room);
        const sent = Math.min(this.room, lengthBytes);
        this.room -= sent;
        this.takenBytes += sent;
        return sent;
      },
      errno: () => errno,
      receiveName: 'recv',
      sendName: 'send',
    };
    const pipes = new PipePool({} as never);
    this.relay = new Relay(this, {
      source: this.source,
      sink: this.sink,
      names: { source: 'a', sink: 'b' },
      allowance: new Allowance(maxBytes, [this.pace]),
      account: this.account,
      calls: { socketStream: calls, pipeStream: calls, splice: undefined, pipes, socketSplice: undefined },
    });
  }

  onRelayBytes(): void {
    // The account counts.
  }

  onSinkClosing(): void {
    this.sinkClosings++;
  }

  onRelayEnd(): void {
    this.ends++;
  }

  begin(): void {
    if (isInLine(this.relay.state)) this.relay.begin(this.sink.descriptor);
  }

  readable() {
    return this.thread.ready(this.source.descriptor, 'read');
  }

  writable() {
    return this.thread.ready(this.sink.descriptor, 'write');
  }

  tell(): void {
    this.thread.tell(this.source.descriptor);
    this.thread.tell(this.sink.descriptor);
    this.thread.runDeferred();
  }

  /** What must hold at any time. */
  check(): void {
    const { relay, account, sink, source, thread } = this;
    const { state } = relay;
    const [reads, writes] = [source.descriptor.reads, sink.descriptor.writes];
    // What is told within the turn may still stand in its queue.
    if (state !== 'ending') {
      expect(reads !== undefined, `in the source's queue while ${state}`).to.equal(state === 'source');
      expect(writes !== undefined, `in the sink's queue while ${state}`).to.equal(state === 'sink');
    }
    expect(thread.timers, `timers while ${state}`).to.equal(state === 'pace' ? 1 : 0);
    expect(account.bytesOut).to.equal(this.takenBytes);
    expect(source.arrivedBytes).to.equal(account.bytesIn);
    if (!relay.isOver) return;
    expect([this.ends, source.returns, sink.turnsEnded]).to.deep.equal([1, 1, 1]);
    // Every byte that was taken has gone, is left to the sink, or is owned up to.
    expect(account.bytesIn).to.equal(account.bytesOut + account.residueBytes);
    if (state === 'left') expect(sink.restBytes).to.equal(account.residueBytes);
    else expect(sink.restBytes).to.equal(0);
  }
}

/** How a relay comes into each state from which it can be ended. */
const WAYS: Readonly<Record<Exclude<RelayState, 'finished' | 'left'>, (scene: Scene) => void>> = {
  'in-line': () => {},
  'in-line-paused': ({ relay }) => relay.pause(),
  ready: scene => {
    scene.relay.readsTaken();
    scene.begin();
  },
  source: scene => scene.begin(),
  sink: scene => {
    scene.begin();
    scene.incoming = 10;
    scene.room = 3;
    scene.readable();
  },
  pace: scene => {
    scene.pace.bytesPerSecond = 10;
    scene.pace.spend(100);
    scene.begin();
    scene.incoming = 10;
    scene.readable();
  },
  paused: scene => {
    WAYS.sink(scene);
    scene.relay.pause();
  },
  ending: scene => {
    scene.begin();
    scene.incoming = 'end';
    scene.readable();
  },
};

type Step = (scene: Scene) => void;

/** All that can happen to a relay, in any order. */
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom<Step>(
    scene => scene.begin(),
    ({ relay }) => relay.pause(),
    ({ relay }) => relay.resume(),
    ({ relay }) => relay.paceChanged(),
    ({ thread }) => thread.runTimers(),
    scene => scene.readable(),
    scene => scene.writable(),
    scene => scene.tell(),
    scene => (scene.incoming = scene.incoming === 'end' ? 'end' : 0),
    scene => (scene.pace.bytesPerSecond = Infinity),
    scene => {
      scene.pace.bytesPerSecond = 1;
      scene.pace.spend(10);
    },
  ),
  fc.integer({ min: 1, max: 500_000 }).map(bytes => (scene: Scene) => {
    if (typeof scene.incoming === 'number' && scene.incoming >= 0) scene.incoming += bytes;
  }),
  fc.integer({ min: 1, max: 500_000 }).map(bytes => (scene: Scene) => {
    if (scene.room >= 0) scene.room += bytes;
  }),
);

const endings: fc.Arbitrary<Step> = fc.constantFrom<Step>(
  scene => (scene.incoming = 'end'),
  scene => (scene.incoming = -ECONNRESET),
  scene => (scene.room = -ECONNRESET),
  scene => {
    scene.source.close();
    scene.relay.sourceClosed(new Error('closed'));
  },
  scene => {
    scene.relay.readsTaken();
    scene.relay.sourceClosed(new Error('taken'));
  },
  scene => {
    scene.sink.close();
    scene.relay.broken(new Error('closed'));
  },
  ({ relay }) => relay.cancel(),
);

describe('states of a relay', () => {
  walkStates({ states: RELAY_STATES, events: RELAY_EVENTS, table: RELAY_TRANSITIONS }, expected);

  for (const [state, come] of Object.entries(WAYS)) {
    for (const end of ['cancel', 'broken'] as const) {
      it(`${state}: ${end} ends it at once, gives both sides back, and loses no byte`, () => {
        const scene = new Scene();
        scene.relay.start();
        come(scene);
        expect(scene.relay.state).to.equal(state);
        scene.check();
        if (end === 'cancel') scene.relay.cancel();
        else scene.relay.broken(new Error('closed'));
        expect(scene.relay.state).to.equal(end === 'cancel' ? 'left' : 'finished');
        scene.check();
        for (const later of [scene.relay.cancel, scene.relay.pause, scene.relay.resume]) later.call(scene.relay);
        scene.tell();
        scene.check();
      });
    }
  }

  it('a step says whether it has moved bytes, would have blocked, or is over; what came is counted once', () => {
    const scene = new Scene();
    scene.relay.start();
    scene.begin();
    expect(scene.readable()).to.equal(WAIT);
    for (const round of [1, 2]) {
      scene.incoming = scene.room = 10;
      expect(scene.readable()).to.equal(AGAIN);
      expect([scene.source.arrivedBytes, scene.takenBytes]).to.deep.equal([10 * round, 10 * round]);
    }
    scene.incoming = 'end';
    expect(scene.readable()).to.equal(DONE);
    // The stream has ended well: that its connection is closed after that is no failure.
    scene.relay.sourceClosed(new Error('closed'));
    scene.tell();
    const { state, failure, hasSourceEnded } = scene.relay;
    expect([state, failure, hasSourceEnded]).to.deep.equal(['finished', undefined, true]);
  });

  it('the pace holds it until the timer is due', () => {
    const scene = new Scene();
    scene.relay.start();
    WAYS.pace(scene);
    expect(scene.thread.timers).to.equal(1);
    scene.pace.bytesPerSecond = Infinity;
    scene.thread.runTimers();
    expect(scene.relay.state).to.equal('source');
    scene.room = 10;
    scene.readable();
    expect(scene.takenBytes).to.equal(10);
  });

  it('its owner learns that the sink is closing, until it is over; an end that comes after the end changes nothing', () => {
    const scene = new Scene();
    scene.relay.start();
    WAYS.sink(scene);
    scene.relay.sinkClosing(new Error('closing'));
    scene.relay.cancel();
    scene.relay.sinkClosing(new Error('closing'));
    scene.relay.sourceClosed(new Error('closed'));
    scene.relay.broken(new Error('closed'));
    expect([scene.sinkClosings, scene.relay.failure, scene.ends]).to.deep.equal([1, undefined, 1]);
  });

  it('a refusal to watch an end is a failure of that end, told later in the turn', () => {
    for (const end of ['source', 'sink'] as const) {
      const scene = new Scene();
      scene.relay.start();
      if (end === 'sink') WAYS.source(scene);
      scene.incoming = 10;
      scene.thread.refusal = new Error(end);
      if (end === 'source') scene.begin();
      else scene.readable();
      expect(scene.relay.state).to.equal('ending');
      scene.tell();
      expect([scene.relay.state, scene.relay.brokenEnd, scene.relay.failure?.message]).to.deep.equal([
        'finished',
        end,
        end,
      ]);
    }
  });

  it('a copy that is paused when its source closes leaves what it holds to its target; a join drops it', () => {
    for (const keepsSink of [true, false]) {
      const scene = new Scene({ keepsSink });
      scene.relay.start();
      WAYS.paused(scene);
      scene.source.close();
      scene.relay.sourceClosed(new Error('closed'));
      expect([scene.relay.state, scene.sink.restBytes]).to.deep.equal(keepsSink ? ['left', 7] : ['finished', 0]);
      scene.check();
    }
  });

  it('whatever happens in whatever order: one place at a time, every byte counted, one end', () => {
    fc.assert(
      fc.property(
        fc.array(steps, { maxLength: 30 }),
        endings,
        fc.array(steps, { maxLength: 8 }),
        fc.record({ keepsSink: fc.boolean(), maxBytes: fc.constantFrom(Infinity, 100_000) }),
        (before, ending, after, options) => {
          const scene = new Scene(options);
          scene.relay.start();
          for (const step of [...before, ending, ...after]) {
            if (scene.relay.isOver && step === ending) continue;
            step(scene);
            scene.check();
          }
          scene.relay.cancel();
          scene.tell();
          expect(scene.relay.isOver).to.equal(true);
          scene.check();
        },
      ),
      propertyRuns(150),
    );
  });
});
