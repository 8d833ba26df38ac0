/** What a request makes its answer depend on, in the order that RFC 9110, 13.2.2 gives. */

/** By what a client recognises a version of a file. */
export interface Validators {
  /** '"abc"', or 'W/"abc"' if two versions could have it. */
  readonly etag: string;
  /** Milliseconds since 1970, of whole seconds. */
  readonly modifiedMs: number;
}

/** What a request has to say: `HttpRequest` is one. */
export interface Conditions {
  /** @param name in lower case. */
  get(name: string): string | undefined;
}

/** It is sent; it is the same as the client's (304); it is not what the client expects (412). */
export type Verdict = 'send' | 'not modified' | 'failed';

/** For GET and HEAD of a file that is there. */
export function evaluate(conditions: Conditions, validators: Validators): Verdict {
  const ifMatch = conditions.get('if-match');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, validators.etag, 'strong')) return 'failed';
  } else {
    const unmodifiedSince = dateOf(conditions.get('if-unmodified-since'));
    if (unmodifiedSince !== undefined && validators.modifiedMs > unmodifiedSince) return 'failed';
  }
  const ifNoneMatch = conditions.get('if-none-match');
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, validators.etag, 'weak') ? 'not modified' : 'send';
  const modifiedSince = dateOf(conditions.get('if-modified-since'));
  return modifiedSince !== undefined && validators.modifiedMs <= modifiedSince ? 'not modified' : 'send';
}

/** Whether a range may be sent: `If-Range` names this version, beyond doubt. Without the field it may. */
export function allowsRange(conditions: Conditions, { etag, modifiedMs }: Validators): boolean {
  const ifRange = conditions.get('if-range');
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === etag;
  // A date is as good as the tag: both are weak while the file might change within the same second.
  return !etag.startsWith('W/') && dateOf(ifRange) === modifiedMs;
}

const TAGS = /\s*(?:(W\/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)|,|$)/y;

/** @returns false also for a list that is none. */
function matches(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  const isWeak = etag.startsWith('W/');
  const opaque = isWeak ? etag.slice(2) : etag;
  TAGS.lastIndex = 0;
  for (let found = TAGS.exec(list); found !== null; found = TAGS.exec(list)) {
    const [, weak, tag] = found;
    if (tag === opaque && (comparison === 'weak' || (weak === undefined && !isWeak))) return true;
    if (TAGS.lastIndex >= list.length) return false;
  }
  return false;
}

const DATE =
  /^(?:\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT|\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT|\w{3} \w{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

/**
 * In one of the three forms that HTTP has.
 * @returns undefined for what is no date: the field is as if it were not there.
 */
function dateOf(text: string | undefined): number | undefined {
  if (text === undefined || !DATE.test(text)) return undefined;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
