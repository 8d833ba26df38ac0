/** Ranges of bytes that a request asks for, and what becomes of them. RFC 9110, 14 */

/** Bytes from `offset`, `length` of them. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** The whole is sent, parts of it, or none since nothing of it was asked for. */
export type Selection = 'whole' | 'nothing' | readonly ByteRange[];

/** A request for more parts than this gets the whole: each part costs more than its bytes. */
const MOST_RANGES = 16;
const ONE = /^(\d*)-(\d*)$/;

/**
 * @param field `Range` of the request.
 * @returns ranges in their order, of which those that touch or overlap are one; 'whole' if the field makes no sense or
 *   asks for too many parts; 'nothing' if no range lies in the file: 416.
 */
export function selectRanges(field: string | undefined, sizeBytes: number): Selection {
  if (field === undefined) return 'whole';
  const [unit, set] = splitOnce(field, '=');
  if (unit.trim().toLowerCase() !== 'bytes' || set === undefined) return 'whole';
  const ranges: ByteRange[] = [];
  const parts = set.split(',');
  if (parts.length > MOST_RANGES) return 'whole';
  for (const part of parts) {
    const text = part.trim();
    // Empty members of a list are none.
    if (text === '' && parts.length > 1) continue;
    const range = rangeOf(text, sizeBytes);
    if (range === undefined) return 'whole';
    if (range.length > 0) ranges.push(range);
  }
  return ranges.length === 0 ? 'nothing' : joined(ranges);
}

/** @returns an empty range for one that lies behind the end; undefined for what is none. */
function rangeOf(text: string, sizeBytes: number): ByteRange | undefined {
  const [, from, to] = ONE.exec(text) ?? [];
  if (from === undefined || (from === '' && to === '')) return undefined;
  if (from === '') {
    const length = Math.min(Number(to), sizeBytes);
    return { offset: sizeBytes - length, length };
  }
  const first = Number(from);
  const last = to === '' ? sizeBytes - 1 : Number(to);
  if (to !== '' && last < first) return undefined;
  return { offset: Math.min(first, sizeBytes), length: Math.max(0, Math.min(last, sizeBytes - 1) - first + 1) };
}

/** Those that touch or overlap are one, in the place of the first of them: no byte is sent twice. */
function joined(ranges: readonly ByteRange[]): ByteRange[] {
  const result: ByteRange[] = [];
  for (const range of ranges) {
    let { offset, length } = range;
    let place = result.length;
    for (let index = result.length - 1; index >= 0; index--) {
      const other = result[index];
      if (other.offset > offset + length || offset > other.offset + other.length) continue;
      const end = Math.max(offset + length, other.offset + other.length);
      offset = Math.min(offset, other.offset);
      length = end - offset;
      result.splice(index, 1);
      place = index;
      // It may touch more of them now.
      index = result.length;
    }
    result.splice(place, 0, { offset, length });
  }
  return result;
}

/** 'bytes 0-4/10' */
export function contentRange({ offset, length }: ByteRange, sizeBytes: number): string {
  return `bytes ${offset}-${offset + length - 1}/${sizeBytes}`;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
