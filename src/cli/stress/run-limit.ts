/** The end of a run that does not end by itself: it is stopped as by Ctrl-C, and killed if even that does not help. */

/** How much longer than planned a run may take where nobody said. */
export const SPARE_SECONDS = 600;
/** What was queued may take so long to be delivered. */
const GRACE_SECONDS = 90;

export interface Stoppable {
  stop(): void;
  kill(): void;
}

export class RunLimit {
  /** It was needed. */
  happened = false;
  private timer: NodeJS.Timeout;

  constructor(seconds: number, run: Stoppable) {
    this.timer = setTimeout(() => {
      this.happened = true;
      run.stop();
      this.timer = setTimeout(() => run.kill(), GRACE_SECONDS * 1000).unref();
    }, seconds * 1000).unref();
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
