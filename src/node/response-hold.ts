/** A response in the hands of sendFile: what others would write into its body meanwhile is refused. */
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { wrongState } from '../sys/ffi/io-error.js';

const HELD = ['write', 'end'] as const;

export class ResponseHold {
  private readonly own: (PropertyDescriptor | undefined)[];
  private readonly write: ServerResponse['write'];
  private isHeld = true;

  constructor(private readonly response: ServerResponse) {
    this.own = HELD.map(name => Object.getOwnPropertyDescriptor(response, name));
    this.write = response.write.bind<ServerResponse['write']>(response);
    const refuse = (name: string): never => {
      throw wrongState('EBUSY', name, 'sendFile sends the body of the response, and ends it; await it first');
    };
    // An end without data is what comes anyway.
    const end = (data?: unknown): ServerResponse =>
      data === undefined || data === null || typeof data === 'function' ? response : refuse('response.end');
    Object.assign(response, { write: () => refuse('response.write'), end });
  }

  /** The body, for bytes that go through the response's own streams. It does not end the response. */
  body(): Writable {
    const { response, write } = this;
    let waiting: (() => void) | undefined;
    const body = new Writable({
      // Middleware that replaces `write` takes no callback, but emits 'drain'.
      write: (chunk: Uint8Array, encoding, done) => {
        if (write(chunk, encoding)) done();
        else waiting = done;
      },
    });
    response.on('drain', () => {
      const done = waiting;
      waiting = undefined;
      done?.();
    });
    response.once('close', () => body.destroy());
    return body;
  }

  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    HELD.forEach((name, index) => {
      const own = this.own[index];
      if (own === undefined) delete (this.response as Partial<ServerResponse>)[name];
      else Object.defineProperty(this.response, name, own);
    });
  }
}
