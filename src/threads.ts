/**
 * `pollux/threads`: programs of more than one thread. A `Runtime` starts workers with a reactor each; messages,
 * connections, listeners and files go from one to another.
 *
 *     const runtime = new Runtime({ entry: new URL('./worker.js', import.meta.url), threads: 4 });
 *     await runtime.start();
 *
 * @module pollux/threads
 */
export { receiveConnections, receiveDatagrams, receiveFiles, receiveListeners } from './threads/receive.js';
export type { AcceptModel, Distribute, ServiceOptions, WorkerLoad } from './threads/service/options.js';
export type { Service, ServiceCloseOptions, ServiceEnd } from './threads/service/service.js';
export { Endpoint } from './threads/endpoint/endpoint.js';
export { openEndpoint } from './threads/endpoint/open-endpoint.js';
export type { Message } from './threads/messages/message.js';
export { Peer, type RequestOptions } from './threads/endpoint/peer.js';
export type { Undelivered } from './threads/endpoint/peer-lane.js';
export type { MessageTypes } from './threads/messages/message-types.js';
export { QueueSender } from './threads/messages/queue-sender.js';
export { Queue } from './threads/messages/queue.js';
export type { RequestHandler } from './threads/messages/request-handlers.js';
export type { SlowPolicy, SubscriberCounters } from './threads/messages/subscriber.js';
export { Subscription, type SubscribeOptions } from './threads/messages/subscription.js';
export { Ticket, type Cancellation } from './threads/messages/ticket.js';
export { Topic, type TopicCounters } from './threads/messages/topic.js';
export { workQueue, WorkQueue, type WorkQueueCounters } from './threads/jobs/work-queue.js';
export { receiveWork, WorkReceiver, type WorkPlace } from './threads/jobs/work-receiver.js';
export { Job } from './threads/jobs/job.js';
export type { WorkReceiverCounters } from './threads/jobs/receivers.js';
export type { ReceiveWorkOptions, WorkOptions, WorkQueueOptions } from './threads/jobs/options.js';
export { RuntimeWorker } from './threads/runtime/runtime-worker.js';
export type { RuntimeOptions } from './threads/runtime/options.js';
export { Runtime, type RuntimeEnd } from './threads/runtime/runtime.js';
export { currentWorker, CurrentWorker } from './threads/runtime/current-worker.js';
export type { MailboxAddress } from './threads/mailbox/address.js';
export type { MailboxCounters, MailboxOptions } from './threads/mailbox/mailbox.js';
