/** Ctrl-C: the first ends the run early, with its results; the second ends the process. */
import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** 128 + SIGINT, as shells have it. */
const INTERRUPTED = 130;

export class Interrupt {
  happened = false;
  private readonly listener = () => {
    if (this.happened) process.exit(INTERRUPTED);
    this.happened = true;
    this.onInterrupt();
  };

  constructor(private readonly onInterrupt: () => void) {
    for (const signal of SIGNALS) process.on(signal, this.listener);
  }

  stop(): void {
    for (const signal of SIGNALS) process.off(signal, this.listener);
  }
}
