/** Keeps what a watch told, and lets a test wait for the next event. */
import type { EventWatch } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { atEnd } from '../../support/sockets.js';

export class Told<T> {
  readonly all: T[] = [];
  private waiting = settling<T>();

  /** What to give to the watch as its handler. */
  readonly handler = (event: T): void => {
    this.all.push(event);
    const { resolve } = this.waiting;
    this.waiting = settling<T>();
    resolve(event);
  };

  next(): Promise<T> {
    return this.waiting.promise;
  }
}

/** Has the watch closed at the end of the test. */
export function kept<W extends Pick<EventWatch<unknown>, 'close'>>(watch: W): W {
  atEnd(() => watch.close());
  return watch;
}
