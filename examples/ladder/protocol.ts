/** What all rungs of the ladder serve, and how they begin and end: a line in, a line out that costs some computing. */
import { createHash } from 'node:crypto';
import { BufferList, type Connection } from 'pollux';

const NEWLINE = 10;
const MAX_LINE_BYTES = 1024;
const ROUNDS = 50;

/** Some tens of microseconds of computing. @param line with its newline. @returns the answer, with a newline. */
export function work(line: string): string {
  let digest = line;
  for (let round = 0; round < ROUNDS; round++) digest = createHash('sha256').update(digest).digest('hex');
  return `${digest}\n`;
}

/** Answers the lines of a connection in their order, until its peer ends. Never throws: what breaks it ends it. */
export async function serve(
  connection: Connection,
  answer: (line: string) => string | Promise<string> = work,
): Promise<void> {
  using unread = new BufferList();
  connection.setTimeouts({ idleMs: 30_000 });
  try {
    for await (const chunk of connection) {
      unread.append(chunk);
      for (let end = unread.indexOf(NEWLINE); end >= 0; end = unread.indexOf(NEWLINE)) {
        using line = unread.split(end + 1);
        await connection.write(await answer(line.toString('latin1')));
      }
      if (unread.length > MAX_LINE_BYTES) throw new Error('a line too long');
    }
    await connection.close();
  } catch (failure) {
    connection.destroy(failure as Error);
  }
}

/** Tells whoever started the program where it listens. */
export function announce(port: number): void {
  console.log(`listening on 127.0.0.1:${port}`);
}
