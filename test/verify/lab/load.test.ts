/** Load from another thread: it writes where it was told to, and nothing is taken from under it. */
import { expect } from 'chai';
import { builtInBackends } from '../../backends/built-in-backends.js';
import { realWorld } from '../../../src/verify/conformance/real-world.js';
import { subjectNamed, type Subject } from '../../../src/verify/conformance/subject.js';
import type { World } from '../../../src/verify/conformance/world.js';
import { compareBackends } from '../../../src/verify/lab/comparison.js';
import { runProgram } from '../../../src/verify/lab/execution.js';
import type { Program, Step } from '../../../src/verify/lab/program.js';
import { shrink } from '../../../src/verify/lab/shrinking.js';
import { IoError } from '../../../src/sys/ffi/io-error.js';

const LOADS = 200;
const LENGTH_BYTES = 100;

/** Steps that take a descriptor or its number away, and what has to be there for them. */
const TAKING: readonly (readonly Step[])[] = [
  [{ op: 'close', end: 0 }],
  [{ op: 'reset', end: 0 }],
  [
    { op: 'register', end: 0, interest: 1, mode: 'level' },
    { op: 'close-early', end: 0 },
  ],
  [{ op: 'reopen', channel: 0 }],
  [{ op: 'replace', channel: 0 }],
  [{ op: 'dup', end: 0 }],
  [{ op: 'half-close', end: 0 }],
  [{ op: 'connect', end: 2 }],
  [{ op: 'fork', lengthBytes: 1 }],
];

/** What takes numbers, or gives them, of the calls of a world. */
const CALLS = ['close', 'reset', 'dup', 'dup2', 'endWriting', 'startConnect', 'socketPair'] as const;

/** The world of this kernel that writes down what is done about descriptors, and when loads begin and end. */
function recordingWorld(calls: string[]): World {
  const world = Object.create(realWorld) as Record<string, unknown>;
  for (const name of CALLS) {
    world[name] = (...args: unknown[]) => {
      calls.push(name);
      return Reflect.apply(realWorld[name], realWorld, args) as unknown;
    };
  }
  world.startLoad = (fds: readonly number[], lengthBytes: number) => {
    calls.push('startLoad');
    const load = realWorld.startLoad(fds, lengthBytes);
    return {
      join() {
        calls.push('join');
        load.join();
      },
    };
  };
  return world as unknown as World;
}

function recorded(calls: string[]): Subject {
  const { factory } = subjectNamed('poll').enter();
  return { name: 'poll', enter: () => ({ world: recordingWorld(calls), factory }) };
}

describe('the load of the lab', () => {
  it('writes as often at each descriptor, also when a peer has gone', () => {
    const [left, right] = realWorld.socketPair();
    const [orphan, gone] = realWorld.socketPair();
    realWorld.close(gone);
    const counts = Array.from({ length: 2 }, () => {
      realWorld.startLoad([orphan, left], LENGTH_BYTES).join();
      return realWorld.drain(right);
    });
    for (const fd of [left, right, orphan]) realWorld.close(fd);
    expect(counts[0]).to.be.above(LENGTH_BYTES);
    expect(counts[0] % LENGTH_BYTES).to.equal(0);
    expect(counts[1]).to.equal(counts[0]);
  });

  it('says what a write failed with, and writes again after that', () => {
    const [reader, writer] = realWorld.pipe();
    const failed = realWorld.startLoad([reader], 1);
    expect(() => failed.join())
      .to.throw(IoError)
      .with.property('code', 'EBADF');
    realWorld.startLoad([writer], 1).join();
    expect(realWorld.drain(reader)).to.be.above(1);
    realWorld.close(reader);
    realWorld.close(writer);
  });

  for (const steps of TAKING) {
    const { op } = steps.at(-1)!;
    it(`is over before a step '${op}'`, () => {
      const calls: string[] = [];
      const load: Step = { op: 'fork', lengthBytes: LENGTH_BYTES };
      runProgram(recorded(calls), { maxEvents: 8, channels: ['unix', 'listener'], steps: [load, ...steps] });
      const atWork = calls.slice(calls.indexOf('startLoad'));
      expect(atWork.slice(0, 2), String(atWork)).to.deep.equal(['startLoad', 'join']);
    });
  }

  for (const name of [...builtInBackends(), 'model:freebsd-14']) {
    it(`goes on while ${name} is waited on, in each mode, and breaks nothing`, function () {
      const subject = subjectNamed(name);
      if (name === 'epoll' && !subject.enter().factory.probe().available) this.skip();
      expect(runProgram(subject, underLoad()).violation).to.equal(undefined);
    });
  }

  it('is a burst in the program that is shrunk, where that does as well', () => {
    const program: Program = { maxEvents: 64, channels: ['unix'], steps: [{ op: 'fork', lengthBytes: 5_000 }] };
    const writes = ({ steps }: Program) =>
      steps.some(({ op }) => op === 'fork' || op === 'burst') ? 'lost' : undefined;
    expect(shrink(program, 'lost', writes).steps).to.deep.equal([{ op: 'burst', lengthBytes: 1 }]);
  });

  it('is not part of what is compared, and timers are not either', () => {
    const calls: string[] = [];
    const subject = recorded(calls);
    const steps: Step[] = [
      { op: 'register', end: 0, interest: 1, mode: 'level' },
      { op: 'fork', lengthBytes: 1 },
      { op: 'timer', delayMs: 0 },
      { op: 'wait', timeoutMs: 1 },
    ];
    const comparison = compareBackends([subject, subject], { maxEvents: 8, channels: ['unix'], steps });
    expect(comparison).to.deep.equal({ differences: [], violations: [undefined, undefined] });
    expect(calls).to.not.include('startLoad');
  });
});

/** Loads, each beside waits and reads of what it writes, at ends of every kind and mode. */
function underLoad(): Program {
  const modes = ['level', 'edge', 'oneshot', 'oneshot-edge'] as const;
  const channels = modes.flatMap(() => ['unix', 'pipe', 'tcp'] as const);
  const ends = Array.from({ length: 2 * channels.length }, (_, end) => end);
  const register = ends.map((end): Step => ({ op: 'register', end, interest: 3, mode: modes[end % modes.length] }));
  const round: Step[] = [
    { op: 'fork', lengthBytes: LENGTH_BYTES },
    { op: 'wait', timeoutMs: 1 },
    ...ends.map((end): Step => ({ op: 'drain', end })),
    { op: 'wait', timeoutMs: 0 },
    ...ends.map((end): Step => ({ op: 'modify', end, interest: 3 })),
    { op: 'wait', timeoutMs: 0 },
  ];
  return { maxEvents: 8, channels, steps: [...register, ...Array.from({ length: LOADS }, () => round).flat()] };
}
