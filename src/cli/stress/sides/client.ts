/** libiapp's client of streams: opens connections at a rate, and writes on all of them as fast as they take it. */
import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, type ConnectOptions } from '../../../api/stream/connect.js';
import type { Connection } from '../../../api/stream/connection.js';
import { currentReactor } from '../../../api/thread-reactor.js';
import type { ThreadAccount } from '../account.js';
import { Pusher } from './pusher.js';
import { openingSeconds, type ClientPlan } from '../plan.js';
import { Tally, type ThreadProgress } from '../tally.js';
import type { ClientSide } from './side-thread.js';

/** As libiapp: ten batches a second. */
const BATCH_MS = 100;
/** A thread that gets a tenth of a processor comes to look after a connection only seconds after it was made. */
const CONNECT_TIMEOUT_MS = 60_000;
/** A slow sink may have megabytes of each connection still to read when the pushing ends. */
const DELIVERY_MS = 60_000;
/** Thousands of ends at once would be a second in which the loop does nothing else. */
const CLOSES_PER_TURN = 128;
/** Failures, with no success at all, after which it is clear that nobody is there. */
const HOPELESS = 10;

export class FloodClient implements ClientSide {
  private readonly tally: Tally;
  private readonly pusher: Pusher;
  private readonly open = new Set<Connection>();
  private readonly aborter = new AbortController();
  private readonly connectOptions: ConnectOptions;
  private readonly startedMs = performance.now();
  private started = 0;
  private closedBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;
  private stopped = false;
  private endPushing: () => void = () => {};
  /** Resolves when the time is up, `stop` was called, or nobody answers. */
  readonly pushed: Promise<void>;

  constructor(private readonly plan: ClientPlan) {
    const { target, sizes, durationSeconds, durationFrom } = plan;
    this.tally = new Tally(currentReactor());
    this.pusher = new Pusher(plan, this.tally.delays);
    this.connectOptions = {
      ...target,
      timeoutMs: CONNECT_TIMEOUT_MS,
      signal: this.aborter.signal,
      // One write in flight a connection, in the kernel and here, as in libiapp. The megabytes that the kernel would
      // hold otherwise hide the events: a client would hardly ever wait for room.
      sendBufferBytes: sizes.most,
      highWaterBytes: 1,
      lowWaterBytes: 0,
      maxQueuedBytes: sizes.most,
      lingerMs: DELIVERY_MS,
      closeTimeoutMs: DELIVERY_MS,
    };
    // One for each attempt under way; Node suspects a leak from eleven on.
    setMaxListeners(0, this.aborter.signal);
    this.tally.start();
    this.stopAfter(durationFrom === 'start' ? durationSeconds : openingSeconds(plan));
    this.pushed = new Promise(resolve => (this.endPushing = resolve));
    this.timer = setInterval(() => this.openBatch(), BATCH_MS);
    this.openBatch();
  }

  /** Ends the pushing. The connections stay open. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    clearTimeout(this.deadline);
    clearInterval(this.timer);
    this.pusher.stop();
    this.aborter.abort();
    this.tally.noteHeld();
    this.endPushing();
  }

  /** Closes all connections in order, each delivering what it has queued. */
  async finish(): Promise<ThreadAccount> {
    this.stop();
    const closing: Promise<void>[] = [];
    for (const connection of [...this.open]) {
      // What went wrong with each is in the tally already.
      closing.push(connection.close().catch(() => {}));
      if (closing.length % CLOSES_PER_TURN === 0) await nextTurn();
    }
    await Promise.all(closing);
    this.tally.bytes = this.closedBytes;
    this.tally.messages = this.pusher.messages;
    return this.tally.finish();
  }

  progress(): ThreadProgress {
    this.tally.bytes = this.tally.bytesSent;
    this.tally.messages = this.pusher.messages;
    return this.tally.progress();
  }

  private openBatch(): void {
    const { rate, connections } = this.plan;
    const batch = (rate * BATCH_MS) / 1000;
    const due = Math.ceil((performance.now() - this.startedMs) * (rate / 1000) + batch);
    // After a stall it catches up, but not with all at once.
    const end = Math.min(connections, due, this.started + Math.ceil(2 * batch));
    while (this.started < end) void this.openOne();
    if (this.started >= connections) clearInterval(this.timer);
  }

  private async openOne(): Promise<void> {
    this.started++;
    let connection: Connection;
    try {
      connection = await connect(this.connectOptions);
    } catch (error) {
      if (!this.stopped) this.failed(error as Error);
      return;
    }
    this.tally.open();
    this.open.add(connection);
    this.attemptOver();
    connection.onClose = failure => {
      this.open.delete(connection);
      this.closedBytes += connection.bytesSent;
      this.tally.close(failure);
    };
    if (this.stopped) void connection.close().catch(() => {});
    else this.pusher.add(connection);
  }

  private failed(failure: Error): void {
    this.tally.fail(failure);
    const hopeless = Math.min(HOPELESS, this.plan.connections);
    if (!this.tally.everOpened && this.tally.attemptsOver >= hopeless) this.stop();
    else this.attemptOver();
  }

  private attemptOver(): void {
    const { connections, durationSeconds, durationFrom } = this.plan;
    const isLast = this.tally.attemptsOver === connections;
    if (isLast && durationFrom === 'all open' && !this.stopped) this.stopAfter(durationSeconds);
  }

  private stopAfter(seconds: number): void {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => this.stop(), seconds * 1000);
  }
}
