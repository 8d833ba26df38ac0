/**
 * Pollux: epoll, kqueue, poll and io_uring as one, and sockets and files above them.
 *
 * @module pollux
 */
export { adopt } from './api/stream/adopt.js';
export { connect, type ConnectOptions } from './api/stream/connect.js';
export type { RetryOptions } from './api/stream/retry.js';
export { Connection } from './api/stream/connection.js';
export type { Destination } from './api/departure.js';
export { delimited, encodeDelimited, type DelimitedOptions } from './api/framing/delimited.js';
export type { Unterminated } from './api/framing/delimiter.js';
export { fixed } from './api/framing/fixed.js';
export { Frames } from './api/framing/frames.js';
export type { FramedConnection, FrameSource } from './api/framing/chunks.js';
export type { FrameOptions, FrameTimeOptions } from './api/framing/framing-options.js';
export type { LineEncoding } from './api/framing/line-cutter.js';
export {
  encodeLengthPrefixed,
  lengthPrefixed,
  type LengthPrefixedOptions,
  type LengthPrefixOptions,
} from './api/framing/length-prefixed.js';
export { encodeLine, lines, type LineEnd, type LineOptions } from './api/framing/lines.js';
export { join, type JoinOptions } from './api/transfer/join.js';
export type { FileEnd } from './api/transfer/file-ends.js';
export { sendFile, type OpenFile, type SendFileOptions } from './api/transfer/send-file.js';
export type { Sendable } from './api/socket/sendable.js';
export type { DeferAccept } from './api/listening/defer-accept.js';
export type { BufferedEnd } from './api/transfer/buffered/port.js';
export { copy } from './api/transfer/copy.js';
export type {
  FileCopyOptions,
  FileToStreamCopyOptions,
  StreamCopyOptions,
  StreamToFileCopyOptions,
} from './api/transfer/copy-options.js';
export { bindDatagram, type DatagramOptions } from './api/datagram/bind-datagram.js';
export type { DatagramEnd } from './api/datagram/datagram-end.js';
export type {
  DatagramCounters,
  DatagramHandler,
  DatagramInput,
  ReceivedDatagram,
} from './api/datagram/datagram-input.js';
export type { DatagramOutput } from './api/datagram/datagram-output.js';
export { DatagramSocket } from './api/datagram/datagram-socket.js';
export type { DatagramLimits } from './api/datagram/datagram-details.js';
export type { DatagramReach } from './api/datagram/reach.js';
export type { DatagramTarget } from './api/datagram/target.js';
export type { LookUpBounds } from './api/socket/look-up-bounds.js';
export { Directory, openDirectory } from './api/file/directory.js';
export type { TimeoutKind, TimeoutOptions } from './api/stream/parts/timeouts.js';
export type { EventWatch } from './api/watch/event-watch.js';
export { FileWatch, watchFile, type FileChange, type FileWatchOptions } from './api/watch/watch-file.js';
export { ProcessWatch, watchProcess, type ProcessEnd } from './api/watch/watch-process.js';
export { SignalWatch, watchSignal } from './api/watch/watch-signal.js';
export { TimerWatch, watchTimer, type TimerOptions, type TimeUnit } from './api/watch/watch-timer.js';
export { triggerUser, UserWatch, watchUser, type UserHandle } from './api/watch/watch-user.js';
export type { Advice } from './api/file/advice.js';
export { DiskFile } from './api/file/disk-file.js';
export type { AbortedWrite, FileFailure } from './api/file/file-failures.js';
export { listen, type ListenOptions } from './api/listening/listen.js';
export { listenInherited, type InheritedOptions } from './api/listening/listen-inherited.js';
export type { AcceptingOptions, DrainOptions } from './api/listening/accepting-options.js';
export type { OpenConnections } from './api/listening/open-connections.js';
export { inheritedSockets, type InheritedSocket } from './api/socket/inherited-sockets.js';
export type { GivenKind } from './api/socket/given-descriptor.js';
export type { ListeningOptions } from './api/listening/listening-socket.js';
export { Listener } from './api/listening/listener.js';
export type { ListenerCounters } from './api/listening/accepting.js';
export type { LocalEnd, PortSharing } from './api/socket/local-end.js';
export { open, type OpenFlags, type OpenOptions } from './api/file/open.js';
export type { QueueLimits, SocketOptions } from './api/options.js';
export type { ConnectionEnd } from './api/stream/connection-end.js';
export type { ConnectionInput } from './api/stream/connection-input.js';
export type { ConnectionMove } from './api/stream/connection-move.js';
export type { ConnectionOutput } from './api/stream/connection-output.js';
export type { Socket } from './api/socket/socket.js';
export type { KeepAliveOptions } from './api/socket/socket-options.js';
export { currentReactor, startReactor } from './api/thread-reactor.js';
export { Transfer, type TransferFailure, type TransferOptions } from './api/transfer/transfer.js';
export type { EndOptions, WaitOptions } from './api/waiting.js';
export {
  watch,
  Watch,
  type RegistrationMode,
  type WatchInterest,
  type WatchOptions,
  type WatchReadiness,
} from './api/watch/watch.js';
export { BufferList } from './core/memory/buffer-list.js';
export type { DriverCounters } from './core/driver/driver.js';
export { Reactor, type ReactorCounters, type ReactorOptions } from './core/reactor/reactor.js';
export type { ReactorMode } from './core/driver/mode.js';
export type { TransferAccount, TransferPath } from './core/transfers/account.js';
export type { RelayAccount } from './core/transfers/relay/relay-account.js';
export type { DirectionLimits, TunnelAccount, TunnelDirection } from './core/transfers/relay/tunnel.js';
export type { Utilization } from './core/reactor/utilization.js';
export type { FileKind, FileStat } from './sys/file/file-stat.js';
export { IoError } from './sys/ffi/io-error.js';
export type { Address, InternetAddress, UnixAddress } from './sys/socket/sockaddr.js';
