/** kqueue and kevent of this machine. */
import { performance } from 'node:perf_hooks';
import { bsdErrnoIfKnown } from '../../../model/refusal.js';
import type { Kevent } from '../../../model/kevent.js';
import { errnoName } from '../../../../sys/ffi/errno.js';
import { KeventArray } from '../../../../sys/poll/kevent-array.js';
import { expand } from '../differences.js';
import type { Step, TracedKevent } from '../trace.js';
import { Unsupported } from '../unsupported.js';
import { identOf } from './idents.js';
import type { NativePlay, NativeScene } from './scene.js';

const WORD = 2n ** 32n;

const kqueue: NativePlay = (scene, step) => {
  const kq = scene.calls.kqueue();
  if (kq < 0) return { results: { errno: errnoName(scene.calls.errno()) } };
  scene.bind(step.as, kq);
  return { results: { errno: null } };
};

const kevent: NativePlay = (scene, step) => {
  for (const field of ['rawNchanges', 'nullChanges', 'nullEvents', 'ignoreEvents']) {
    if (field in step) throw new Unsupported(`kevent with ${field}`);
  }
  const { calls } = scene;
  const nevents = step.nevents as number;
  if (nevents < 0) throw new Unsupported('a negative nevents');
  const list = ((step.changes ?? []) as TracedKevent[]).flatMap(change => expand(change));
  const changes = new KeventArray(calls.system.layout, Math.max(1, list.length));
  list.forEach((change, index) => store(scene, changes, index, change));
  const events = new KeventArray(calls.system.layout, Math.max(1, nevents));
  const started = performance.now();
  const kq = scene.fd(step.kq);
  const returned = calls.kevent(kq, changes, list.length, events, nevents, timeoutNsOf(step));
  const failure = returned < 0 ? errnoName(calls.errno()) : null;
  const elapsedMs = Math.round((performance.now() - started) * 10) / 10;
  const taken = Array.from({ length: Math.max(0, returned) }, (_, index) => eventAt(scene, events, index));
  return { results: { returned, errno: failure }, events: taken, elapsedMs };
};

export const keventSteps: Readonly<Record<string, NativePlay>> = { kqueue, kevent };

function timeoutNsOf(step: Step): number {
  const { timeoutMs } = step;
  if (timeoutMs === null || timeoutMs === undefined) return -1;
  if (typeof timeoutMs !== 'number') throw new Unsupported('a raw timespec');
  return timeoutMs * 1e6;
}

function store(scene: NativeScene, array: KeventArray, index: number, change: TracedKevent): void {
  const { notation } = scene;
  const ident = BigInt.asIntN(64, identOf(scene, change.ident, change.filter));
  const udata = BigInt(change.udata ?? 0);
  const data = (change.data ?? 0) as number | { nowPlusMs: number };
  array.set(
    index,
    Number(ident),
    notation.filter(change.filter),
    notation.flags(change.flags),
    notation.fflags(change.filter, change.fflags),
    typeof data === 'number' ? data : Math.round(Date.now() + data.nowPlusMs),
    Number(udata % WORD),
    Number(udata / WORD),
  );
}

/** An event, its errnos as the BSDs number them. */
function eventAt(scene: NativeScene, array: KeventArray, index: number): Kevent {
  const { constants } = scene.calls.system;
  const flags = array.flags(index);
  const filter = array.filter(index);
  const isError = (flags & constants.EV_ERROR) !== 0;
  const isSocket = filter === constants.EVFILT_READ || filter === constants.EVFILT_WRITE;
  const fflags = array.fflags(index);
  return {
    ident: identAt(array, index),
    filter,
    flags,
    fflags: isSocket && (flags & constants.EV_EOF) !== 0 && fflags !== 0 ? asBsd(fflags) : fflags,
    data: isError && array.data(index) !== 0 ? asBsd(array.data(index)) : array.data(index),
    udata: BigInt(array.udataLow(index)) + BigInt(array.udataHigh(index)) * WORD,
  };
}

function asBsd(errno: number): number {
  return bsdErrnoIfKnown(errnoName(errno)) ?? errno;
}

/** All of its 64 bits: -1 is one that scenarios ask for. */
function identAt({ bytes, layout }: KeventArray, index: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getBigUint64(index * layout.sizeBytes + layout.ident, true);
}
