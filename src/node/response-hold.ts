/** A response in the hands of sendFile: what others would write into its body meanwhile is refused. */
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { wrongState } from '../sys/ffi/io-error.js';

export class ResponseHold {
  private readonly write: ServerResponse['write'];
  private readonly end: ServerResponse['end'];
  private isHeld = true;

  constructor(private readonly response: ServerResponse) {
    this.write = response.write;
    this.end = response.end;
    response.write = refuseWrite;
    response.end = passEnd;
  }

  /** The body, for bytes that go through the response's own streams. It does not end the response. */
  body(): Writable {
    const { response } = this;
    const write = this.write.bind<ServerResponse['write']>(response);
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

  /** They stay properties of its own: to delete them would cost more. */
  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.response.write = this.write;
    this.response.end = this.end;
  }
}

function refuseWrite(): never {
  return refuse('response.write');
}

/** An end without data is what comes anyway. */
function passEnd(this: ServerResponse, data?: unknown): ServerResponse {
  return data === undefined || data === null || typeof data === 'function' ? this : refuse('response.end');
}

function refuse(name: string): never {
  throw wrongState('EBUSY', name, 'sendFile sends the body of the response, and ends it; await it first');
}
