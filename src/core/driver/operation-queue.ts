/** Queues of operations, linked through the operations themselves: the first is the queue, undefined an empty one. */
import { PRIORITY } from '../../backends/contract.js';
import { FINISHED, IDLE, type Operation } from '../operations/operation.js';

/** The first that is to be attempted: those before it are over, and wait for being told. */
export function firstWaiting(queue: Operation | undefined): Operation | undefined {
  let operation = queue;
  while (operation !== undefined && operation.state === FINISHED) operation = operation.next;
  return operation;
}

/** The queue with an operation at its end. */
export function appended(queue: Operation | undefined, operation: Operation): Operation {
  if (queue === undefined) return operation;
  let last = queue;
  while (last.next !== undefined) last = last.next;
  last.next = operation;
  return queue;
}

/** The queue without an operation, if that was in it. */
function without(queue: Operation | undefined, operation: Operation): Operation | undefined {
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

/** Takes an operation out of its descriptor's queue. */
export function takeOut(operation: Operation): void {
  const { descriptor } = operation;
  if (descriptor === undefined) return;
  operation.descriptor = undefined;
  operation.state = IDLE;
  if (operation.direction === 'read') descriptor.reads = without(descriptor.reads, operation);
  else descriptor.writes = without(descriptor.writes, operation);
}

/** Takes an operation out, which its owner did not wait to the end. */
export function takeOff(operation: Operation): void {
  operation.carrier?.recall();
  takeOut(operation);
  operation.cancelled();
}

/** Nobody asks for urgent data: an operation that waits that way gets to see what there is. */
export function waitsForPriority(queue: Operation | undefined): boolean {
  const operation = firstWaiting(queue);
  return operation !== undefined && (operation.interest & PRIORITY) !== 0;
}
