/** Talks to a server in bytes, as a client that need not keep to the rules. */
import { connect } from 'node:net';

/**
 * Sends bytes and collects all that comes, until the server ends the connection.
 *
 * @param bytes Latin-1; several pieces are sent one after the other, each once the last has gone.
 */
export async function exchange(port: number, ...bytes: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => (received += text));
  const ended = new Promise<void>((resolve, reject) => {
    socket.on('close', () => resolve());
    // A server that resets has had enough: what it said before counts.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      /^E(CONNRESET|PIPE)$/.test(error.code!) ? undefined : reject(error),
    );
  });
  for (const piece of bytes) await new Promise(resolve => socket.write(piece, 'latin1', resolve));
  await ended;
  return received;
}

/** The statuses of the responses in a stream of them. */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));
}
