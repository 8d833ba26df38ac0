/**
 * Types that tie messages to the thread that receives them. They cost nothing, and nothing of them is checked at run
 * time.
 */
import type { BufferList } from '../../core/memory/buffer-list.js';

/**
 * What a thread takes and answers, by kind and name, for the type parameter of `Runtime`, `currentWorker`,
 * `openEndpoint` and `endpoint.peer`. A kind that is declared has the names that it declares and no others; one that is
 * left out has any name, and each use says for itself what it sends.
 *
 * ```ts
 * interface Orders {
 *   queues: { orders: Order };
 *   requests: { price: [question: string, answer: number] };
 * }
 * ```
 */
export interface MessageTypes {
  /** By name: what is sent. */
  readonly queues?: object;
  /** By name: the question and the answer, as a pair. */
  readonly requests?: object;
  /** By name: what is published. */
  readonly topics?: object;
  /** By name: the argument; undefined if there is none. */
  readonly functions?: object;
}

type Kind = keyof MessageTypes;

/** What is declared of a kind, by name; nothing if the kind is left out. */
type Declared<Messages, K extends Kind> = Messages extends { readonly [Each in K]: infer Types extends object }
  ? Types
  : Record<never, never>;

export type DeclaredName<Messages, K extends Kind> = keyof Declared<Messages, K> & string;

/** The names of a kind that were not declared: any if none was, none if some were. */
export type UndeclaredName<Messages, K extends Kind> = [keyof Declared<Messages, K>] extends [never] ? string : never;

/** What goes by a declared name; for requests the pair. */
export type Declaration<Messages, K extends Kind, Name> = Declared<Messages, K>[Name & keyof Declared<Messages, K>];

export type QuestionOf<Messages, Name> =
  Declaration<Messages, 'requests', Name> extends readonly [infer Question, unknown] ? Question : never;

export type AnswerOf<Messages, Name> =
  Declaration<Messages, 'requests', Name> extends readonly [unknown, infer Answer] ? Answer : never;

/**
 * Topics are nobody's own: the thread that has a runtime publishes and subscribes with the same types as its threads.
 */
export interface TopicsOf<Messages> {
  readonly topics: Declared<Messages, 'topics'>;
}

/** What may be given where `T` is to arrive: a BufferList arrives as the Uint8Array that holds its bytes. */
export type Sendable<T> = [Uint8Array] extends [T] ? T | BufferList : T;

/** The argument of a function; it may be left out where undefined will do. */
export type Argument<T> = undefined extends T ? [argument?: Sendable<T>] : [argument: Sendable<T>];
