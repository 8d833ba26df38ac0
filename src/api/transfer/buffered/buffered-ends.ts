/** The ends of a transfer by buffers, from what the user gave. */
import type { FileSending } from '../../../core/transfers/files/file-to-socket.js';
import { kindOf } from '../../../base/arguments.js';
import { Connection } from '../../stream/connection.js';
import type { BufferedPlan } from './buffered-copy.js';
import { FileSource } from './file-ends.js';
import { PlainPort } from './plain-port.js';
import { bufferedPort, isBuffered, type BufferedEnd, type BufferedPort } from './port.js';

/** @param name what the user calls it. @throws TypeError no connection of either kind. */
export function portOf(name: string, end: Connection | BufferedEnd): BufferedPort {
  if (isBuffered(end)) return end[bufferedPort];
  if (end instanceof Connection) return new PlainPort(end);
  throw new TypeError(`${name}: ${kindOf(end)}; allowed: a Connection, a SecureConnection`);
}

/** A file to a connection of the other kind. @param name what the user calls the connection. */
export function filePlan(sending: FileSending, end: BufferedEnd, name: string): BufferedPlan {
  const port = end[bufferedPort];
  const source = new FileSource(sending);
  const breakSink = (failure: Error): void => {
    if (source.isPromised) port.reset(failure);
  };
  return { source, sink: port.sink(name), maxBytes: Infinity, why: port.why!, breakSink };
}
