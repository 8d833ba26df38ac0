/** A function that a thread is started with: it serves connections, sums numbers, and ends as the payload says. */
import { listen, type Connection, type InternetAddress } from 'pollux';
import { receiveConnections, type CurrentWorker } from 'pollux/threads';

export interface Messages {
  readonly queues: { numbers: number; texts: string };
  readonly requests: { sum: [question: null, answer: number]; port: [question: null, answer: number] };
}

export async function run(thread: CurrentWorker<Messages>): Promise<void> {
  const { endpoint } = thread;
  let sum = 0;
  endpoint.queue('numbers').onMessage = ({ value }) => (sum += value);
  endpoint.answer('sum', () => sum);
  endpoint.define('crash', () => {
    throw new Error('crashed as told');
  });
  const echo = (connection: Connection) => (connection.onData = chunk => void connection.send(chunk));
  receiveConnections(endpoint, echo);
  const listener = await listen({ host: '127.0.0.1', onConnection: echo });
  endpoint.answer('port', () => (listener.address as InternetAddress).port);
  thread.onStop = async () => {
    await listener.close();
    if (thread.payload === 'throw') throw new Error('thrown while stopping');
    if (thread.payload === 'exit') process.exit(3);
  };
}
