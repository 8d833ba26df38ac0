/** Messages that show whether they are whole and in order: a number in three bytes, and its low byte over and over. */
const scratch = new Uint8Array(260);

/** Valid until the next call. */
export function numbered(number: number): Uint8Array {
  const lengthBytes = 3 + (number % 256);
  scratch[0] = number;
  scratch[1] = number >> 8;
  scratch[2] = number >> 16;
  scratch.fill(number, 3, lengthBytes);
  return scratch.subarray(0, lengthBytes);
}

/** The number of a message, or -1: it is torn. */
export function numberOf(bytes: Uint8Array): number {
  const number = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
  return bytes.length === 3 + (number % 256) && bytes.subarray(3).every(byte => byte === (number & 0xff)) ? number : -1;
}
