/** Fields that files of a pattern are sent with: how long they may be kept, for one. */
import picomatch from 'picomatch';
import { checkObject } from '../../base/arguments.js';
import { described } from '../../base/option-schema.js';
import { optional, requiredText, text, type OptionTable } from '../../base/options.js';
import { fieldLines, type Fields } from '../http/response-head.js';

/** What files that match a pattern are sent with. */
export interface FieldRule {
  /**
   * Of their names below the directory, as a glob: `assets/**`, `*.html`. A pattern without a slash is for the last
   * part alone.
   */
  readonly match: string;
  /** Is `Cache-Control`: 'public, max-age=31536000, immutable'. */
  readonly cacheControl?: string;
  /** Others, by their names. */
  readonly fields?: Fields;
}

const VALUE = { type: ['string', 'number'] };
const fields = optional((name, given: Fields) => {
  checkObject(name, given);
  try {
    fieldLines(given);
  } catch (error) {
    throw new TypeError(`${name}: ${(error as Error).message}`, { cause: error });
  }
});

export const FIELD_RULE_OPTIONS = {
  match: requiredText('a pattern of names'),
  cacheControl: text('a value of Cache-Control'),
  fields: described(fields, {
    type: 'object',
    additionalProperties: { anyOf: [VALUE, { type: 'array', items: VALUE }] },
  }),
} satisfies OptionTable<FieldRule>;

/** @returns what the first rule that matches a name adds to its fields; '' if none does. */
export function compileRules(rules: readonly FieldRule[]): (name: string) => string {
  const compiled = rules.map(({ match, cacheControl, fields = {} }) => ({
    matches: picomatch(match, { basename: !match.includes('/'), dot: true }),
    lines: fieldLines({ ...(cacheControl === undefined ? {} : { 'Cache-Control': cacheControl }), ...fields }),
  }));
  return name => compiled.find(({ matches }) => matches(name))?.lines ?? '';
}
