/** What a promise was rejected with. @throws Error it was not rejected. */
export async function failureOf(attempt: PromiseLike<unknown>): Promise<Error> {
  let value: unknown;
  try {
    value = await attempt;
  } catch (error) {
    return error as Error;
  }
  throw new Error(`it did not fail: ${String(value)}`);
}
