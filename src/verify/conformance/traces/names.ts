/** Symbolic names of a scenario and the numbers behind them. A name stays bound to its number after the close. */
export class Names {
  private readonly numbers = new Map<string, number>();

  bind(name: unknown, number: number): void {
    // The last one bound stands last.
    this.numbers.delete(name as string);
    this.numbers.set(name as string, number);
  }

  /** A number in place of a name is meant as it is. @throws ReferenceError */
  number(name: unknown): number {
    if (typeof name === 'number') return name;
    const number = this.numbers.get(name as string);
    if (number === undefined) throw new ReferenceError(`trace: '${String(name)}' names nothing yet`);
    return number;
  }

  /** The name of a descriptor, the one that was bound last. */
  nameOf(number: number): string | undefined {
    return [...this.numbers].findLast(([, bound]) => bound === number)?.[0];
  }
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGURG: 16,
  SIGSTOP: 17,
  SIGTSTP: 18,
  SIGCONT: 19,
  SIGCHLD: 20,
  SIGIO: 23,
  SIGWINCH: 28,
  SIGINFO: 29,
  SIGUSR1: 30,
  SIGUSR2: 31,
};

/** A signal's number on the BSDs. @throws ReferenceError */
export function bsdSignal(name: unknown): number {
  const number = SIGNALS[name as string];
  if (number === undefined) throw new ReferenceError(`trace: no signal '${String(name)}'`);
  return number;
}

export function bsdSignalName(number: number): string | undefined {
  return Object.keys(SIGNALS).find(name => SIGNALS[name] === number);
}
