/**
 * `pollux/backends`: the contract, for those who write a backend or drive one by hand.
 *
 * @module pollux/backends
 */
export { generationOf, NO_TOKEN, slotOf, tokenOf, type Token } from '../base/token.js';
export { IoError } from '../sys/ffi/io-error.js';
export {
  PEER_END,
  ERROR,
  BOTH_END,
  PRIORITY,
  READABLE,
  WRITABLE,
  type Backend,
  type BackendCounters,
  type BackendFactory,
  type BackendOptions,
  type BackendProbe,
  type BackendDescription,
  type DescriptorKind,
  type Interest,
  type RegistrationMode,
  type Readiness,
  type ReadyEvents,
  type WakeHandle,
} from './contract.js';
export { isEdge, isOneshot, REGISTRATION_MODES } from './kit/modes.js';
export { newCounters, waitMs } from './kit/counters.js';
export { EventBatch } from './kit/event-batch.js';
export { EDGE, ONESHOT, Registrations } from './kit/registrations.js';
export {
  backendFactory,
  backendNames,
  chooseBackend,
  openBackend,
  probeBackends,
  registerBackend,
  type BackendChoice,
  type ProbedBackend,
} from './registry.js';
export { eventSourcesOf } from './sources/choice.js';
export {
  CHANGED_ATTRIBUTES,
  CHANGED_CLOSE,
  CHANGED_CLOSE_WRITE,
  CHANGED_DELETE,
  CHANGED_EXTEND,
  CHANGED_LINK,
  CHANGED_OPEN,
  CHANGED_READ,
  CHANGED_RENAME,
  CHANGED_REVOKE,
  CHANGED_WRITE,
  NOTHING,
  STATUS_UNKNOWN,
  type EventSources,
  type FileChanges,
  type Source,
  type TimerSpec,
  type TimeUnit,
  type UserHandle,
  type UserSource,
} from './sources/contract.js';
export { triggerUserEvent } from './sources/trigger.js';
export { Waker, wakeBackend, writeHandle } from './kit/wake.js';
