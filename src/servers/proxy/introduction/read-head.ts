/** The beginning of a client's stream, read as far as a parser needs it. What it does not take is put back. */
import { BufferList, IoError, type Connection } from '../../../index.js';
import type { HeadParser } from './parsed.js';

/**
 * @param client that nobody reads.
 * @param maxBytes more than any head of the kind has.
 * @throws IoError (by the promise) EPROTO: it makes no sense, is too long or is not whole; what the connection broke
 *   with.
 */
export async function readHead<T>(client: Connection, parse: HeadParser<T>, maxBytes: number): Promise<T> {
  const head = new BufferList();
  try {
    for (;;) {
      const chunk = await client.read();
      if (chunk === null) throw new IoError('EPROTO', 'read', undefined, 'the client ended within its first words');
      head.append(chunk);
      const parsed = parse(head.toBytes());
      if (parsed !== undefined) {
        head.consume(parsed.lengthBytes);
        client.unread(head);
        return parsed.value;
      }
      if (head.length >= maxBytes) throw new IoError('EPROTO', 'read', undefined, `no end within ${maxBytes} bytes`);
    }
  } finally {
    head.release();
  }
}
