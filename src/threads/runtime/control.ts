/** What the owner of a runtime and its threads say to each other, over the port that a worker is born with. */
import type { MailboxAddress } from '../mailbox/address.js';
import type { ReactorOptions } from '../../core/reactor/reactor.js';
import type { AcceptRequest } from '../service/inlet.js';
import type { LoadedWord } from './loading.js';

/** What a thread is started with. */
export interface Birth {
  readonly index: number;
  readonly name: string;
  /** URL of the module to run. */
  readonly entry: string;
  readonly payload: unknown;
  readonly reactor: ReactorOptions;
  /** Threads that its mailbox has room for. */
  readonly senders: number;
  /** The processor to be bound to; undefined for none. */
  readonly processor: number | undefined;
  /** It may be ended once that says so. */
  readonly loaded: LoadedWord;
  readonly owner: MailboxAddress;
}

/** A thread of the runtime, as the others reach it. */
export interface Neighbour {
  readonly index: number;
  readonly name: string;
  readonly address: MailboxAddress;
}

export type ToThread =
  | { readonly kind: 'request'; readonly number: number; readonly request: AcceptRequest }
  | { readonly kind: 'run'; readonly neighbours: readonly Neighbour[] }
  | { readonly kind: 'joined'; readonly neighbour: Neighbour }
  | { readonly kind: 'ended'; readonly threadId: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'stop' };

export type ToOwner =
  /** `failure` is undefined when it was done. */
  | { readonly kind: 'reply'; readonly number: number; readonly failure: unknown }
  | { readonly kind: 'born'; readonly address: MailboxAddress }
  | { readonly kind: 'running' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'buried'; readonly threadId: number };
