/** Random programs on backends that are right: the lab finds nothing. */
import { expect } from 'chai';
import { probeBackends } from '../../../src/backends/registry.js';
import { realWorld } from '../../../src/verify/conformance/real-world.js';
import { subjectNamed } from '../../../src/verify/conformance/subject.js';
import { runCampaign } from '../../../src/verify/lab/campaign.js';
import { runProgram } from '../../../src/verify/lab/execution.js';
import { generateProgram } from '../../../src/verify/lab/generation.js';
import { REGISTRATION_MODES } from '../../../src/backends/kit/modes.js';
import { runThreadCampaigns } from '../../../src/verify/lab/threads/thread-campaigns.js';

const SEED = 1;
const THREADS = 3;

/** Our own backends that run here, and a model. */
export const subjectNames: readonly string[] = probeBackends()
  .filter(({ name, probe }) => ['epoll', 'io_uring', 'kqueue', 'poll'].includes(name) && probe.available)
  .map(({ name }) => name)
  .concat('model:freebsd-14');
/** And the model of FreeBSD 15, whose sockets the backend has to help. */
const campaignNames = subjectNames.concat('model:freebsd-15');

/** How many programs run. */
export interface CampaignSizes {
  readonly onKernel: number;
  /** A model takes longer over each than a kernel. */
  readonly onModel: number;
  readonly perThread: number;
}

export function describeCampaigns(title: string, sizes: CampaignSizes): void {
  describe(title, () => {
    /** Of this process, when nothing runs. */
    let atRest: number | undefined;
    before(() => {
      for (const name of campaignNames) openWhatIsLazy(name);
      atRest = realWorld.countOpen();
    });
    // Threads that have told what they had to tell may take a moment to end.
    afterEach(async () => {
      while ((realWorld.countOpen() ?? 0) > (atRest ?? 0)) await new Promise(resolve => setImmediate(resolve));
    });

    for (const name of campaignNames) {
      describe(name, () => describeSubject(name, sizes));
    }
  });
}

function describeSubject(name: string, { onKernel, onModel, perThread }: CampaignSizes): void {
  const subject = subjectNamed(name);
  const campaign = (unbatched: boolean) => {
    const most = subject.enter().world.isReal ? onKernel : onModel;
    const goesOn = (programs: number) => programs < most;
    return runCampaign({ subject, modes: REGISTRATION_MODES, firstSeed: SEED, unbatched, goesOn });
  };

  it('breaks nothing, and leaves no descriptor open', () => {
    expect(campaign(false).failure).to.equal(undefined);
  });

  it('breaks nothing with a wait after every step', () => {
    expect(campaign(true).failure).to.equal(undefined);
  });

  it(`breaks nothing in ${THREADS} threads at once, which take descriptor numbers from each other`, async () => {
    const plan = { subject: name, threads: THREADS, modes: REGISTRATION_MODES, unbatched: false };
    const report = await runThreadCampaigns({ ...plan, firstSeed: SEED, programs: perThread, durationMs: Infinity });
    expect(report.failure).to.equal(undefined);
    expect(report.programs).to.equal(perThread * THREADS);
  });
}

/** What a backend and the thread of loads open lazily is open after the first program with a load. */
function openWhatIsLazy(name: string): void {
  runProgram(subjectNamed(name), { ...generateProgram(SEED), steps: [{ op: 'fork', lengthBytes: 1 }] });
  runProgram(subjectNamed(name), generateProgram(SEED));
}
