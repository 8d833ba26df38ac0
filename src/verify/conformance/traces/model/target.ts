/** Plays scenarios on the model. */
import type { Profile } from '../../../model/profile.js';
import type { Answer, TraceTarget } from '../target.js';
import type { Scenario, Step, TracedKevent } from '../trace.js';
import { Unsupported } from '../unsupported.js';
import { fileSteps } from './file-steps.js';
import { identOf, nameOf } from './idents.js';
import { keventSteps } from './kevent-steps.js';
import { processSteps } from './process-steps.js';
import { Scene, type Play } from './scene.js';
import { socketSteps } from './socket-steps.js';

const plays: Readonly<Record<string, Play>> = { ...keventSteps, ...socketSteps, ...fileSteps, ...processSteps };

export class ModelTarget implements TraceTarget {
  private readonly scene: Scene;

  constructor(profile: Profile, scenario: Scenario) {
    this.scene = new Scene(profile, scenario);
  }

  get notation() {
    return this.scene.notation;
  }

  run(step: Step): Answer {
    const play = Object.hasOwn(plays, step.op) ? plays[step.op] : undefined;
    if (play === undefined) throw new Unsupported(`the model has no ${step.op}`);
    const answer = play(this.scene, step);
    // Other threads run meanwhile.
    this.scene.kernel.wakeBlocked();
    return answer;
  }

  identOf(name: TracedKevent['ident'], filter: TracedKevent['filter']): bigint {
    return identOf(this.scene, name, filter);
  }

  nameOf(ident: bigint, filter: TracedKevent['filter']): TracedKevent['ident'] {
    return nameOf(this.scene, ident, filter);
  }

  pidOf(child: string): number {
    return this.scene.children.get(child)?.process.pid ?? -1;
  }

  close(): void {
    // The kernel goes with the scene.
  }
}
