/** Entry of the workers of smoke programs: they answer, count, take work, and serve what they are given. */
import type { Connection } from '../../../index.js';
import { currentWorker, receiveConnections, receiveWork } from '../../../threads.js';

const worker = currentWorker();
const { endpoint, owner } = worker;

endpoint.answer<number, number>('double', ({ value }) => 2 * value);

let sum = 0;
endpoint.queue<number>('numbers').onMessage = ({ value }) => (sum += value);
endpoint.answer('sum', () => sum);

let heard = 0;
const news = endpoint.subscribe('news', () => heard++);
endpoint.answer('heard', () => heard);
endpoint.answer('subscribed', () => news.ready.then(() => true));

receiveWork<number, number>({ endpoint, owner }, 'squares', ({ value }) => value * value);

/** Says which worker it is, and ends. */
receiveConnections(endpoint, (connection: Connection) => {
  const question = connection.read();
  question
    .then(chunk => {
      connection.send(`${worker.index} ${chunk?.toString() ?? ''}`);
      return connection.close();
    })
    .catch(() => connection.destroy());
});
