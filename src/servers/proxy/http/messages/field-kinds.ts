/** What becomes of each field of a message that passes a proxy, by its name. RFC 9110, 7.6 */

/**
 * - 'passed': goes on as it came.
 * - 'dropped': belongs to one connection, or looks like a field that does.
 * - 'own': the proxy writes it, of what it has understood.
 * - 'forwarding': says who the client is. It passes if the client is a proxy that is trusted.
 */
export type FieldKind = 'passed' | 'dropped' | 'own' | 'forwarding';

const DROPPED = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'];

/** Names as they were sent, which are few. Clients choose them: what is forgotten is found again. */
const MAX_KNOWN = 1024;

class FieldTable {
  private readonly kinds: ReadonlyMap<string, FieldKind>;
  private readonly known = new Map<string, FieldKind>();

  constructor(own: readonly string[]) {
    this.kinds = new Map([
      ...DROPPED.map(name => [name, 'dropped'] as const),
      ...own.map(name => [name, 'own'] as const),
    ]);
  }

  /** @param name as it was sent. */
  kindOf(name: string): FieldKind {
    const kind = this.known.get(name);
    if (kind !== undefined) return kind;
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    const found = this.find(name.toLowerCase());
    this.known.set(name, found);
    return found;
  }

  private find(name: string): FieldKind {
    // Programs that are given fields as variables (CGI, WSGI) take the two characters for one.
    const plain = name.replaceAll('_', '-');
    const isForwarding = plain.startsWith('x-forwarded-');
    const kind = plain.startsWith('proxy-')
      ? 'dropped'
      : (this.kinds.get(plain) ?? (isForwarding ? 'forwarding' : undefined));
    if (kind === undefined) return 'passed';
    return plain === name ? kind : 'dropped';
  }
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'];

export const requestFields = new FieldTable(['host', 'content-length', 'expect', 'via', ...FORWARDED]);
export const responseFields = new FieldTable(['content-length', 'via']);

/** What must not come behind a body: it says where that ends, who asks, or how it is to be read. RFC 9110, 6.5.1 */
const NO_TRAILERS = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'location',
  'max-forwards',
  'range',
  'set-cookie',
  'vary',
  'www-authenticate',
]);

/** 'Name: value\r\n' of each trailer that may pass. */
export function trailerLines(trailers: readonly [name: string, value: string][]): string {
  let lines = '';
  for (const [name, value] of trailers) {
    if (requestFields.kindOf(name) !== 'passed' || NO_TRAILERS.has(name.toLowerCase().replaceAll('_', '-'))) continue;
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

const LISTED_OTHERWISE = new Set(['close', 'keep-alive', 'upgrade', 'te', '']);

/** The names that `Connection` lists: they belong to one connection as well. @returns undefined: none. */
export function listedNames(connection: string | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const names = connection.split(',').map(name => name.trim().toLowerCase());
  const listed = names.filter(name => !LISTED_OTHERWISE.has(name));
  return listed.length === 0 ? undefined : new Set(listed);
}
