/** A thread that says to each connection which it is. */
import { threadId } from 'node:worker_threads';
import { currentThread, receiveConnections } from 'pollux/threads';

receiveConnections(currentThread().endpoint, connection => {
  connection.send(`${threadId}\n`);
  connection.onData = () => {};
});
