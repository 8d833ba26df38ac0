/** Types that tie messages to their receiver. */

/** Queues that nobody has declared: each use says for itself what it sends. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export type QueueTypes = {};

/** The names of queues that were not declared: any if none was, none if some were. */
export type UndeclaredName<Queues extends object> = [keyof Queues] extends [never] ? string : never;
