/** What a parser finds at the beginning of a stream. */

/** What was read, and how many bytes it had. */
export interface Parsed<T> {
  readonly value: T;
  readonly lengthBytes: number;
}

/**
 * Reads from the first byte on.
 *
 * @returns undefined: more bytes are needed.
 * @throws IoError EPROTO: no bytes that may follow make sense of it.
 */
export type HeadParser<T> = (bytes: Uint8Array) => Parsed<T> | undefined;
