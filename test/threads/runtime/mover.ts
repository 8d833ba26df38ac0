/**
 * Two threads that throw connections to each other for ever, each echoed on its way. Those that could not be moved are
 * counted.
 */
import { currentWorker, receiveConnections } from 'pollux/threads';

const worker = currentWorker();
const { endpoint } = worker;
let refused = 0;
let here = 0;

receiveConnections(endpoint, connection => {
  here++;
  connection.onClose = () => here--;
  connection.onData = chunk => void connection.send(chunk);
  setImmediate(() => {
    const other = worker.peers.get(1 - worker.index);
    // Left alone, those that are here stay.
    if (other === undefined || connection.isClosed) return;
    here--;
    connection.moveTo(other, 'x'.repeat(1000)).catch((failure: Error & { code?: string }) => {
      if (failure.code !== 'EPIPE') throw failure;
      refused++;
    });
  });
});

endpoint.answer('count', () => ({ here, refused }));
/** Lets go of everybody in the midst of moving. */
endpoint.define('close endpoint', () => endpoint.close());
