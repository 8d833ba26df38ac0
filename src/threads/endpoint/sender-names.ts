/** A thread that sends here, by its slot: who it is, and what its numbers stand for. */
import { isName } from '../messages/checks.js';
import type { Arrival } from '../messages/message.js';

/** The receiver of what is sent to a name. */
export interface MessageReceiver {
  receive(arrival: Arrival): void;
}

export class SenderNames {
  /** 0 is for what has no name. */
  readonly names: (string | undefined)[] = [''];
  /** By the same number: the queue of that name, once a message came for it. */
  readonly queues: (MessageReceiver | undefined)[] = [];

  constructor(readonly threadId: number) {}

  /**
   * What is no name stands for nothing, and what is sent to it is passed over: it must not end the thread that
   * receives.
   */
  introduce(number: number, name: string): void {
    if (isName(name)) this.names[number] = name;
  }
}
