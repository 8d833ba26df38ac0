/** A process of clients that connect without end, while something stops listening (`programs/stream-of-clients.ts`). */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { settling } from '../../src/api/settling.js';
import { atEnd } from './sockets.js';

export interface StreamOfClients {
  /** Resolves when it flows: hundreds have been answered. */
  readonly flows: Promise<void>;
  /** Once nobody listens any more: what became of those that connected, and how often. */
  readonly outcomes: Promise<Record<string, number>>;
}

/** @param where a port of 127.0.0.1, or a path. */
export function streamOfClients(where: number | string): StreamOfClients {
  const program = fileURLToPath(new URL('../api/programs/stream-of-clients.js', import.meta.url));
  const child = fork(program, [String(where)]);
  atEnd(() => child.kill());
  const flows = settling<void>();
  let outcomes: Record<string, number> = {};
  child.on('message', (told: 'warm' | Record<string, number>) => {
    if (told === 'warm') flows.resolve();
    else outcomes = told;
  });
  // The descriptor of its channel is gone as well by then.
  const ended = Promise.all([once(child, 'disconnect'), once(child, 'exit')]);
  return { flows: flows.promise, outcomes: ended.then(() => outcomes) };
}
