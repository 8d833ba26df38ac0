/** Queues of operations, linked through the operations themselves: the first is the queue, undefined an empty one. */
import type { Operation } from './operation.js';

/** The queue with an operation at its end. */
export function appended(queue: Operation | undefined, operation: Operation): Operation {
  if (queue === undefined) return operation;
  let last = queue;
  while (last.next !== undefined) last = last.next;
  last.next = operation;
  return queue;
}

/** The queue without an operation, if that was in it. */
export function without(queue: Operation | undefined, operation: Operation): Operation | undefined {
  if (queue === operation) {
    const { next } = operation;
    operation.next = undefined;
    return next;
  }
  for (let before = queue; before !== undefined; before = before.next) {
    if (before.next !== operation) continue;
    before.next = operation.next;
    operation.next = undefined;
    break;
  }
  return queue;
}

/** Takes a whole queue off. Returns the empty queue. */
export function takeOff(queue: Operation | undefined): undefined {
  let operation = queue;
  while (operation !== undefined) {
    const { next } = operation;
    operation.next = undefined;
    operation.descriptor = undefined;
    operation.cancelled();
    operation = next;
  }
  return undefined;
}
