/** What is under way on a descriptor, so that it is closed after the last of it and never before. */
export class UnderWay {
  /** Calls and operations that are not over. */
  count = 0;
  private onIdle: (() => void) | undefined = undefined;

  enter(): void {
    this.count++;
  }

  leave(): void {
    if (--this.count === 0) this.onIdle?.();
  }

  /** Counts a call until it is over, also if its caller waits no longer. */
  hold(call: Promise<unknown>): void {
    this.enter();
    const leave = (): void => this.leave();
    call.then(leave, leave);
  }

  /** Resolves once nothing is under way. For one caller. */
  async idle(): Promise<void> {
    if (this.count > 0) await new Promise<void>(resolve => (this.onIdle = resolve));
  }
}
