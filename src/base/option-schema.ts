/** What rows of tables of options take from a file, in the words of JSON Schema. */

/** A schema, of https://json-schema.org/draft/2020-12/schema. */
export type Schema = Readonly<Record<string, unknown>>;

/** What a row of a table may say of itself. */
export interface Described {
  /** Undefined: it is for programs alone, such as a function. */
  readonly schema?: () => Schema;
  readonly isRequired?: boolean;
}

/** Says what a row takes from a file. */
export function described<Row extends object>(row: Row, schema: Schema | (() => Schema)): Row & Described {
  return Object.assign(row, { schema: typeof schema === 'function' ? schema : () => schema });
}

/** Of one kind of value, with the value that stands for none, if a file can say it. */
export function withDefault(schema: Schema, initial: unknown): Schema {
  const isSaid = typeof initial === 'string' || typeof initial === 'boolean' || Number.isFinite(initial);
  return isSaid ? { ...schema, default: initial } : schema;
}

/** The schema of an object whose members a table checks. Rows for programs alone are not in it. */
export function objectSchema(table: object): Schema {
  const rows = Object.entries(table as Readonly<Record<string, Described>>).filter(
    ([, row]) => row.schema !== undefined,
  );
  const required = rows.filter(([, row]) => row.isRequired).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(rows.map(([name, row]) => [name, row.schema!()])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** A text, or a filled list of such. */
export function oneOrMoreTexts(bounds: Schema = {}): Schema {
  const text = { type: 'string', ...bounds };
  return { anyOf: [text, { type: 'array', items: text, minItems: 1 }] };
}

/** Of a row; one that says nothing of itself takes anything. */
export function schemaOf(row: Described): Schema {
  return row.schema?.() ?? {};
}
