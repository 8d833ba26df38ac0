/**
 * `pollux/node`: connections of Pollux where Node expects streams and sockets of its own.
 *
 *     await pipeline(toDuplex(connection), createGzip(), toDuplex(upstream));
 *     const socket = release(connection);
 *
 * @module pollux/node
 */
export { toDuplex, type DuplexOptions } from './node/duplex.js';
export { release, type ReleaseOptions } from './node/release.js';
export { serveHttp, HttpService } from './node/serve-http.js';
export { sendFile, type ResponseFileOptions } from './node/send-file.js';
export { toWeb, type WebStreams } from './node/web-streams.js';
export {
  connectSecure,
  secure,
  type ClientSide,
  type HandshakeOptions,
  type SecureOptions,
  type ServerSide,
} from './node/secure.js';
export { SecureConnection } from './node/secure-connection.js';
