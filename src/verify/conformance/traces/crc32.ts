/** CRC-32 of zlib, in lower-case hexadecimal. Node's own came with 20.15, and Pollux runs on all of Node 20. */

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export class Crc32 {
  private value = -1;

  update(bytes: Uint8Array): this {
    for (const byte of bytes) this.value = table[(this.value ^ byte) & 0xff] ^ (this.value >>> 8);
    return this;
  }

  get hex(): string {
    return (~this.value >>> 0).toString(16).padStart(8, '0');
  }
}
