/** What a service needs of its runtime, and what an accept model is to a service. */
import { clearTimeout, setTimeout } from '../../base/runtime-functions.js';
import type { Peer } from '../endpoint/peer.js';
import type { AcceptRequest } from './inlet.js';

/** A thread of the runtime. */
export interface CrewMember {
  readonly index: number;
  readonly name: string;
  /** Undefined while it does not run. */
  readonly peer: Peer | undefined;
  /** Resolves when the thread has done it; rejects with what it says, or that it has ended. */
  ask(request: AcceptRequest): Promise<void>;
}

/** The threads of a runtime, by index. */
export type Crew = readonly CrewMember[];

/** A time by which something must be done. */
export class Deadline {
  isPast = false;
  /** Resolves when it passes; never if `end` comes first. */
  readonly passing: Promise<void>;
  private timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number) {
    this.passing = new Promise(resolve => {
      this.timer = setTimeout(() => {
        this.isPast = true;
        resolve();
      }, delayMs);
    });
  }

  /** Waits for something, but not longer. @returns whether it came. */
  async holds(something: Promise<unknown>): Promise<boolean> {
    await Promise.race([something, this.passing]);
    return !this.isPast;
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/**
 * Asks threads, and waits for their answers.
 *
 * @returns those that had not answered when the deadline passed. A refusal is an answer: a thread that has ended.
 */
export async function askAll(
  members: readonly CrewMember[],
  ask: (member: CrewMember) => Promise<unknown>,
  deadline: Deadline,
): Promise<{ late: CrewMember[]; answered: Promise<unknown> }> {
  const silent = new Set(members);
  const answered = Promise.allSettled(members.map(member => ask(member).finally(() => silent.delete(member))));
  await deadline.holds(answered);
  return { late: [...silent], answered };
}

export interface AcceptModelRun {
  /** A thread runs: at the beginning, and anew after a crash. Resolves when it serves. */
  begin(member: CrewMember): Promise<void>;
  /** A thread has ended; its descriptors are still open. @param willReturn it is being started again. */
  onEnded(member: CrewMember, willReturn: boolean): void;
  /**
   * Takes what waits to be accepted, and accepts no more.
   *
   * @param deadline what has not been done when it passes is done without the threads that have not answered.
   * @returns those threads.
   */
  close(deadline: Deadline): Promise<readonly CrewMember[]>;
  /**
   * The runtime is being stopped: as `close`, but for one thread, which waits for no other. Resolves when it has taken what
   * it was given, or has ended; it is given nothing after that.
   */
  release(member: CrewMember): Promise<void>;
}
