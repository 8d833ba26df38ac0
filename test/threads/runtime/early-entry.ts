/** Entries that do more than wait: each thread does what the payload says for it. */
import type { CurrentWorker } from 'pollux/threads';

export interface Messages {
  readonly queues: { keep: undefined };
  readonly functions: { crash: undefined };
  readonly requests: { peers: [question: undefined, answer: number[]] };
}

export const ways = {
  /** Asks its owner for something, and waits until it is subscribed there, before it is running. Then it ends. */
  async asks({ endpoint, owner }: CurrentWorker<Messages>): Promise<void> {
    await owner.request('configuration', null);
    await endpoint.subscribe('news').ready;
  },

  /** Has nothing to say, and lives on for something else. */
  silent(thread: CurrentWorker<Messages>): void {
    thread.endpoint.close();
    const clock = setInterval(() => {}, 1_000);
    thread.onStop = () => clearInterval(clock);
  },

  /** Has done its work. */
  ends(): void {},

  /** Waits for what never comes. */
  never(): Promise<void> {
    return new Promise(() => {});
  },

  stays({ endpoint, peers }: CurrentWorker<Messages>): void {
    endpoint.queue('keep').onMessage = () => {};
    endpoint.answer('peers', () => [...peers.keys()]);
    endpoint.define('crash', () => {
      throw new Error('crashed as told');
    });
  },
};

export function run(thread: CurrentWorker<Messages>): void | Promise<void> {
  return ways[(thread.payload as (keyof typeof ways)[])[thread.index]](thread);
}
