/**
 * The libuv loop of this thread. Node exports libuv's functions, and two of its own that are part of the addon interface
 * lead to the loop, so no addon is needed.
 */
import koffi, { type LibraryHandle } from 'koffi';
import { hasLibuv } from './platform.js';

/** What a reactor has to know of the loop that it lives in. */
export interface NodeLoop {
  /** Readable whenever libuv has something to do, the stop signal of a worker included. */
  readonly backendFd: number;
  /**
   * How long libuv itself would sleep now: 0 if it has work, -1 for ever. Asked from within an immediate: there libuv
   * would always say 0, because Node's idle handle runs while an immediate is referenced; so that handle is stopped
   * first. The next referenced setImmediate starts it again.
   *
   * A loop that nothing referenced keeps alive would not sleep but end. As it goes on for the reactor's sake, timers that
   * are not referenced are still due.
   */
  sleepMs(): number;
  /** Whether anything but the immediate that asks keeps the loop alive. */
  alive(): boolean;
}

/** The loop of the calling thread, or undefined on a runtime that has no libuv (Bun). */
export function openNodeLoop(): NodeLoop | undefined {
  if (!hasLibuv) return undefined;
  const node = koffi.load(null);
  const currentIsolate = node.func('_ZN2v87Isolate10GetCurrentEv', 'uintptr_t', []) as () => number;
  const currentLoop = node.func('_ZN4node19GetCurrentEventLoopEPN2v87IsolateE', 'uintptr_t', ['uintptr_t']) as (
    isolate: number,
  ) => number;
  const ofLoop = (name: string) => node.func(name, 'int', ['uintptr_t']) as (loopOrHandle: number) => number;
  const backendFd = ofLoop('uv_backend_fd');
  const backendTimeout = ofLoop('uv_backend_timeout');
  const loopAlive = ofLoop('uv_loop_alive');
  const idleStop = ofLoop('uv_idle_stop');

  const loop = currentLoop(currentIsolate());
  const isActive = ofLoop('uv_is_active');
  const dueInMs = node.func('uv_timer_get_due_in', 'uint64', ['uintptr_t']) as (timer: number) => number;
  // Node keeps one handle of each a loop: for its immediates, and for all timers together.
  const idle = findHandle(node, loop, 'idle');
  const timer = findHandle(node, loop, 'timer');
  return {
    backendFd: backendFd(loop),
    sleepMs() {
      if (idle !== 0) idleStop(idle);
      if (loopAlive(loop) !== 0) return backendTimeout(loop);
      return timer !== 0 && isActive(timer) !== 0 ? Number(dueInMs(timer)) : -1;
    },
    alive() {
      if (idle !== 0) idleStop(idle);
      return loopAlive(loop) !== 0;
    },
  };
}

/** The first handle of a type, which is all that it is known by; 0 if there is none. */
function findHandle(node: LibraryHandle, loop: number, type: string): number {
  const handleType = node.func('uv_handle_get_type', 'int', ['uintptr_t']) as (handle: number) => number;
  const typeName = node.func('uv_handle_type_name', 'str', ['int']) as (type: number) => string;
  const visitor = koffi.pointer(koffi.proto('void', ['uintptr_t', 'uintptr_t']));
  const walk = node.func('uv_walk', 'void', ['uintptr_t', visitor, 'uintptr_t']) as (
    loop: number,
    visit: (handle: number) => void,
    argument: number,
  ) => void;
  let found = 0;
  walk(
    loop,
    handle => {
      if (found === 0 && typeName(handleType(handle)) === type) found = Number(handle);
    },
    0,
  );
  return found;
}
