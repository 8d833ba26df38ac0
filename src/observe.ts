/**
 * `pollux/observe`: what one needs to see a program run. Snapshots of threads, a status socket for `pollux top`,
 * metrics for Prometheus, and a watch for turns that take too long.
 *
 *     await exposeStatus({ path: '/run/user/1000/my-server.sock' });
 *     // then: pollux top /run/user/1000/my-server.sock
 *
 * @module pollux/observe
 */
export { histogramBetween, quantile, type HistogramCounts } from './base/histogram.js';
export type { Spin } from './core/observation/channels.js';
export type { Phase, SlowTurn } from './core/observation/turn-meter.js';
export type { ConnectionSnapshot, ListenerSnapshot, SocketCounts, SocketsSnapshot } from './observe/sockets.js';
export {
  snapshotThread,
  type BytesSnapshot,
  type EventsSnapshot,
  type KeeperSnapshot,
  type MemorySnapshot,
  type SnapshotOptions,
  type SystemCallsSnapshot,
  type ThreadSnapshot,
  type TurnsSnapshot,
} from './observe/thread-snapshot.js';
export type { InboxDepths, QueueDepth } from './core/reactor/inbox.js';
export { exposeStatus, type StatusOptions, type StatusSocket } from './observe/status.js';
export type { ProcessSnapshot } from './observe/process-snapshot.js';
export type {
  RuntimeSnapshot,
  RuntimeSnapshotOptions,
  SnapshotSource,
  WorkerSnapshot,
} from './observe/runtime-snapshot.js';
export { registerMetrics, type MetricsOptions } from './observe/metrics.js';
export { watchStalls, type Stall, type StallOptions, type StallWatch } from './observe/stalls.js';
export type { DescriptorState, Suspect } from './observe/suspects.js';
