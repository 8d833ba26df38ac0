/** Streams with one direction that matters, of every kind that a connection may have. */
import { adopt, type Connection } from '../../src/index.js';
import { pipe } from '../../src/sys/file/io.js';
import { tcpPair, track, unixPair } from './sockets.js';

export const STREAM_KINDS = ['TCP', 'Unix', 'pipe'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

export interface Stream {
  readonly writing: Connection;
  readonly reading: Connection;
}

export async function streamOf(kind: StreamKind): Promise<Stream> {
  if (kind === 'pipe') {
    const [reading, writing] = pipe().map(fd => track(adopt(fd)));
    return { reading, writing };
  }
  const { client, server } = kind === 'TCP' ? await tcpPair() : unixPair();
  return { writing: client, reading: server };
}
