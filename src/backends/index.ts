/**
 * `pollux/backends`: the contract, for those who write a backend or drive one by hand.
 *
 * @packageDocumentation
 */
export { generationOf, NO_TOKEN, slotOf, tokenOf, type Token } from '../base/token.js';
export { IoError } from '../sys/io-error.js';
export {
  END,
  ERROR,
  HANGUP,
  PRIORITY,
  READABLE,
  WRITABLE,
  type Backend,
  type BackendCounters,
  type BackendFactory,
  type BackendOptions,
  type BackendProbe,
  type BackendTraits,
  type DescriptorKind,
  type Interest,
  type Lifetime,
  type Readiness,
  type ReadyEvents,
  type Trigger,
  type WakeHandle,
} from './contract.js';
export { newCounters, waitMs } from './counters.js';
export { EventBatch } from './event-batch.js';
export { EDGE, ONESHOT, Registrations } from './registrations.js';
export {
  backendFactory,
  backendNames,
  chooseBackend,
  openBackend,
  probeBackends,
  registerBackend,
  type BackendChoice,
  type ProbedBackend,
} from './select.js';
export { Waker, wakeBackend } from './wake.js';
