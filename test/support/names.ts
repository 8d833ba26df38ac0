/** A name with the addresses that a test wants, in place of what this machine's resolver happens to know. */
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { isIPv6 } from 'node:net';

/** Runs `body` while every name has these addresses, in this order. */
export async function withAddresses<T>(addresses: readonly string[], body: () => Promise<T>): Promise<T> {
  const { lookup } = dns;
  const found = addresses.map(address => ({ address, family: isIPv6(address) ? 6 : 4 }));
  replaceLookup(() => Promise.resolve(found));
  try {
    return await body();
  } finally {
    replaceLookup(lookup);
  }
}

/** A resolver that answers no question before `answer` is called, and then each with that address, until `restore`. */
export function holdLookUps(address: string): { answer(): void; restore(): void } {
  const { lookup } = dns;
  let answer!: () => void;
  const answered = new Promise<void>(resolve => (answer = resolve));
  replaceLookup(async () => {
    await answered;
    return [{ address, family: isIPv6(address) ? 6 : 4 }];
  });
  return { answer, restore: () => replaceLookup(lookup) };
}

/** Modules that imported `lookup` by its name see the new one. */
function replaceLookup(lookup: unknown): void {
  (dns as { lookup: unknown }).lookup = lookup;
  syncBuiltinESMExports();
}
