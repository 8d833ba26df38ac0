/** Everything that `pollux doctor` finds, as one object: docs/cli.md describes it. */
import os from 'node:os';
import type { BackendDescription, RegistrationMode } from '../../backends/contract.js';
import { backendFactory, probeBackends, type ProbedBackend } from '../../backends/registry.js';
import { Reactor } from '../../core/reactor/reactor.js';
import { libcName } from '../../sys/ffi/libc.js';
import { obstacleToNodeLoop } from '../../sys/ffi/node-loop.js';
import { arch, kernelRelease, platform, runtimeName, runtimeVersion } from '../../sys/ffi/platform.js';
import { version } from '../version.js';
import { examineFeatures, type FeatureFinding } from './features.js';
import { examineLimits, type LimitFinding } from './system-limits.js';

export interface BackendFinding {
  readonly name: string;
  readonly available: boolean;
  readonly reason: string;
  readonly fix: string | null;
  readonly preference: number;
  /** null where it does not run. */
  readonly modes: readonly RegistrationMode[] | null;
  readonly description: BackendDescription;
}

export interface Examination {
  readonly pollux: string;
  readonly runtime: {
    readonly name: 'node' | 'bun' | 'deno';
    readonly version: string;
    readonly loop: 'libuv' | 'bounded waits';
  };
  readonly system: {
    readonly platform: string;
    readonly arch: string;
    readonly kernel: string;
    readonly libc: string;
    readonly processors: number;
    readonly memoryBytes: number;
  };
  readonly backends: readonly BackendFinding[];
  /** What a program gets that asks for nothing; null where none runs, or POLLUX_BACKEND asks for one that does not. */
  readonly chosen: { readonly backend: string; readonly reason: string } | null;
  readonly features: readonly FeatureFinding[];
  readonly limits: readonly LimitFinding[];
  /** 'ok', or what keeps Pollux from running here. */
  readonly verdict: string;
}

export function examine(): Examination {
  const choice = choose();
  return {
    pollux: version,
    runtime: {
      name: runtimeName,
      version: runtimeVersion,
      loop: obstacleToNodeLoop() === undefined ? 'libuv' : 'bounded waits',
    },
    system: {
      platform,
      arch,
      kernel: kernelRelease,
      libc: libcKind(),
      processors: os.availableParallelism(),
      memoryBytes: os.totalmem(),
    },
    backends: probeBackends().map(examineBackend),
    chosen: typeof choice === 'string' ? null : choice,
    features: examineFeatures(),
    limits: examineLimits(),
    verdict: typeof choice === 'string' ? choice : 'ok',
  };
}

/** @returns a sentence if there is no choice. */
function choose(): { backend: string; reason: string } | string {
  try {
    // As a program does it, so that what is said here is what happens there.
    const reactor = new Reactor();
    reactor.close();
    return { backend: reactor.driver.backend.name, reason: reactor.reason };
  } catch (error) {
    return (error as Error).message;
  }
}

function examineBackend({ name, preference, probe }: ProbedBackend): BackendFinding {
  const { available, reason, fix = null } = probe;
  const factory = backendFactory(name);
  let modes: readonly RegistrationMode[] | null = null;
  if (available) {
    const backend = factory.open();
    ({ modes } = backend);
    backend.close();
  }
  return { name, available, reason, fix, preference, modes, description: factory.description };
}

function libcKind(): string {
  if (platform !== 'linux') return libcName();
  return libcName().includes('musl') ? 'musl' : 'glibc';
}
