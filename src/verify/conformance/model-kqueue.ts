/** The kqueue backend on the model, as a factory like any other. */
import type { BackendFactory } from '../../backends/contract.js';
import { KqueueBackend } from '../../backends/kqueue/backend.js';
import { kqueueFactory } from '../../backends/kqueue/factory.js';
import type { ModelWorld } from './model-world.js';

export function modelKqueueFactory(world: ModelWorld): BackendFactory {
  return {
    name: 'kqueue',
    preference: 0,
    description: kqueueFactory.description,
    probe: () => ({ available: true, reason: world.name }),
    open: options => new KqueueBackend(options, world.calls, world.watchedFiles),
  };
}
