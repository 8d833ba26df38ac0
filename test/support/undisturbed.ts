/** Deadlines of some milliseconds on a machine that may keep this process waiting for longer than that. */

/** A machine that disturbs each of so many is none to test on. */
const ATTEMPTS = 25;

/**
 * Runs `attempt`, and runs it anew if it fails while the process was kept from the processor: when more than half of
 * the deadline has passed between two of its beats. What fails with all of them in time fails.
 */
export async function undisturbed(deadlineMs: number, attempt: (beat: () => void) => Promise<void>): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    let lastMs = performance.now();
    let longestMs = 0;
    const beat = (): void => {
      const nowMs = performance.now();
      longestMs = Math.max(longestMs, nowMs - lastMs);
      lastMs = nowMs;
    };
    try {
      await attempt(beat);
      return;
    } catch (failure) {
      beat();
      if (longestMs <= deadlineMs / 2 || attempts === ATTEMPTS) throw failure;
    }
  }
}
