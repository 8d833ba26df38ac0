/** What the owner of a runtime and its workers say to each other, over the port that each worker has from its start. */
import type { MailboxAddress } from '../mailbox/address.js';
import type { ReactorOptions } from '../../core/reactor/reactor.js';
import type { SnapshotOptions, ThreadSnapshot } from '../../observe/thread-snapshot.js';
import type { AcceptRequest } from '../service/worker-services.js';
import type { LoadedWord } from './loading.js';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly index: number;
  readonly name: string;
  /** URL of the module to run. */
  readonly entry: string;
  readonly payload: unknown;
  readonly reactor: ReactorOptions;
  /** Workers that its mailbox has room for. */
  readonly senders: number;
  /** The processor to be bound to; undefined for none. */
  readonly processor: number | undefined;
  /** It may be ended once that says so. */
  readonly loaded: LoadedWord;
  readonly owner: MailboxAddress;
}

/** A worker of the runtime, as the others reach it. */
export interface WorkerAddress {
  readonly index: number;
  readonly name: string;
  readonly mailbox: MailboxAddress;
}

export type ToWorker =
  | { readonly kind: 'request'; readonly number: number; readonly request: AcceptRequest }
  | { readonly kind: 'run'; readonly workers: readonly WorkerAddress[] }
  | { readonly kind: 'joined'; readonly worker: WorkerAddress }
  | { readonly kind: 'ended'; readonly threadId: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'snapshot'; readonly number: number; readonly options: SnapshotOptions }
  | { readonly kind: 'stop' };

export type ToOwner =
  /** `failure` is undefined when it was done. */
  | { readonly kind: 'reply'; readonly number: number; readonly failure: unknown }
  | { readonly kind: 'ready'; readonly address: MailboxAddress }
  | { readonly kind: 'running' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'snapshot'; readonly number: number; readonly snapshot: ThreadSnapshot }
  | { readonly kind: 'released'; readonly threadId: number };
