/**
 * The libuv loop of this thread. Node exports libuv's functions, and two of its own that are part of the addon
 * interface lead to the loop, so no addon is needed.
 */
import koffi, { type LibraryHandle } from 'koffi';
import { runtimeName } from './platform.js';

/** What a reactor has to know of the loop that it lives in. */
export interface NodeLoop {
  /** Readable whenever libuv has something to do, the stop signal of a worker included. */
  readonly backendFd: number;
  /**
   * How long libuv itself would sleep now, in milliseconds: 0 if it has work, an idle handle among it, -1 for ever.
   * Counted from now: libuv's own clock stands still since it last polled, so it is set first.
   *
   * A loop that nothing referenced keeps alive would not sleep but end: there libuv says 0. As it goes on for the
   * reactor's sake, timers that are not referenced are still due; so for the length of the question an active handle
   * of Node counts as referenced.
   */
  sleepMs(): number;
  /** Whether anything referenced keeps the loop alive. */
  alive(): boolean;
}

const GET_ISOLATE = '_ZN2v87Isolate10GetCurrentEv';
const GET_LOOP = '_ZN4node19GetCurrentEventLoopEPN2v87IsolateE';
/** All that is called here. */
const NEEDED = [
  GET_ISOLATE,
  GET_LOOP,
  ...['uv_backend_fd', 'uv_backend_timeout', 'uv_handle_get_type', 'uv_handle_type_name', 'uv_is_active'],
  ...['uv_loop_alive', 'uv_ref', 'uv_unref', 'uv_update_time', 'uv_walk'],
];

/** What keeps the reactor out of the loop of this runtime; undefined if nothing does. */
export function obstacleToNodeLoop(): string | undefined {
  // It exports all of them, for addons that are loaded and never call them: each call ends the process.
  if (runtimeName === 'bun') return 'its loop is not of libuv';
  const program = koffi.load(null);
  for (const name of NEEDED) {
    try {
      program.func(name, 'void', []);
    } catch {
      return `it exports no ${name}`;
    }
  }
  return undefined;
}

/** The loop of the calling thread; undefined on a runtime that keeps its loop to itself (Bun, Deno). */
export function openNodeLoop(): NodeLoop | undefined {
  if (obstacleToNodeLoop() !== undefined) return undefined;
  const node = koffi.load(null);
  const currentIsolate = node.func(GET_ISOLATE, 'uintptr_t', []) as () => number;
  const currentLoop = node.func(GET_LOOP, 'uintptr_t', ['uintptr_t']) as (isolate: number) => number;
  const ofLoop = (name: string) => node.func(name, 'int', ['uintptr_t']) as (loopOrHandle: number) => number;
  const backendFd = ofLoop('uv_backend_fd');
  const backendTimeout = ofLoop('uv_backend_timeout');
  const loopAlive = ofLoop('uv_loop_alive');

  const loop = currentLoop(currentIsolate());
  const ref = node.func('uv_ref', 'void', ['uintptr_t']) as (handle: number) => void;
  const unref = node.func('uv_unref', 'void', ['uintptr_t']) as (handle: number) => void;
  const updateTime = node.func('uv_update_time', 'void', ['uintptr_t']) as (loop: number) => void;
  const check = findCheckHandle(node, loop);
  return {
    backendFd: backendFd(loop),
    sleepMs() {
      updateTime(loop);
      const sleepMs = backendTimeout(loop);
      if (sleepMs !== 0 || loopAlive(loop) !== 0) return sleepMs;
      ref(check);
      const delayMs = backendTimeout(loop);
      unref(check);
      return delayMs;
    },
    alive: () => loopAlive(loop) !== 0,
  };
}

/** Node's handle for immediates, which is always active, or another that is: that is all that it is known by. */
function findCheckHandle(node: LibraryHandle, loop: number): number {
  const handleType = node.func('uv_handle_get_type', 'int', ['uintptr_t']) as (handle: number) => number;
  const typeName = node.func('uv_handle_type_name', 'str', ['int']) as (type: number) => string;
  const isActive = node.func('uv_is_active', 'int', ['uintptr_t']) as (handle: number) => number;
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
      if (found === 0 && isActive(handle) !== 0 && typeName(handleType(handle)) === 'check') found = Number(handle);
    },
    0,
  );
  if (found === 0)
    throw new Error(`this Node has no active check handle in its loop; Pollux does not know how to live in it`);
  return found;
}
