/** Everybody hears what anybody says: node dist/examples/chat.js [PORT] */
import process from 'node:process';
import { BufferList, listen, type Connection, type InternetAddress } from 'pollux';

const NEWLINE = 10;
const MAX_LINE_BYTES = 4096;
const MAX_BEHIND_BYTES = 1024 * 1024;

const guests = new Set<Connection>();

function say(line: Uint8Array, speaker: Connection): void {
  for (const guest of guests) {
    if (guest === speaker) continue;
    // One who does not listen must not hold up the others, nor fill the memory.
    if (guest.queuedBytes > MAX_BEHIND_BYTES) guest.destroy(new Error('too far behind'));
    else guest.send(line);
  }
}

const listener = await listen({ port: Number(process.argv[2] ?? 4000), host: '127.0.0.1' });

listener.onConnection = connection => {
  const unfinished = new BufferList();
  guests.add(connection);
  connection.onData = chunk => {
    unfinished.append(chunk);
    for (let end = unfinished.indexOf(NEWLINE); end >= 0; end = unfinished.indexOf(NEWLINE)) {
      const line = unfinished.split(end + 1);
      say(line.toBytes(), connection);
      line.release();
    }
    if (unfinished.length > MAX_LINE_BYTES) connection.destroy(new Error('a line too long'));
  };
  connection.onClose = failure => {
    guests.delete(connection);
    unfinished.release();
    if (failure !== undefined) console.error(failure.message);
  };
};

const { address, port } = listener.address as InternetAddress;
process.once('SIGINT', () => {
  void listener.close();
  for (const guest of guests) guest.end('good night\n');
});
console.log(`listening on ${address}:${port}`);
