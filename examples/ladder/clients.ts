/** The clients of the ladder: each asks, waits for the answer, checks it, and asks again until the time is up. */
import { performance } from 'node:perf_hooks';
import { BufferList, connect, type Connection } from 'pollux';
import { work } from './protocol.js';

const NEWLINE = 10;

export interface Figures {
  /** Answers in time, and clients that had one. */
  answers: number;
  served: number;
  /** How long each client waited for each answer, also for those that came late. */
  readonly waitsMs: number[];
}

/** When the time is up: it begins with the first answer, since a server may still be starting its threads. */
class Clock {
  private end = Infinity;
  constructor(private readonly durationMs: number) {}

  isUp(now: number): boolean {
    if (this.end === Infinity) this.end = now + this.durationMs;
    return now >= this.end;
  }
}

/** @throws Error an answer was wrong, or did not come. */
export async function ask(port: number, clients: number, durationMs: number): Promise<Figures> {
  const figures: Figures = { answers: 0, served: 0, waitsMs: [] };
  const clock = new Clock(durationMs);
  const all = Array.from({ length: clients }, (_, number) => askOne(port, `client ${number}\n`, clock, figures));
  await Promise.all(all);
  figures.waitsMs.sort((a, b) => a - b);
  return figures;
}

async function askOne(port: number, question: string, clock: Clock, figures: Figures): Promise<void> {
  const expected = work(question);
  await using connection = await connect({ host: '127.0.0.1', port });
  let answers = 0;
  let now = performance.now();
  for (let isUp = false; !isUp;) {
    const asked = now;
    await connection.write(question);
    const answer = await readLine(connection);
    if (answer !== expected) throw new Error(`wrong: ${JSON.stringify(answer)} for ${JSON.stringify(question)}`);
    now = performance.now();
    figures.waitsMs.push(now - asked);
    isUp = clock.isUp(now);
    if (!isUp) answers++;
  }
  figures.answers += answers;
  if (answers > 0) figures.served++;
}

async function readLine(connection: Connection): Promise<string> {
  using received = new BufferList();
  while (received.indexOf(NEWLINE) < 0) {
    const chunk = await connection.read();
    if (chunk === null) throw new Error(`it ended after ${JSON.stringify(received.toString())}`);
    received.append(chunk);
  }
  return received.toString();
}
