/** The stress lab: it finds what is broken, shrinks it, and lets pass what is not. */
import { expect } from 'chai';
import { backendFactory, probeBackends } from '../../src/backends/select.js';
import { runCampaign } from '../../src/lab/campaign.js';
import { compareBackends } from '../../src/lab/comparison.js';
import { runProgram, type OpenBackend } from '../../src/lab/execution.js';
import { generateProgram } from '../../src/lab/generation.js';
import { REGISTRATION_MODES, type Program } from '../../src/lab/program.js';
import { shrink } from '../../src/lab/shrinking.js';
import { sweepChanges } from '../../src/lab/sweep.js';
import { runThreadWakes } from '../../src/lab/thread-wakes.js';
import { countOpenDescriptors } from '../../src/conformance/descriptors.js';
import { seededBugs } from './broken-backends.js';

const PROGRAMS = 300;
const MOST_STEPS = 9;
const SEED = 1;

const names = probeBackends()
  .filter(({ name, probe }) => (name === 'epoll' || name === 'poll') && probe.available)
  .map(({ name }) => name);

function opener(name: string): OpenBackend {
  return options => backendFactory(name).open(options);
}

function campaign(openBackend: OpenBackend, unbatched = false) {
  const goesOn = (programs: number) => programs < PROGRAMS;
  return runCampaign({ openBackend, modes: REGISTRATION_MODES, firstSeed: SEED, unbatched, goesOn });
}

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

  for (const name of names) {
    describe(name, () => {
      it(`breaks nothing in ${PROGRAMS} programs, and no descriptor is left open`, () => {
        campaignOnce(name);
        const before = countOpenDescriptors();
        expect(campaign(opener(name)).failure).to.equal(undefined);
        expect(countOpenDescriptors()).to.equal(before);
      });

      it('breaks nothing with a wait after every step', () => {
        expect(campaign(opener(name), true).failure).to.equal(undefined);
      });

      it('loses no wake of another thread', async () => {
        expect((await runThreadWakes(opener(name), 50)).failure).to.equal(undefined);
      });

      it('sends no more changes than a batch has', () => {
        const plan = { openBackend: opener(name), mode: 'oneshot', durationMs: 20 } as const;
        const batched = sweepChanges({ ...plan, batch: 64, unbatched: false });
        const single = sweepChanges({ ...plan, batch: 64, unbatched: true });
        expect(batched.systemCallsPerThousandChanges).to.be.below(single.systemCallsPerThousandChanges);
      });

      for (const { bug, rules, breakIt } of seededBugs) {
        it(`finds a backend that ${bug}, and shrinks it to at most ${MOST_STEPS} steps`, () => {
          const open: OpenBackend = options => breakIt(opener(name)(options));
          const { failure } = campaign(open);
          expect(failure, `seeds ${SEED} to ${SEED + PROGRAMS - 1}`).to.not.equal(undefined);
          expect(rules, failure!.message).to.include(failure!.rule);
          expect(failure!.program.steps).to.have.lengthOf.at.most(MOST_STEPS);
          // The script that is printed runs this.
          expect(runProgram(open, failure!.program).violation?.rule).to.equal(failure!.rule);
        });
      }
    });
  }

  it('finds no difference of a backend from itself', () => {
    const contenders = [names[0], names[0]].map(name => ({ name, openBackend: opener(name) }));
    expect(compareBackends(contenders, generateProgram(SEED)).differences).to.deep.equal([]);
  });
});

/** What a backend opens lazily is open after the first program. */
function campaignOnce(name: string): void {
  runProgram(opener(name), generateProgram(SEED));
}
