/** What other threads may ask this one to do: answer requests, and run functions. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { threadId } from 'node:worker_threads';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { FAILURE, REPLY } from '../endpoint/channel.js';
import { packFailure } from './failure.js';
import { encode, type Arrival, type Encoded, type Message } from './message.js';
import type { PeerBook } from '../endpoint/peer-book.js';

/**
 * Answers a request of another thread.
 *
 * @param message what came with the request.
 * @returns the answer, or a promise of it; bytes or anything cloneable.
 */
export type RequestHandler<Q = unknown, A = unknown> = (message: Message<Q>) => A | Promise<A>;

/** What the user gave to be called, and the context in which he did. */
class Given<Callback> {
  readonly scope = new AsyncScope('POLLUX_SERVICE');

  constructor(readonly callback: Callback) {}
}

export class RequestHandlers {
  private readonly answers = new Map<string, Given<RequestHandler>>();
  private readonly functions = new Map<string, Given<(argument: never) => void>>();

  /** @param lane the one in which questions come, and answers go. */
  constructor(
    private readonly book: PeerBook,
    private readonly lane: 'messages' | 'control' = 'messages',
  ) {}

  hasAnswer(name: string): boolean {
    return this.answers.has(name);
  }

  /** @throws IoError EALREADY: somebody answers to that name already. */
  addAnswer(name: string, answer: RequestHandler): void {
    if (this.answers.has(name)) throw wrongState('EALREADY', 'answer', `'${name}' is answered already`);
    this.answers.set(name, new Given(answer));
  }

  /** @throws IoError EALREADY: the name is taken. */
  addFunction(name: string, run: (argument: never) => void): void {
    if (this.functions.has(name)) throw wrongState('EALREADY', 'define', `'${name}' is defined already`);
    this.functions.set(name, new Given(run));
  }

  /** A request came. */
  onRequest(name: string, arrival: Arrival): void {
    const { from, tag } = arrival;
    const answer = this.answers.get(name);
    const failed = (error: unknown) => this.fail(from, '', tag, error);
    if (answer === undefined) {
      failed(wrongState('ENOENT', 'request', `thread ${threadId} answers no requests for '${name}'`));
      return;
    }
    const reply = (value: unknown) => {
      try {
        this.reply(from, tag, encode(value));
      } catch (error) {
        failed(error);
      }
    };
    try {
      const value: unknown = answer.scope.run(answer.callback, undefined, arrival.keep());
      // What is no promise of the language is asked in the same context.
      if (isThenable(value)) void answer.scope.run(promiseOf, undefined, value).then(reply, failed);
      else reply(value);
    } catch (error) {
      failed(error);
    }
  }

  /**
   * A scheduled call came, and was taken. What the function throws is this thread's affair; that it can't run is the
   * caller's.
   */
  onCall(name: string, arrival: Arrival): void {
    const { from } = arrival;
    const given = this.functions.get(name);
    if (given === undefined) {
      this.fail(from, name, 0, wrongState('ENOENT', 'schedule', `thread ${threadId} has no function '${name}' to run`));
      return;
    }
    let argument: unknown;
    try {
      argument = arrival.value;
    } catch (error) {
      this.fail(from, name, 0, error);
      return;
    }
    given.scope.run(given.callback, undefined, argument as never);
  }

  private reply(to: number, tag: number, { payload, isValue }: Encoded): void {
    const { length } = payload;
    this.book.withPeer(
      to,
      peer => {
        try {
          const { maxBytes } = peer[this.lane].lane;
          if (length > maxBytes) throw new RangeError(`the answer has ${length} bytes; allowed: up to ${maxBytes}`);
          peer[this.lane].submit(REPLY, '', payload, isValue, tag);
        } catch (error) {
          if (!peer.isGone) this.fail(to, '', tag, error);
        }
      },
      length,
    );
  }

  private fail(to: number, name: string, tag: number, reason: unknown): void {
    this.book.withPeer(to, peer => {
      const via = peer[this.lane];
      via.submitOwed(FAILURE, name, packFailure(reason, via.lane.maxBytes), tag);
    });
  }
}

/** Promises of any realm and library. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return typeof (value as { then?: unknown }).then === 'function';
}

function promiseOf(value: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(value);
}
