/**
 * One way at a time: an object hands its items to a handler, or to the call that waits. These errors refuse the second
 * way.
 */
import { wrongState, type IoError } from '../sys/ffi/io-error.js';

/** What an object and the ways to its items are called in messages. */
export interface Ways {
  /** 'the connection'. */
  readonly subject: string;
  /** The property that takes a handler: 'onData'. */
  readonly handler: string;
  /** What else takes items: 'read() or for await'. */
  readonly calls: string;
  /** One such call: 'read'. */
  readonly call: string;
}

export class OneWay {
  constructor(private readonly ways: Ways) {}

  /** Of a call. @param target for the message: 'descriptor 7'. */
  handlerIsSet(call: string, target?: string): IoError {
    const { subject, handler } = this.ways;
    return wrongState('EBUSY', call, `${subject} has an ${handler} handler; unset it first`, target);
  }

  /** Of a call. */
  callIsUnderWay(call: string, target?: string): IoError {
    return wrongState('EBUSY', call, `another ${this.ways.call} is under way; await it first`, target);
  }

  /** Of the property that takes a handler. */
  itemsAreTaken(target?: string): IoError {
    const { subject, handler, calls } = this.ways;
    return wrongState('EBUSY', handler, `${subject} is being read by ${calls}; use one way at a time`, target);
  }
}

export const CONNECTION_WAYS = new OneWay({
  subject: 'the connection',
  handler: 'onData',
  calls: 'read(), readInto() or for await',
  call: 'read',
});

export const DATAGRAM_WAYS = new OneWay({
  subject: 'the socket',
  handler: 'onDatagram',
  calls: 'receive() or for await',
  call: 'receive',
});

export const LISTENER_WAYS = new OneWay({
  subject: 'the listener',
  handler: 'onConnection',
  calls: 'for await',
  call: 'next()',
});
