/** A worker that echoes what clients and its owner send, and says what its backend has done. */
import { currentReactor } from 'pollux';
import { currentWorker, receiveConnections } from 'pollux/threads';

export interface Messages {
  readonly queues: { words: string };
  readonly requests: { backend: [question: undefined, answer: { name: string; fd: number; wakes: number }] };
}

const { endpoint, index, owner } = currentWorker<Messages>();
const { backend } = currentReactor().driver;
endpoint.answer('backend', () => ({ name: backend.name, fd: backend.wakeHandle.fd, wakes: backend.counters.wakes }));
const echo = owner.sender<string>('echo');
endpoint.queue('words').onMessage = ({ value }) => void echo.send(`${index}: ${value}`);
receiveConnections(endpoint, connection => {
  connection.send(`${index}\n`);
  connection.onData = chunk => connection.send(chunk);
});
