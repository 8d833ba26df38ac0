/** Plays scenarios on the kernel that this runs on. */
import { nativeKqueue } from '../../../../sys/poll/kqueue.js';
import type { Answer, TraceTarget } from '../target.js';
import type { Step, TracedKevent } from '../trace.js';
import { Unsupported } from '../unsupported.js';
import { descriptorSteps } from './descriptor-steps.js';
import { identOf, nameOf } from './idents.js';
import { keventSteps } from './kevent-steps.js';
import { NativeScene, type NativePlay } from './scene.js';

const plays: Readonly<Record<string, NativePlay>> = { ...keventSteps, ...descriptorSteps };

export class NativeTarget implements TraceTarget {
  private readonly scene: NativeScene;

  /** @throws IoError ENOSYS: there is no kqueue here. */
  constructor() {
    this.scene = new NativeScene(nativeKqueue());
  }

  get notation() {
    return this.scene.notation;
  }

  run(step: Step): Answer {
    const play = Object.hasOwn(plays, step.op) ? plays[step.op] : undefined;
    if (play === undefined) throw new Unsupported(`the recorder has no ${step.op}`);
    return play(this.scene, step);
  }

  identOf(name: TracedKevent['ident'], filter: TracedKevent['filter']): bigint {
    return identOf(this.scene, name, filter);
  }

  nameOf(ident: bigint, filter: TracedKevent['filter']): TracedKevent['ident'] {
    return nameOf(this.scene, ident, filter);
  }

  pidOf(): number {
    throw new Unsupported('children');
  }

  close(): void {
    this.scene.end();
  }
}
