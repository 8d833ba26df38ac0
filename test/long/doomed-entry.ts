/** A thread that says to each connection which it is. */
import { threadId } from 'node:worker_threads';
import { currentWorker, receiveConnections } from 'pollux/threads';

receiveConnections(currentWorker().endpoint, connection => {
  connection.send(`${threadId}\n`);
  connection.onData = () => {};
});
