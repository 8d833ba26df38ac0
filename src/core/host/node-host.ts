/**
 * Living in Node's own loop, without an addon. Each turn runs in an immediate. Before it blocks, libuv is asked how long
 * it would sleep, and libuv's own descriptor is in our wait: so timers, promises, fetch and files go on as ever.
 *
 * Two ways that look right are not: bounding the wait by Node's next timer alone stalls workers on chains of short
 * timers; a uv_poll_t on our descriptor aborts the process when a worker ends with it open.
 */
import process from 'node:process';
import type { NodeLoop } from '../../sys/node-loop.js';
import type { Host } from './host.js';

export class NodeHost implements Host {
  readonly fd: number;
  private scheduled: NodeJS.Immediate | undefined;

  constructor(private readonly loop: NodeLoop) {
    this.fd = loop.backendFd;
  }

  sleepMs(quietTurns: number): number {
    // After a turn with events, callbacks of promises and immediates may have made work that libuv has not seen yet.
    if (quietTurns === 0 || immediatesWait()) return 0;
    return this.loop.sleepMs();
  }

  othersAlive(): boolean {
    // Looking at the loop stops its idle handle, on which waiting immediates depend: so they are asked for first.
    return immediatesWait() || this.loop.alive();
  }

  schedule(turn: () => void, keepAlive: boolean): void {
    this.scheduled = setImmediate(turn);
    if (!keepAlive) this.scheduled.unref();
  }

  keepAlive(): void {
    this.scheduled?.ref();
  }
}

/** The immediate that is running is not among them. */
function immediatesWait(): boolean {
  return process.getActiveResourcesInfo().includes('Immediate');
}
