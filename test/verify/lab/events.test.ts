/** The stress lab: it finds what is broken, shrinks it, and lets pass what is not. */
import { expect } from 'chai';
import { READABLE, WRITABLE } from '../../../src/backends/contract.js';
import { subjectNamed, type Subject } from '../../../src/verify/conformance/subject.js';
import { runCampaign } from '../../../src/verify/lab/campaign.js';
import { compareBackends } from '../../../src/verify/lab/comparison.js';
import { runProgram } from '../../../src/verify/lab/execution.js';
import { generateProgram } from '../../../src/verify/lab/generation.js';
import { REGISTRATION_MODES } from '../../../src/backends/kit/modes.js';
import type { Program, Step } from '../../../src/verify/lab/program.js';
import { shrink } from '../../../src/verify/lab/shrinking.js';
import { sweepChanges } from '../../../src/verify/lab/sweep.js';
import { runThreadWakes } from '../../../src/verify/lab/threads/thread-wakes.js';
import { broken, PutsTimersLast, seededBugs, seededTimerBugs } from './broken-backends.js';
import { subjectNames } from './describe-campaigns.js';

/** In which a bug must be found. */
const PROGRAMS = 300;
/** A model takes longer over each than a kernel. */
const PROGRAMS_ON_A_MODEL = 100;
const MOST_STEPS = 9;
const SEED = 1;
/** An end whose channel belongs to nobody else, and how many compete with it. */
const NEWCOMER = 0;
const CROWD = 10;

function campaign(subject: Subject) {
  const most = subject.enter().world.isReal ? PROGRAMS : PROGRAMS_ON_A_MODEL;
  const goesOn = (programs: number) => programs < most;
  return runCampaign({ subject, modes: REGISTRATION_MODES, firstSeed: SEED, unbatched: false, goesOn });
}

/** Found on epoll by a seed of an earlier lab: a level registration waits for 7 others, of which no more than 4 are ready at once. */
const byTurnsInLine: Program = {
  maxEvents: 1,
  channels: ['unix', 'unix', 'unix', 'unix', 'unix', 'unix'],
  steps: [
    { op: 'register', end: 1, interest: 1, mode: 'oneshot' },
    { op: 'register', end: 2, interest: 1, mode: 'oneshot' },
    { op: 'register', end: 4, interest: 2, mode: 'level' },
    { op: 'register', end: 5, interest: 1, mode: 'oneshot-edge' },
    { op: 'register', end: 6, interest: 1, mode: 'level' },
    { op: 'register', end: 7, interest: 1, mode: 'oneshot' },
    { op: 'register', end: 8, interest: 1, mode: 'oneshot' },
    { op: 'register', end: 10, interest: 1, mode: 'level' },
    { op: 'modify', end: 2, interest: 2 },
    { op: 'modify', end: 5, interest: 2 },
    { op: 'modify', end: 6, interest: 2 },
    { op: 'modify', end: 7, interest: 2 },
    { op: 'modify', end: 8, interest: 2 },
    { op: 'wait', timeoutMs: 0 },
    { op: 'wait', timeoutMs: 0 },
    { op: 'wait', timeoutMs: 0 },
    { op: 'modify', end: 1, interest: 2 },
    { op: 'modify', end: 2, interest: 2 },
    { op: 'modify', end: 5, interest: 2 },
    { op: 'modify', end: 10, interest: 2 },
    { op: 'wait', timeoutMs: 0 },
    { op: 'modify', end: 1, interest: 1 },
    { op: 'modify', end: 2, interest: 1 },
    { op: 'modify', end: 5, interest: 1 },
    { op: 'wait', timeoutMs: 0 },
    { op: 'wait', timeoutMs: 0 },
    { op: 'modify', end: 1, interest: 2 },
    { op: 'modify', end: 2, interest: 2 },
    { op: 'modify', end: 5, interest: 2 },
    { op: 'modify', end: 10, interest: 1 },
    { op: 'wait', timeoutMs: 0 },
    { op: 'wait', timeoutMs: 0 },
    { op: 'modify', end: 10, interest: 2 },
  ],
};

/** Found by seed 2013007598 on the kqueue backend: what was refused waits for room, and is no longer asked for when it comes. */
const overtakenRefusal: Program = {
  maxEvents: 1,
  channels: ['pipe'],
  steps: [
    { op: 'register', end: 0, interest: READABLE, mode: 'level' },
    { op: 'wait', timeoutMs: 0 },
    { op: 'register', end: 1, interest: READABLE, mode: 'level' },
    { op: 'close-early', end: 1 },
    { op: 'modify', end: 0, interest: WRITABLE },
    { op: 'wait', timeoutMs: 0 },
    { op: 'modify', end: 0, interest: READABLE },
  ],
};

