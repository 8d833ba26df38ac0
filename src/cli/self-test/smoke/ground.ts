/** What smoke programs stand on: a reactor each, a directory of their own, pairs of connections, bytes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { connect, currentReactor, listen, startReactor, type Connection, type ListenOptions } from '../../../index.js';
import { Random } from '../../../base/random.js';
import { Inapplicable, type Check } from '../check.js';

/** A program; the directory is its own, and goes with it. */
export type Program = (directory: string) => Promise<string | void>;

/** @returns a check that runs the program in a reactor of its own, which ends with the process if the program fails. */
export function smoke(name: string, program: Program, mode: 'level' | 'edge' | 'oneshot' = 'level'): Check {
  return {
    name,
    async run() {
      startReactor({ backend: process.env.POLLUX_BACKEND, mode });
      const directory = mkdtempSync(join(tmpdir(), 'pollux-self-test-'));
      try {
        const told = await program(directory).catch(told => {
          // All that it has opened is closed.
          if (told instanceof Inapplicable) return told;
          throw told;
        });
        await untilUnused();
        currentReactor().close();
        if (told instanceof Inapplicable) throw told;
        return told;
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

/** What the program has closed may take a turn to end. What it has not closed keeps this from ending. */
async function untilUnused(): Promise<void> {
  while (!currentReactor().isUnused) await new Promise(resolve => setTimeout(resolve, 1));
}

export interface Pair {
  readonly client: Connection;
  readonly server: Connection;
}

export const LOOPBACK: ListenOptions = { host: '127.0.0.1', port: 0 };

/** Both ends of a connection; its listener is closed. */
export async function connectedPair(options: ListenOptions = LOOPBACK): Promise<Pair> {
  const listener = await listen(options);
  const accepted = new Promise<Connection>(resolve => (listener.onConnection = resolve));
  const client = await connect(listener.address);
  const server = await accepted;
  await listener.close();
  return { client, server };
}

/** The same bytes from the same seed. */
export function someBytes(lengthBytes: number, seed = 1): Uint8Array {
  const random = new Random(seed);
  const words = new Uint32Array(Math.ceil(lengthBytes / Uint32Array.BYTES_PER_ELEMENT));
  for (let index = 0; index < words.length; index++) words[index] = random.next();
  return new Uint8Array(words.buffer, 0, lengthBytes);
}

/** All that comes until the end of the stream. */
export async function readAll(connection: AsyncIterable<{ toBytes(): Uint8Array }>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of connection) chunks.push(chunk.toBytes());
  return Buffer.concat(chunks);
}

/** Exactly so many bytes. */
export async function readExactly(connection: Connection, lengthBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes);
  for (let filled = 0; filled < lengthBytes;) {
    const count = await connection.readInto(bytes.subarray(filled));
    if (count === 0) throw new Error(`the stream ended after ${filled} of ${lengthBytes} bytes`);
    filled += count;
  }
  return bytes;
}
