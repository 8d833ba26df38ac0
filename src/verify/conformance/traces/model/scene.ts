/** One scenario on the model: the kernel, the names bound so far, the children, the calls that wait. */
import type { KeventCall } from '../../../model/kevent-call.js';
import { ModelKernel } from '../../../model/kernel.js';
import type { ModelProcess } from '../../../model/processes.js';
import type { Profile } from '../../../model/profile.js';
import { Refusal } from '../../../model/refusal.js';
import { Names } from '../names.js';
import { Notation } from '../notation.js';
import type { Answer } from '../target.js';
import type { Scenario, Step } from '../trace.js';

export interface Child {
  readonly process: ModelProcess;
  /** What it still has to do, step by step. */
  readonly plan: string[];
}

/** A call that waits in another thread. */
export interface WaitingCall {
  readonly call: KeventCall;
  readonly startedNs: number;
}

export class Scene {
  readonly kernel: ModelKernel;
  readonly names = new Names();
  readonly notation: Notation;
  readonly children = new Map<string, Child>();
  readonly waiting = new Map<string, WaitingCall>();
  /** The child of a child that was forked last. */
  forked: ModelProcess | undefined = undefined;

  constructor(profile: Profile, scenario: Scenario) {
    this.kernel = new ModelKernel(profile, scenario.fs);
    this.notation = new Notation(profile.system.constants);
  }

  fd(name: unknown): number {
    return this.names.number(name);
  }
}

/** Plays one kind of step. */
export type Play = (scene: Scene, step: Step) => Answer;

/** What a call answered, or the errno that it failed with. */
export function attempt(call: () => Record<string, unknown> | undefined, failed: Record<string, unknown> = {}): Answer {
  try {
    return { results: { errno: null, ...call() } };
  } catch (error) {
    if (error instanceof Refusal) return { results: { ...failed, errno: error.code } };
    throw error;
  }
}
