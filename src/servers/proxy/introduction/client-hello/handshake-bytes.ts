/** The first message of a TLS handshake, put together of the records that it is split into. */
import { badHello } from './byte-cursor.js';

const HANDSHAKE = 22;
const RECORD_HEAD_BYTES = 5;
const MESSAGE_HEAD_BYTES = 4;
const CLIENT_HELLO = 1;
/** RFC 8446, section 5.1: of a record without encryption. */
const MAX_RECORD_BYTES = 2 ** 14;

/** Longer ones are refused: browsers send some 2 KiB, keys of post-quantum cryptography included. */
export const MAX_HELLO_BYTES = 16 * 1024;

/**
 * @returns the body of the ClientHello; `undefined`: more bytes are needed; 'other': it is not TLS.
 * @throws IoError EPROTO: it begins as TLS does and is none.
 */
export function clientHelloBody(bytes: Uint8Array): Uint8Array | 'other' | undefined {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return 'other';
  if (bytes.length > 1 && bytes[1] !== 3) return 'other';
  let message: Uint8Array = new Uint8Array(0);
  let wholeBytes = MESSAGE_HEAD_BYTES;
  for (let at = 0; message.length < wholeBytes;) {
    if (at + RECORD_HEAD_BYTES > bytes.length) return undefined;
    if (bytes[at] !== HANDSHAKE || bytes[at + 1] !== 3) throw badHello('it is interrupted by something else');
    const lengthBytes = (bytes[at + 3] << 8) | bytes[at + 4];
    if (lengthBytes === 0 || lengthBytes > MAX_RECORD_BYTES) throw badHello(`a record of ${lengthBytes} bytes`);
    const from = at + RECORD_HEAD_BYTES;
    at = from + lengthBytes;
    const piece = bytes.subarray(from, at);
    message = message.length === 0 ? piece : Buffer.concat([message, piece]);
    if (message.length >= MESSAGE_HEAD_BYTES) wholeBytes = MESSAGE_HEAD_BYTES + bodyBytes(message);
  }
  return message.subarray(MESSAGE_HEAD_BYTES, wholeBytes);
}

/** @throws IoError EPROTO: another message, or one that is too long. */
function bodyBytes(message: Uint8Array): number {
  if (message[0] !== CLIENT_HELLO) throw badHello(`a handshake begins with message 1, and not ${message[0]}`);
  const lengthBytes = (message[1] << 16) | (message[2] << 8) | message[3];
  if (lengthBytes > MAX_HELLO_BYTES) throw badHello(`${lengthBytes} bytes; allowed: ${MAX_HELLO_BYTES}`);
  return lengthBytes;
}
