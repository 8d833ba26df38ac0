/** Gets connections, listeners and files. A connection sends back what comes, after the state that came along. */
import { currentThread, receiveConnections, receiveFiles, receiveListeners } from '../../../src/index.js';

const { endpoint } = currentThread();

receiveConnections<string>(endpoint, (connection, state) => {
  connection.send(state);
  connection.onData = chunk => void connection.send(chunk);
});

receiveListeners<string>(endpoint, (listener, state) => {
  listener.onConnection = connection => connection.end(`${state}${JSON.stringify(listener.address)}`);
  endpoint.define('close listener', () => void listener.close());
});

receiveFiles<{ offset: number }>(endpoint, (file, { offset }) => {
  endpoint.answer('read on', async () => (await file.read(10, offset)).toString());
  endpoint.define('close file', () => void file.close());
});
