/**
 * What watches timers, processes and files: the backend itself if its kernel can, otherwise descriptors of this system.
 */
import { platform } from '../../sys/ffi/platform.js';
import { nativeKqueue } from '../../sys/poll/kqueue.js';
import type { Backend } from '../contract.js';
import { QueueSources } from './queue-sources.js';
import type { EventSources } from './contract.js';
import { LinuxSources } from './linux-sources.js';

/** @throws IoError ENOSYS, ENOENT, EINVAL: this system should have kqueue, and has not. */
export function eventSourcesOf(backend: Backend): EventSources {
  if (backend.sources !== undefined) return backend.sources;
  if (platform === 'linux') return new LinuxSources(backend);
  return new QueueSources(backend, nativeKqueue());
}
