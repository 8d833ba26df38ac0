/** What a request of HTTP/1 asks for: its head, and the part of the file. */
export interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly keepAlive: boolean;
}

export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** undefined if it is not HTTP. */
export function parse(head: string): Request | undefined {
  const [line, ...fields] = head.trimEnd().split('\r\n');
  const found = /^([A-Z]+) (\/\S*) HTTP\/1\.([01])$/.exec(line);
  if (found === null) return undefined;
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(':');
    if (colon <= 0) return undefined;
    headers.set(field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim());
  }
  const wish = headers.get('connection')?.toLowerCase();
  // A body is not read, so nothing can be read behind it.
  const hasBody = headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) !== 0;
  const keepAlive = !hasBody && (found[3] === '1' ? wish !== 'close' : wish === 'keep-alive');
  return { method: found[1], target: found[2], headers, keepAlive };
}

/** The part that is asked for, undefined for all of it, null if nothing of it exists. A header that makes no sense is none. */
export function rangeOf(header: string | undefined, size: number): Range | undefined | null {
  const found = /^bytes=(\d*)-(\d*)$/i.exec(header ?? '');
  if (found === null || size === 0 || (found[1] === '' && found[2] === '')) return undefined;
  const [first, last] = [found[1], found[2]].map(text => (text === '' ? undefined : Number(text)));
  if (first !== undefined && last !== undefined && first > last) return undefined;
  const offset = first ?? Math.max(0, size - last!);
  const end = first === undefined || last === undefined ? size : Math.min(last + 1, size);
  return offset < end ? { offset, length: end - offset } : null;
}
