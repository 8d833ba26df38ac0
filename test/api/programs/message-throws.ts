/** A handler that throws, and what becomes of the messages before and after. */
import process from 'node:process';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { openEndpoint, type MailboxAddress } from 'pollux/threads';

const MESSAGES = 6;

const endpoint = openEndpoint();
if (isMainThread) {
  const seen: string[] = [];
  const see = (text: string) => {
    if (seen.push(text) < MESSAGES) return;
    process.stdout.write(seen.join(' '));
    endpoint.close();
  };
  process.on('uncaughtException', error => see(`(${error.message})`));
  endpoint.queue<number>('numbers').onMessage = ({ value }) => {
    if (value % 3 === 1) throw new Error(`${value}: as told`);
    see(`${value}`);
  };
  new Worker(new URL(import.meta.url), { workerData: endpoint.address });
} else {
  const numbers = endpoint.peer(workerData as MailboxAddress).sender<number>('numbers');
  for (let number = 0; number < MESSAGES; number++) numbers.trySend(number);
}
