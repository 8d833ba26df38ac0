/**
 * What runs the reactor's turns: the loop of the runtime that it lives in. The reactor does not know which one it has.
 */
export interface Host {
  /** A descriptor that becomes readable when the runtime has something to do; -1 if it has none to offer. */
  readonly fd: number;

  /**
   * How long a turn may block without keeping anything of the runtime waiting, in milliseconds: 0 not at all, -1 until
   * an event. Asked from within a turn that has nothing to do itself.
   *
   * @param quietTurns how many turns before this one had nothing to do.
   */
  sleepMs(quietTurns: number): number;

  /** Whether the runtime goes on living without the reactor. Asked from within a turn. */
  othersAlive(): boolean;

  /**
   * Runs `turn` once, soon, after what the runtime has to do first.
   *
   * @param keepAlive whether that alone keeps the process from exiting.
   */
  schedule(turn: () => void, keepAlive: boolean): void;

  /** Makes the turn that is scheduled keep the process from exiting. */
  keepAlive(): void;
}
