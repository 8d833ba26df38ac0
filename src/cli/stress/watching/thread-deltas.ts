/** What each thread has done since it was asked last. */
import type { ProcessProgress, ThreadProgress } from '../tally.js';

/** The sides as they are now. */
export type SidesProgress = readonly {
  readonly side: 'server' | 'client';
  readonly processes: readonly ProcessProgress[];
}[];

export interface ThreadDelta {
  readonly side: 'server' | 'client';
  /** Counted from 1, over all processes of the side. */
  readonly thread: number;
  readonly now: ThreadProgress;
  /** What it is over, by the thread's own account; 0 if it has not said anything since. */
  readonly seconds: number;
  readonly bytes: number;
  readonly messages: number | null;
  readonly dropped: number | null;
  readonly errors: number;
}

export class ThreadDeltas {
  private readonly before = new Map<string, ThreadProgress>();

  /** @param startedMs where the first deltas begin, by the clock of the machine. */
  constructor(private readonly startedMs: number) {}

  since(sides: SidesProgress): ThreadDelta[] {
    return sides.flatMap(({ side, processes }) =>
      processes
        .flatMap(({ threads }) => threads)
        .map((now, index): ThreadDelta => {
          const key = `${side} ${index}`;
          const before = this.before.get(key) ?? this.nothingOf(now);
          this.before.set(key, now);
          return {
            side,
            thread: index + 1,
            now,
            seconds: (now.atMs - before.atMs) / 1000,
            bytes: now.bytes - before.bytes,
            messages: differenceOf(now.messages, before.messages),
            dropped: differenceOf(now.dropped, before.dropped),
            errors: now.errors - before.errors,
          };
        }),
    );
  }

  private nothingOf({ messages, dropped }: ThreadProgress): ThreadProgress {
    const zero = (known: number | null) => (known === null ? null : 0);
    return { atMs: this.startedMs, held: 0, bytes: 0, messages: zero(messages), dropped: zero(dropped), errors: 0 };
  }
}

function differenceOf(now: number | null, before: number | null): number | null {
  return now === null || before === null ? null : now - before;
}
