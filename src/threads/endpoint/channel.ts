/**
 * What the two numbers that travel with a record mean. The channel holds what kind of message it is, how its payload is
 * written, and for which name it is; the tag depends on the kind. Names are introduced once for each sender and
 * receiver, by a NAME record, and are numbers from then on.
 */

/** For a queue. Tag: nothing. */
export const MESSAGE = 0;
/** For an answer; tag: the request's number. */
export const REQUEST = 1;
/** Answer to a request; tag: its number. */
export const REPLY = 2;
/** A request, a subscription or a scheduled call failed; tag: its number. */
export const FAILURE = 3;
/** Payload: a name; tag: the number that stands for it from now on. */
export const NAME = 4;
/** The first record of a sender; tag: its thread. */
export const HELLO = 5;
/** To a topic; payload: the policy; tag: a request's number. */
export const SUBSCRIBE = 6;
export const UNSUBSCRIBE = 7;
/** To a subscriber; tag: how many this publisher had sent it before, dropped ones included. */
export const PUBLISHED = 8;
/** To a subscriber who was too slow; tag: as PUBLISHED. */
export const DISCONNECTED = 9;
/** A scheduled call; tag: the ticket's number. */
export const CALL = 10;
/** From a publisher: what it publishes from here on is numbered from 0; tag: the request's number. */
export const SUBSCRIBED = 11;

const KIND_MASK = 15;
const VALUE = 16;
const NAME_SHIFT = 5;

/** Names that one thread uses towards another. A program that makes up names as it goes has a leak. */
export const MAX_NAMES = 65_536;

export function channelOf(kind: number, name: number, isValue: boolean): number {
  return kind | (isValue ? VALUE : 0) | (name << NAME_SHIFT);
}

export function kindOf(channel: number): number {
  return channel & KIND_MASK;
}

/** Whether the payload is a value written by v8.serialize, and not bytes. */
export function isValue(channel: number): boolean {
  return (channel & VALUE) !== 0;
}

export function nameOf(channel: number): number {
  return channel >>> NAME_SHIFT;
}
