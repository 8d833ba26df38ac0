/**
 * The few assertions that rows make. They throw plain Errors that name both values, so that any runner can print them.
 */
import { PEER_END, ERROR, BOTH_END, PRIORITY, READABLE, WRITABLE, type Readiness } from '../../backends/contract.js';
import { IoError } from '../../sys/ffi/io-error.js';

const BIT_NAMES: readonly (readonly [number, string])[] = [
  [READABLE, 'READABLE'],
  [WRITABLE, 'WRITABLE'],
  [PRIORITY, 'PRIORITY'],
  [PEER_END, 'PEER_END'],
  [BOTH_END, 'BOTH_END'],
  [ERROR, 'ERROR'],
];

/** 'READABLE|PEER_END'; 'nothing' for 0. */
export function readinessText(readiness: Readiness): string {
  const names = BIT_NAMES.filter(([bit]) => (readiness & bit) !== 0).map(([, name]) => name);
  const unknown = readiness & ~(READABLE | WRITABLE | PRIORITY | PEER_END | BOTH_END | ERROR);
  if (unknown !== 0) names.push(`unknown bits 0x${unknown.toString(16)}`);
  return names.length === 0 ? 'nothing' : names.join('|');
}

export function fail(message: string): never {
  throw new Error(message);
}

/** Same value, by Object.is. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) fail(`${what}: expected ${String(expected)}, got ${String(actual)}`);
}

export function expectAtLeast(actual: number, least: number, what: string): void {
  if (!(actual >= least)) fail(`${what}: expected at least ${least}, got ${actual}`);
}

export function expectAtMost(actual: number, most: number, what: string): void {
  if (!(actual <= most)) fail(`${what}: expected at most ${most}, got ${actual}`);
}

/** Every bit of `expected` is set; others may be. */
export function expectBits(actual: Readiness, expected: Readiness, what: string): void {
  if ((actual & expected) !== expected) {
    fail(`${what}: expected ${readinessText(expected)}, got ${readinessText(actual)}`);
  }
}

/** No bit of `unwanted` is set. */
export function expectNoBits(actual: Readiness, unwanted: Readiness, what: string): void {
  if ((actual & unwanted) !== 0) fail(`${what}: expected no ${readinessText(unwanted)}, got ${readinessText(actual)}`);
}

/** `action` throws an IoError whose code is one of `codes`. */
export function expectIoError(codes: string | readonly string[], what: string, action: () => unknown): void {
  const allowed = typeof codes === 'string' ? [codes] : codes;
  const expected = `expected IoError ${allowed.join(' or ')}`;
  let result: unknown;
  try {
    result = action();
  } catch (error) {
    if (!(error instanceof IoError)) fail(`${what}: ${expected}, got ${String(error)}`);
    if (!allowed.includes(error.code)) fail(`${what}: ${expected}, got ${error.code} (${error.message})`);
    return;
  }
  fail(`${what}: ${expected}, got no error and ${String(result)}`);
}

/** `action` throws a RangeError or a TypeError. */
export function expectArgumentError(what: string, action: () => unknown): void {
  const expected = 'expected RangeError or TypeError';
  let result: unknown;
  try {
    result = action();
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof TypeError))
      fail(`${what}: ${expected}, got ${String(error)}`);
    return;
  }
  fail(`${what}: ${expected}, got no error and ${String(result)}`);
}
