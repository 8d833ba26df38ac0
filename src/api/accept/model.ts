/** What a service needs of its runtime, and what an accept model is to a service. */
import type { Peer } from '../messages/peer.js';
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

export interface AcceptModelRun {
  /** A thread runs: at the beginning, and anew after a crash. Resolves when it serves. */
  begin(member: CrewMember): Promise<void>;
  /** A thread has ended; its descriptors are still open. @param willReturn it is being started again. */
  onEnded(member: CrewMember, willReturn: boolean): void;
  /** Takes what waits to be accepted, and accepts no more. */
  close(): Promise<void>;
  /**
   * The runtime is being stopped: as `close`, but for one thread, which waits for no other. Resolves when it has taken what
   * it was given, or has ended; it is given nothing after that.
   */
  release(member: CrewMember): Promise<void>;
}
