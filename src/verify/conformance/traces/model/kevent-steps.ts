/** kqueue, kevent, and kevent in another thread. */
import type { Timespec, KeventArguments } from '../../../model/kevent-call.js';
import type { Kevent } from '../../../model/kevent.js';
import { Refusal } from '../../../model/refusal.js';
import { expand } from '../differences.js';
import type { Answer } from '../target.js';
import type { Step, TracedKevent } from '../trace.js';
import { identOf } from './idents.js';
import { attempt, type Play, type Scene } from './scene.js';

/** How long the first thread goes on after it started another. */
const START_NS = 40e6;

const kqueue: Play = (scene, step) =>
  attempt(() => {
    scene.names.bind(step.as, scene.kernel.kqueue());
    return undefined;
  });

const kevent: Play = (scene, step) => {
  const startedNs = scene.kernel.clock.nowNs;
  return answer(() => {
    const call = scene.kernel.kevent(scene.fd(step.kq), argumentsOf(scene, step));
    scene.kernel.wakeBlocked();
    return { events: call.events!, elapsedMs: (scene.kernel.clock.nowNs - startedNs) / 1e6 };
  }, step.nullEvents !== true);
};

const keventStart: Play = (scene, step) => {
  const startedNs = scene.kernel.clock.nowNs;
  const call = scene.kernel.startKevent(scene.fd(step.kq), argumentsOf(scene, step));
  scene.waiting.set(step.as as string, { call, startedNs });
  scene.kernel.sleep(START_NS);
  return { results: {} };
};

const keventJoin: Play = (scene, step) => {
  const { call, startedNs } = scene.waiting.get(step.call as string)!;
  return answer(() => {
    scene.kernel.finish(call);
    return { events: call.events!, elapsedMs: (scene.kernel.clock.nowNs - startedNs) / 1e6 };
  });
};

export const keventSteps: Readonly<Record<string, Play>> = { kqueue, kevent, keventStart, keventJoin };

function answer(call: () => { events: readonly Kevent[]; elapsedMs: number }, seesEvents = true): Answer {
  try {
    const { events, elapsedMs } = call();
    return { results: { returned: events.length, errno: null }, events: seesEvents ? events : [], elapsedMs };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { results: { returned: -1, errno: error.code }, events: [] };
  }
}

/** @throws Refusal what the kernel says before it looks at the list. */
function argumentsOf(scene: Scene, step: Step): KeventArguments {
  const changes = ((step.changes ?? []) as TracedKevent[]).flatMap(change => expand(change));
  const count = (step.rawNchanges ?? changes.length) as number;
  if (count < 0) throw new Refusal('EINVAL');
  if (step.nullChanges === true && count > 0) throw new Refusal('EFAULT');
  return {
    changes: changes.slice(0, count).map(change => toKevent(scene, change)),
    nevents: step.nevents as number,
    timeout: timespecOf(step.timeoutMs),
    nullEvents: step.nullEvents === true,
  };
}

function toKevent(scene: Scene, change: TracedKevent): Kevent {
  const { notation, kernel } = scene;
  const data = (change.data ?? 0) as number | { nowPlusMs: number };
  return {
    ident: BigInt.asUintN(64, identOf(scene, change.ident, change.filter)),
    filter: notation.filter(change.filter),
    flags: notation.flags(change.flags),
    fflags: notation.fflags(change.filter, change.fflags),
    data: typeof data === 'number' ? data : Math.round(kernel.clock.wallClockMs + data.nowPlusMs),
    udata: BigInt(change.udata ?? 0),
  };
}

function timespecOf(timeout: unknown): Timespec | undefined {
  if (timeout === null || timeout === undefined) return undefined;
  if (typeof timeout === 'object') return timeout as Timespec;
  const timeoutMs = timeout as number;
  const sec = Math.floor(timeoutMs / 1000);
  return { sec, nsec: (timeoutMs - sec * 1000) * 1e6 };
}
