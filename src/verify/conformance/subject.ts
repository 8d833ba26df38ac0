/** What is put to the test: a backend, and the world whose descriptors it watches. */
import type { BackendFactory } from '../../backends/contract.js';
import { backendFactory, backendNames } from '../../backends/registry.js';
import { profileNamed, profiles } from '../model/profile.js';
import { modelKqueueFactory } from './model-kqueue.js';
import { ModelWorld } from './model-world.js';
import { realWorld } from './real-world.js';
import type { World } from './world.js';

const MODEL = 'model:';

/** What is put to the test: a backend, on this kernel or on a model. */
export interface Subject {
  readonly name: string;
  /** A world, with nothing in it where it is a model, and the backend for it. */
  enter(): { readonly world: World; readonly factory: BackendFactory };
}

/** Backends of this machine by name, and 'model:freebsd-14' and its like: the kqueue backend on a model. */
export function subjectNames(): string[] {
  return [...backendNames(), ...Object.keys(profiles).map(name => MODEL + name)];
}

/** @throws TypeError no such backend, no such profile. */
export function subjectNamed(name: string): Subject {
  if (!name.startsWith(MODEL)) return realSubject(backendFactory(name));
  const profile = profileNamed(name.slice(MODEL.length));
  return {
    name,
    enter() {
      const world = new ModelWorld(profile);
      return { world, factory: modelKqueueFactory(world) };
    },
  };
}

/** A backend on the kernel that this runs on. */
export function realSubject(factory: BackendFactory): Subject {
  return { name: factory.name, enter: () => ({ world: realWorld, factory }) };
}
