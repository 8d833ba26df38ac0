/** What smoke programs expect. Errors name both values. */
import { isDeepStrictEqual } from 'node:util';

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected))
    throw new Error(`${what}: expected ${shown(expected)}, got ${shown(actual)}`);
}

/** Bytes are told by their number and by the first that differs. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: expected ${expected.length} bytes, got ${actual.length}`);
  }
  if (Buffer.compare(actual, expected) === 0) return;
  const index = actual.findIndex((byte, place) => byte !== expected[place]);
  throw new Error(`${what}: byte ${index} is ${actual[index]}, expected ${expected[index]}`);
}

export function expectTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(`${what}: it is not so`);
}

/** @returns the error. */
export async function expectFailure(code: string, what: string, promise: PromiseLike<unknown>): Promise<Error> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    const got = (error as { code?: string }).code;
    if (got === code) return error as Error;
    throw new Error(`${what}: expected ${code}, got ${String(error)}`, { cause: error });
  }
  throw new Error(`${what}: expected ${code}, got no error and ${shown(result)}`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? String(value));
}
