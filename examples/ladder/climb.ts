/** All rungs, one after the other, each for a second: node dist/examples/ladder/climb.js [MILLISECONDS] [CLIENTS] */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ask, type Figures } from './clients.js';

const RUNGS = [
  'one-at-a-time',
  'thread-per-connection',
  'one-reactor',
  'reactor-and-workers',
  'acceptor',
  'thread-per-core',
];
const [durationMs, clients] = [Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 8)];

async function climb(rung: string): Promise<Figures> {
  const file = fileURLToPath(new URL(`${rung}.js`, import.meta.url));
  const server = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(server, 'exit');
  try {
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    return await ask(Number(line.split(':')[1]), clients, durationMs);
  } finally {
    server.kill('SIGINT');
    const [status, signal] = (await exit) as [number | null, string | null];
    if (status !== 0) process.exitCode = 1;
    if (status !== 0) console.error(`${rung}: it ended with ${status ?? signal}`);
  }
}

for (const rung of RUNGS) {
  const { answers, served, waitsMs } = await climb(rung);
  const at = (share: number) => waitsMs[Math.floor(share * (waitsMs.length - 1))].toFixed(2);
  const perSecond = Math.round((answers * 1000) / durationMs);
  console.log(
    `${rung.padEnd(22)} ${perSecond} answers a second; ${served} of ${clients} clients served; ` +
      `they waited ${at(0.5)} ms, 1 in 100 ${at(0.99)} ms, at most ${at(1)} ms`,
  );
}
