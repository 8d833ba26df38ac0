/** What other threads posted, as the reactor sees it: a step of its turn, and a question before it sleeps. */
export interface Inbox {
  /** For those who look at what there is. */
  readonly depths: InboxDepths;

  /** Whether `run` has something to do. */
  readonly hasWork: boolean;

  /** Runs what was posted, within its budget. @returns whether there was anything. */
  run(): boolean;

  /** Called before a wait that may block. @returns false: something was posted meanwhile, so don't block. */
  beginSleep(): boolean;

  /** Called after such a wait. */
  endSleep(): void;
}

/** How much waits in a thread's inbox. */
export interface InboxDepths {
  /** Messages received, and sent to other threads, so far. */
  readonly received: number;
  readonly sent: number;
  /** Wake-ups of other threads so far: system calls. */
  readonly wakes: number;
  /** Messages that wait here until other threads have room for them. */
  readonly waiting: number;
  /** Queues in which messages or items wait for a receiver, the longest first: at most 20. */
  readonly queues: readonly QueueDepth[];
}

/** A queue of a thread, by its name. */
export interface QueueDepth {
  readonly name: string;
  /** Messages of a queue that nobody has taken, or items of a work queue that no receiver has. */
  readonly length: number;
}
