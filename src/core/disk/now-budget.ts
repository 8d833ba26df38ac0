/**
 * How much may be read and written at once, without a pool thread, until the loop has gone round. Promises that are
 * settled at once run before anything else does, so without a bound a program that reads in a loop would stop the
 * others.
 */
import { setImmediate } from '../../base/runtime-functions.js';
import { NOW_BYTES_PER_TURN, NOW_CALLS_PER_TURN } from '../limits.js';

let bytesLeft = NOW_BYTES_PER_TURN;
let callsLeft = NOW_CALLS_PER_TURN;
let turn = 0;
let isRefillDue = false;

/** A number that is the same until the loop has gone round: what was seen under it need not be looked at again. */
export function currentTurn(): number {
  awaitRefill();
  return turn;
}

/** Counts a call. @returns the bytes that it may move; 0 for none until the next turn. */
export function takeNowCall(): number {
  if (callsLeft === 0 || bytesLeft <= 0) return 0;
  callsLeft--;
  awaitRefill();
  return bytesLeft;
}

/** Counts what the call moved. */
export function spendNowBytes(lengthBytes: number): void {
  bytesLeft -= lengthBytes;
}

function awaitRefill(): void {
  if (isRefillDue) return;
  isRefillDue = true;
  setImmediate(refill);
}

function refill(): void {
  isRefillDue = false;
  turn++;
  bytesLeft = NOW_BYTES_PER_TURN;
  callsLeft = NOW_CALLS_PER_TURN;
}
