/**
 * Living in Node's own loop, without an addon. Each turn runs in an immediate. Before it blocks, libuv is asked how
 * long it would sleep, and libuv's own descriptor is in our wait: so timers, promises, fetch and files go on as ever.
 *
 * Two ways that look right are not: bounding the wait by Node's next timer alone stalls workers on chains of short
 * timers; a uv_poll_t on our descriptor aborts the process when a worker ends with it open.
 */
import { clearImmediate, setImmediate } from '../../base/runtime-functions.js';
import type { NodeLoop } from '../../sys/ffi/node-loop.js';
import type { Host } from './host.js';

export class NodeHost implements Host {
  readonly fd: number;
  private scheduled: NodeJS.Immediate | undefined;

  constructor(private readonly loop: NodeLoop) {
    this.fd = loop.backendFd;
  }

  sleepMs(quietTurns: number): number {
    // After a turn with events, callbacks of promises and immediates may have made work that libuv has not seen yet.
    if (quietTurns === 0) return 0;
    stopIdleHandleUnlessNeeded();
    return this.loop.sleepMs();
  }

  othersAlive(): boolean {
    stopIdleHandleUnlessNeeded();
    return this.loop.alive();
  }

  schedule(turn: () => void, keepAlive: boolean): void {
    this.scheduled = setImmediate(turn);
    if (!keepAlive) this.scheduled.unref();
  }

  keepAlive(): void {
    this.scheduled?.ref();
  }
}

/**
 * Node counts the referenced immediates, its own among them, and runs an idle handle while there are any: that handle
 * keeps libuv from sleeping. It stops the handle when the last of them is cleared, but for the immediate that runs now
 * not before all others have run. So one is made and cleared: then the handle runs exactly if another one waits. It
 * costs the same whatever else lives in the loop; process.getActiveResourcesInfo() lists each timer and each handle.
 */
function stopIdleHandleUnlessNeeded(): void {
  clearImmediate(setImmediate(doNothing));
}

function doNothing(): void {}
