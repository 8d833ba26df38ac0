/**
 * Gets connections, listeners, datagram sockets and files. A connection sends back what comes, after the state that came along.
 */
import { type DatagramTarget } from 'pollux';
import { currentWorker, receiveConnections, receiveDatagrams, receiveFiles, receiveListeners } from 'pollux/threads';

const { endpoint } = currentWorker();

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

receiveDatagrams<DatagramTarget>(endpoint, (socket, state) => {
  const heard: string[] = [];
  const failures: string[] = [];
  socket.onDatagram = bytes => heard.push(bytes.toString());
  socket.onError = failure => failures.push(failure.message);
  const sent = socket.send('from there', socket.remoteAddress === undefined ? state : undefined);
  endpoint.answer('heard', () => heard);
  endpoint.answer('failures', async () => {
    await sent.catch((failure: Error) => failures.push(failure.message));
    return failures;
  });
  endpoint.answer('port', () => (socket.address.family === 'unix' ? socket.address.path : socket.port));
  endpoint.define('close socket', () => void socket.close());
});
