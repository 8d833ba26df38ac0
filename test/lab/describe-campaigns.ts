/** Random programs on backends that are right: the lab finds nothing. */
import { expect } from 'chai';
import { probeBackends } from '../../src/backends/select.js';
import { realWorld } from '../../src/conformance/real-world.js';
import { subjectNamed } from '../../src/conformance/subject.js';
import { runCampaign } from '../../src/lab/campaign.js';
import { runProgram } from '../../src/lab/execution.js';
import { generateProgram } from '../../src/lab/generation.js';
import { REGISTRATION_MODES } from '../../src/lab/program.js';
import { runThreadCampaigns } from '../../src/lab/thread-campaigns.js';

const SEED = 1;
const THREADS = 3;

/** Backends of this machine, and a model. */
export const subjectNames: readonly string[] = probeBackends()
  .filter(({ name, probe }) => (name === 'epoll' || name === 'poll') && probe.available)
  .map(({ name }) => name)
  .concat('model:freebsd-14');

/** How many programs run. */
export interface CampaignSizes {
  readonly onKernel: number;
  /** A model takes longer over each than a kernel. */
  readonly onModel: number;
  readonly perThread: number;
}

export function describeCampaigns(title: string, { onKernel, onModel, perThread }: CampaignSizes): void {
  for (const name of subjectNames) {
    const subject = subjectNamed(name);
    const campaign = (unbatched: boolean) => {
      const most = subject.enter().world.isReal ? onKernel : onModel;
      const goesOn = (programs: number) => programs < most;
      return runCampaign({ subject, modes: REGISTRATION_MODES, firstSeed: SEED, unbatched, goesOn });
    };

    describe(`${title} (${name})`, () => {
      it('break nothing, and leave no descriptor open', () => {
        openWhatIsLazy(name);
        const before = realWorld.countOpen();
        expect(campaign(false).failure).to.equal(undefined);
        expect(realWorld.countOpen()).to.equal(before);
      });

      it('break nothing with a wait after every step', () => {
        expect(campaign(true).failure).to.equal(undefined);
      });

      it(`break nothing in ${THREADS} threads at once, which take descriptor numbers from each other`, async () => {
        const plan = { subject: name, threads: THREADS, modes: REGISTRATION_MODES, unbatched: false };
        const report = await runThreadCampaigns({
          ...plan,
          firstSeed: SEED,
          programs: perThread,
          durationMs: Infinity,
        });
        expect(report.failure).to.equal(undefined);
        expect(report.programs).to.equal(perThread * THREADS);
      });
    });
  }
}

/** What a backend and the thread of loads open lazily is open after the first program with a load. */
function openWhatIsLazy(name: string): void {
  runProgram(subjectNamed(name), { ...generateProgram(SEED), steps: [{ op: 'fork', lengthBytes: 1 }] });
  runProgram(subjectNamed(name), generateProgram(SEED));
}
