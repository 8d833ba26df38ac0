/** The schemas of configuration files, made of the tables that check them. They are shipped in `schema/`. */
import { objectSchema, type Schema } from '../../base/option-schema.js';
import { PROXY_FILE } from './proxy-file.js';
import { SERVE_FILE } from './serve-file.js';

/** By the names of their files. */
export function schemas(): ReadonlyMap<string, Schema> {
  return new Map([
    ['serve.json', schemaFor('pollux serve', SERVE_FILE)],
    ['proxy.json', schemaFor('pollux proxy', PROXY_FILE)],
  ]);
}

function schemaFor(command: string, table: object): Schema {
  const { properties, required = [], ...whole } = objectSchema(table);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `Configuration of ${command}`,
    description: `Checked by '${command} --config FILE --check'. Made by scripts/config-schema.js.`,
    ...whole,
    // Says to an editor which schema there is.
    properties: { $schema: { type: 'string' }, ...(properties as Schema) },
    required: [...new Set([...(required as string[]), 'listen'])],
  };
}
