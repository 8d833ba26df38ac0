/**
 * When the turns of a reactor come. It asks its host for one while there is work, and while something lives in the
 * reactor that keeps the process alive, or that is served as long as something else does.
 */
import type { Host } from './host.js';

/** A reactor, as its schedule sees it. */
export interface ScheduledTurns {
  readonly isClosed: boolean;
  /** Whether there is something to do at once. */
  readonly hasWork: boolean;
  /** Whether something is to be told at the end of a turn. */
  readonly hasDeferred: boolean;
  onTurn(): void;
}

export class TurnSchedule {
  /** What lives in the reactor, and how much of it keeps the process alive. */
  handles = 0;
  references = 0;
  isPaused = false;
  /** A turn was asked for that has not begun. */
  isScheduled = false;

  private inTurn = false;
  /** Turns in a row that found nothing to do. */
  private quietTurns = 0;
  private readonly runTurn = () => this.reactor.onTurn();

  constructor(
    private readonly host: Host,
    private readonly reactor: ScheduledTurns,
  ) {}

  enter(referenced: boolean): void {
    this.handles++;
    if (referenced) this.references++;
    this.wakeUp();
  }

  leave(referenced: boolean): void {
    this.handles--;
    if (referenced) this.references--;
  }

  reference(by: 1 | -1): void {
    this.references += by;
    this.wakeUp();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.handles > 0 || this.reactor.hasDeferred) this.wakeUp();
  }

  /** A turn begins, and `end` follows. @returns false: it is paused, and takes none. */
  begin(): boolean {
    this.isScheduled = false;
    if (this.isPaused && !this.reactor.isClosed) return false;
    this.inTurn = true;
    return true;
  }

  /** @param isBusy the turn has found something to do. */
  end(isBusy: boolean): void {
    this.inTurn = false;
    this.quietTurns = isBusy ? 0 : this.quietTurns + 1;
    const { host, reactor, references } = this;
    const hasWork = reactor.hasDeferred || (!reactor.isClosed && reactor.hasWork);
    if (this.isPaused || (!hasWork && (reactor.isClosed || this.handles === 0))) return;
    this.isScheduled = true;
    // Handles that keep nothing alive are still served as long as something else does.
    host.schedule(this.runTurn, hasWork || references > 0 || host.othersAlive());
  }

  /** Makes sure that a turn follows, for what was asked outside of one. */
  wakeUp(): void {
    const { host, reactor } = this;
    if (this.inTurn || this.isPaused || (reactor.isClosed && !reactor.hasDeferred)) return;
    const keepAlive = this.references > 0 || reactor.hasDeferred;
    if (!this.isScheduled) host.schedule(this.runTurn, keepAlive);
    else if (keepAlive) host.keepAlive();
    this.isScheduled = true;
  }

  /** How long the next wait may last, in milliseconds, if there is no work; below 0 for any time. */
  sleepMs(): number {
    // Kept awake by others only, who have ended meanwhile: nothing would ever end the wait.
    if (this.references === 0 && !this.host.othersAlive()) return 0;
    return this.host.sleepMs(this.quietTurns);
  }
}
