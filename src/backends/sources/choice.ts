/** Who watches timers, processes and files: the backend itself if its kernel can, otherwise descriptors of this system. */
import { platform } from '../../sys/platform.js';
import { IoError } from '../../sys/io-error.js';
import type { Backend } from '../contract.js';
import type { EventSources } from './contract.js';
import { LinuxSources } from './linux-sources.js';

/** @throws IoError ENOTSUP: this system has no such thing. */
export function eventSourcesOf(backend: Backend): EventSources {
  if (backend.sources !== undefined) return backend.sources;
  if (platform === 'linux') return new LinuxSources(backend);
  throw new IoError('ENOTSUP', 'watch', `sources of events on ${platform} with ${backend.name}`);
}
