/** Gets connections: sends back what comes, after the state that came along. */
import { currentThread, receiveConnections } from '../../../src/index.js';

receiveConnections<string>(currentThread().endpoint, (connection, state) => {
  connection.send(state);
  connection.onData = chunk => void connection.send(chunk);
});
