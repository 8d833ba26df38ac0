/** What a TLS client asks for, read without speaking TLS: the name of the server, and the protocols above TLS. */
import type { Parsed } from '../parsed.js';
import { badHello, ByteCursor } from './byte-cursor.js';
import { clientHelloBody } from './handshake-bytes.js';

/** What a client says first. One that does not speak TLS asks for no name and no protocol. */
export interface ClientHello {
  readonly isTls: boolean;
  /** SNI, in small letters; undefined without one. */
  readonly serverName: string | undefined;
  /** ALPN, such as 'h2'. */
  readonly protocols: readonly string[];
}

const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
const RANDOM_BYTES = 32;
const MAX_SESSION_ID_BYTES = 32;
const NAME = /^[a-z\d_](?:[a-z\d_.-]{0,253}[a-z\d_])?$/i;

const NO_TLS: ClientHello = { isTls: false, serverName: undefined, protocols: [] };

/** A `HeadParser` that takes nothing: the upstream, or TLS here, gets all of it. */
export function parseClientHello(bytes: Uint8Array): Parsed<ClientHello> | undefined {
  const body = clientHelloBody(bytes);
  if (body === undefined) return undefined;
  return { value: body === 'other' ? NO_TLS : readHello(new ByteCursor(body)), lengthBytes: 0 };
}

function readHello(body: ByteCursor): ClientHello {
  body.skip(2 + RANDOM_BYTES);
  if (body.vector(1).length > MAX_SESSION_ID_BYTES) throw badHello('the session id is too long');
  const ciphers = body.vector(2);
  if (ciphers.length === 0 || ciphers.length % 2 !== 0) throw badHello('a list of ciphers that is none');
  if (body.vector(1).length === 0) throw badHello('no way to compress');
  const extensions = new Map<number, Uint8Array>();
  // TLS 1.2 may have none.
  if (!body.isAtEnd) readExtensions(new ByteCursor(body.vector(2)), extensions);
  if (!body.isAtEnd) throw badHello('bytes behind its end');
  const [name, protocols] = [extensions.get(SERVER_NAME), extensions.get(ALPN)];
  return {
    isTls: true,
    serverName: name === undefined ? undefined : readName(new ByteCursor(name)),
    protocols: protocols === undefined ? [] : readProtocols(new ByteCursor(protocols)),
  };
}

function readExtensions(list: ByteCursor, into: Map<number, Uint8Array>): void {
  while (!list.isAtEnd) {
    const type = list.number(2);
    if (into.has(type)) throw badHello(`extension ${type} comes twice`);
    into.set(type, list.vector(2));
  }
}

function readName(extension: ByteCursor): string | undefined {
  const names = new ByteCursor(extension.vector(2));
  const type = names.number(1);
  const name = Buffer.from(names.vector(2)).toString('latin1');
  if (!names.isAtEnd || !extension.isAtEnd) throw badHello('more than one server name');
  // RFC 6066 knows no other kind of name.
  if (type !== HOST_NAME) return undefined;
  if (!NAME.test(name)) throw badHello('a server name that is none');
  return name.toLowerCase();
}

function readProtocols(extension: ByteCursor): string[] {
  const list = new ByteCursor(extension.vector(2));
  if (!extension.isAtEnd) throw badHello('bytes behind the protocols');
  const protocols: string[] = [];
  while (!list.isAtEnd) {
    const name = list.vector(1);
    if (name.length === 0) throw badHello('a protocol without a name');
    protocols.push(Buffer.from(name).toString('latin1'));
  }
  return protocols;
}
