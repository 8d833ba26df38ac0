/** A range of a file as a part of a message: by sendfile(2) on a Connection, by buffers through TLS. */
import { Connection, DiskFile, IoError, sendFile, type BufferList, type OpenFile, type Sendable } from '../../index.js';
import type { ByteStream } from './byte-stream.js';
import type { FileBody } from './http-response.js';

const PIECE_BYTES = 64 * 1024;

/** How bytes go out that are not the kernel's to send. */
export interface BufferedSink {
  /** @returns false once the queue is long. */
  send(data: Sendable): boolean;
  /** Resolves when the queue is short again. */
  drained(): Promise<void>;
}

/**
 * @returns how many of its bytes did not come into this process.
 * @throws what sendFile throws: no byte of a range that the file no longer has was sent.
 */
export async function sendFileBody(
  stream: ByteStream,
  file: OpenFile,
  { offset, length, before }: FileBody,
  sink: BufferedSink,
): Promise<number> {
  if (stream instanceof Connection) {
    const { path } = await sendFile(stream, file, { offset, length, before });
    return path === 'sendfile' ? length : 0;
  }
  if (!(file instanceof DiskFile)) throw new TypeError('file: allowed through TLS: a DiskFile');
  const { sizeBytes } = await file.stat();
  if (offset + length > sizeBytes)
    throw new RangeError(`length: ${length} from ${offset}; allowed: up to ${sizeBytes}`);
  if (before !== undefined) sink.send(before);
  for (let sent = 0; sent < length;) {
    using bytes: BufferList = await file.read(Math.min(PIECE_BYTES, length - sent), offset + sent);
    if (bytes.length === 0) throw new IoError('EIO', 'read', file.path, 'the file was cut short');
    sent += bytes.length;
    if (!sink.send(bytes)) await sink.drained();
  }
  return 0;
}
