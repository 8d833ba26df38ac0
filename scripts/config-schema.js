// Writes the schemas of configuration files to schema/, of the tables in src that check the files:
// node scripts/config-schema.js, after tsc -b. test/docs/config-schema.test.ts compares.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import process from 'node:process';
import { format } from 'prettier';

export const folder = fileURLToPath(new URL('../schema/', import.meta.url));

/** Their texts by the names of their files, as the tables are now. */
export async function texts() {
  const { schemas } = await import(new URL('../dist/src/cli/config/schemas.js', import.meta.url).href);
  const made = [...schemas()].map(async ([name, schema]) => [
    name,
    await format(JSON.stringify(schema), { parser: 'json', printWidth: 120 }),
  ]);
  return new Map(await Promise.all(made));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await texts()) writeFileSync(folder + name, text);
}
