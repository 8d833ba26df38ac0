/** How a measured server talks with the harness: its port first, then one line of JSON for every word it is sent. */
import { createInterface } from 'node:readline';

/** What a word is answered with, now or as a promise; the harness gets it as JSON. */
export type Answers = Readonly<Record<string, () => unknown>>;

/** Says where the server listens and answers from then on. It ends with its standard input, so that it outlives nobody. */
export async function obey(port: number, answers: Answers): Promise<never> {
  say({ port });
  for await (const word of createInterface({ input: process.stdin })) {
    const answer = word === 'usage' ? usage : answers[word];
    if (answer === undefined) throw new TypeError(`unknown word: '${word}'`);
    say(await answer());
  }
  process.exit(0);
}

function say(answer: unknown): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function usage(): object {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6 };
}