describe('the stress lab', () => {
  it('makes the same program from the same seed', () => {
    expect(generateProgram(7)).to.deep.equal(generateProgram(7));
    expect(generateProgram(7)).to.not.deep.equal(generateProgram(8));
  });

  it('shrinks to the steps that matter, and takes out the channels that none of them names', () => {
    const program: Program = {
      maxEvents: 1,
      channels: ['tcp', 'pipe', 'unix'],
      steps: [
        { op: 'write', end: 0, lengthBytes: 5_000 },
        { op: 'wait', timeoutMs: 1 },
        { op: 'register', end: 3, interest: 3, mode: 'edge' },
        { op: 'wake' },
        { op: 'wait', timeoutMs: 1 },
      ],
    };
    const small = shrink(program, 'lost', ({ steps }) =>
      steps.some(step => step.op === 'register') && steps.some(step => step.op === 'wake') ? 'lost' : undefined,
    );
    expect(small).to.deep.equal({
      maxEvents: 64,
      channels: ['unix'],
      steps: [{ op: 'register', end: 1, interest: 1, mode: 'level' }, { op: 'wake' }],
    });
  });

  for (const name of subjectNames) {
    describe(name, () => {
      for (const maxEvents of [1, 2, 3]) {
        it(`serves a newcomer in his turn, however many oneshots are armed again before it, ${maxEvents} to a batch`, () => {
          const outcome = runProgram(subjectNamed(name), newcomerAmongRearmed(maxEvents));
          expect(outcome.violation).to.equal(undefined);
          const wait = outcome.waits.findIndex(observation => observation.some(([end]) => end === NEWCOMER));
          expect(wait).to.be.within(0, Math.ceil((CROWD + 1) / maxEvents) + 1);
        });
      }

      it('serves all who stand in line by turns, also when never all of them do at once', () => {
        expect(runProgram(subjectNamed(name), byTurnsInLine).violation).to.equal(undefined);
      });

      it('has timers of every unit in their time', () => {
        const timers = [0, 1, 2].map(delayMs => ({ op: 'timer', delayMs }) as const);
        const steps: Step[] = [{ op: 'timer', delayMs: 0, unit: 's' }];
        for (const unit of ['ms', 'us', 'ns'] as const) steps.push(...timers.map(timer => ({ ...timer, unit })));
        expect(runProgram(subjectNamed(name), { maxEvents: 2, channels: ['unix'], steps }).violation).to.equal(
          undefined,
        );
      });

      it('says nothing of a refusal that a later change has overtaken', () => {
        expect(runProgram(subjectNamed(name), overtakenRefusal).violation).to.equal(undefined);
      });

      it('loses no wake of another thread', async () => {
        const { world, factory } = subjectNamed(name).enter();
        if (world.isReal) expect((await runThreadWakes(factory, 50)).failure).to.equal(undefined);
      });

      it('sends no more changes than a batch has', () => {
        const plan = { subject: subjectNamed(name), mode: 'oneshot', durationMs: 20 } as const;
        const batched = sweepChanges({ ...plan, batch: 64, unbatched: false });
        const single = sweepChanges({ ...plan, batch: 64, unbatched: true });
        expect(batched.systemCallsPerThousandChanges).to.be.below(single.systemCallsPerThousandChanges);
      });

      for (const { bug, rules, breakIt, steps } of seededTimerBugs) {
        it(`finds a backend that ${bug}`, () => {
          const program: Program = { maxEvents: 64, channels: ['unix'], steps };
          expect(rules).to.include(runProgram(broken(subjectNamed(name), breakIt), program).violation?.rule);
        });
      }

      for (const { bug, rules, breakIt } of seededBugs) {
        it(`finds a backend that ${bug}, and shrinks it to at most ${MOST_STEPS} steps`, () => {
          const subject = broken(subjectNamed(name), breakIt);
          const { failure } = campaign(subject);
          expect(failure, `seeds ${SEED} to ${SEED + PROGRAMS - 1}`).to.not.equal(undefined);
          expect(rules, failure!.message).to.include(failure!.rule);
          expect(failure!.program.steps).to.have.lengthOf.at.most(MOST_STEPS);
          // The script that is printed runs this.
          expect(runProgram(subject, failure!.program).violation?.rule).to.equal(failure!.rule);
        });
      }
    });
  }

  it('shrinks to the timer that is wrong', () => {
    for (const { bug, rules, breakIt } of seededTimerBugs) {
      const { failure } = campaign(broken(subjectNamed('model:freebsd-14'), breakIt));
      expect(rules, bug).to.include(failure?.rule);
      expect(failure!.program.steps, bug).to.have.lengthOf.at.most(4);
      expect(failure!.program.steps.map(({ op }) => op)).to.include('timer');
    }
  });

  it('finds a backend that puts timers last, and passes one that serves them in turn', () => {
    const subject = subjectNamed('poll');
    const program: Program = {
      maxEvents: 1,
      channels: ['unix'],
      steps: [
        { op: 'register', end: 0, interest: WRITABLE, mode: 'level' },
        { op: 'register', end: 1, interest: WRITABLE, mode: 'level' },
        { op: 'timer', delayMs: 0 },
        { op: 'timer', delayMs: 0 },
      ],
    };
    expect(runProgram(subject, program).violation).to.equal(undefined);
    const last = runProgram(
      broken(subject, inner => new PutsTimersLast(inner)),
      program,
    );
    expect(last.violation?.rule).to.equal('starved');
  });

  it('finds no difference of a backend from itself', () => {
    const subjects = [subjectNames[0], subjectNames[0]].map(subjectNamed);
    expect(compareBackends(subjects, generateProgram(SEED)).differences).to.deep.equal([]);
  });
});

/**
 * A crowd of oneshots with room to write, one of them served, then a newcomer; the crowd is armed again whenever all of it
 * has been served.
 */
function newcomerAmongRearmed(maxEvents: number): Program {
  const crowd = Array.from({ length: CROWD }, (_, index) => 2 * (index + 1));
  const lap = Array<Step>(Math.ceil(CROWD / maxEvents)).fill({ op: 'wait', timeoutMs: 0 });
  const rearm = crowd.map((end): Step => ({ op: 'modify', end, interest: WRITABLE }));
  const steps: Step[] = [
    ...crowd.map((end): Step => ({ op: 'register', end, interest: WRITABLE, mode: 'oneshot' })),
    { op: 'register', end: NEWCOMER, interest: READABLE, mode: 'oneshot' },
    lap[0],
    { op: 'write', end: NEWCOMER + 1, lengthBytes: 1 },
    ...lap.slice(1),
    ...rearm,
    ...lap,
    ...rearm,
    ...lap,
  ];
  return { maxEvents, channels: Array<'unix'>(CROWD + 1).fill('unix'), steps };
}
