/**
 * Pollux: epoll, kqueue and poll as one, and sockets and files above them.
 *
 * @packageDocumentation
 */
export { adopt } from './api/adopt.js';
export { connect, type ConnectOptions } from './api/connect.js';
export { copyStream, type CopyStreamOptions } from './api/copy-stream.js';
export { Connection } from './api/connection.js';
export { join, type JoinOptions } from './api/join.js';
export { sendFile, type OpenFile, type SendFileOptions } from './api/send-file.js';
export { SendingSocket, type Sendable } from './api/sending-socket.js';
export type { DeferAccept } from './api/defer-accept.js';
export type { State } from './api/connection-states.js';
export { copy, type CopyOptions } from './api/copy.js';
export { Directory, openDirectory } from './api/directory.js';
export type { Deadline, TimeoutOptions } from './api/deadlines.js';
export { EventWatch } from './api/events/event-watch.js';
export { FileWatch, watchFile, type FileChange, type FileWatchOptions } from './api/events/file.js';
export { ProcessWatch, watchProcess, type ProcessEnd } from './api/events/process.js';
export { SignalWatch, watchSignal } from './api/events/signal.js';
export { TimerWatch, watchTimer, type TimerOptions, type TimeUnit } from './api/events/timer.js';
export { triggerUser, UserWatch, watchUser, type UserHandle } from './api/events/user.js';
export { File, type Advice, type FileFailure } from './api/file.js';
export { listen, type ListenOptions } from './api/listen.js';
export { Listener, type ListenerCounters } from './api/listener.js';
export { open, type OpenFlags, type OpenOptions } from './api/open.js';
export type { QueueLimits, SocketOptions } from './api/options.js';
export { openEndpoint, Endpoint } from './api/messages/endpoint.js';
export type { Message } from './api/messages/message.js';
export { Peer, type RequestOptions, type Undelivered } from './api/messages/peer.js';
export { QueueSender } from './api/messages/queue-sender.js';
export { Queue } from './api/messages/queue.js';
export type { Answer } from './api/messages/services.js';
export type { SlowPolicy, SubscriberCounters } from './api/messages/subscriber.js';
export { Subscription, type SubscribeOptions } from './api/messages/subscription.js';
export { Ticket, type Cancellation } from './api/messages/ticket.js';
export { Topic, type TopicCounters } from './api/messages/topic.js';
export { ReceivingSocket } from './api/receiving-socket.js';
export { Socket } from './api/socket.js';
export type { KeepAliveOptions } from './api/socket-options.js';
export { currentReactor, startReactor } from './api/thread-reactor.js';
export { Transfer, type TransferFailure } from './api/transfer.js';
export { watch, Watch, type Ready, type WatchInterest, type WatchOptions } from './api/watch.js';
export { BufferList } from './core/buffer-list.js';
export type { DriverCounters } from './core/driver.js';
export type { MailboxAddress } from './core/mailbox/address.js';
export type { MailboxCounters, MailboxOptions } from './core/mailbox/mailbox.js';
export { Reactor, type ReactorCounters, type ReactorOptions } from './core/reactor.js';
export type { Mode } from './core/readiness-driver.js';
export type { TransferAccount, TransferPath } from './core/transfers/account.js';
export type { RelayAccount } from './core/transfers/relay-account.js';
export type { DirectionLimits, TunnelAccount, TunnelDirection } from './core/transfers/tunnel.js';
export type { FileKind, FileStat } from './sys/file-stat.js';
export { IoError } from './sys/io-error.js';
export type { Address, InternetAddress, UnixAddress } from './sys/sockaddr.js';
