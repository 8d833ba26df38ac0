/** Which other origins may read what is served. https://fetch.spec.whatwg.org/#http-cors-protocol */
import { kindOf } from '../../base/arguments.js';
import type { Schema } from '../../base/option-schema.js';

/** '*' for all, or origins as browsers send them: ['https://app.example']. */
export type Cors = '*' | readonly string[];

/** Fields that a script may read and that are no matter of course. */
const EXPOSED = 'Access-Control-Expose-Headers: Content-Length, Content-Range, ETag, Accept-Ranges\r\n';
const METHODS =
  'Access-Control-Allow-Methods: GET, HEAD\r\nAccess-Control-Allow-Headers: Range, If-Range\r\nAccess-Control-Max-Age: 86400\r\n';

export const CORS: Schema = { anyOf: [{ const: '*' }, { type: 'array', items: { type: 'string' } }] };

/** @throws TypeError */
export function checkCors(name: string, cors: Cors): void {
  if (cors === '*' || (Array.isArray(cors) && cors.every(each => typeof each === 'string'))) return;
  throw new TypeError(`${name}: ${kindOf(cors)}; allowed: '*', or an array of origins`);
}

/** Fields of each response to an origin: '' if it may not read it. */
export function corsFields(cors: Cors | undefined, origin: string | undefined): string {
  if (cors === undefined) return '';
  if (cors === '*') return `Access-Control-Allow-Origin: *\r\n${EXPOSED}`;
  const isAllowed = origin !== undefined && cors.includes(origin);
  return isAllowed ? `Access-Control-Allow-Origin: ${origin}\r\n${EXPOSED}Vary: Origin\r\n` : 'Vary: Origin\r\n';
}

/** Fields of the answer to a preflight. */
export function preflightFields(cors: Cors | undefined, origin: string | undefined): string {
  const fields = corsFields(cors, origin);
  return fields.includes('Allow-Origin') ? `${fields}${METHODS}` : fields;
}
