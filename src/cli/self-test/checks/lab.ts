/** A bounded run of the lab. The seeds are the same each time, so that a run can be repeated. */
import { backendFactory } from '../../../backends/registry.js';
import type { RegistrationMode } from '../../../backends/contract.js';
import { realSubject } from '../../../verify/conformance/subject.js';
import { runCampaign, type CampaignReport } from '../../../verify/lab/campaign.js';
import { runThreadCampaigns } from '../../../verify/lab/threads/thread-campaigns.js';
import { runThreadWakes } from '../../../verify/lab/threads/thread-wakes.js';
import { Inapplicable, type Check, type PartOrder } from '../check.js';

const SEED = 1;
const PROGRAMS = 60;
/** On a machine that is slow, fewer programs. */
const CAMPAIGN_MS = 2_000;
const THREADS = 2;
const THREAD_PROGRAMS = 15;
const WAKES = 100;

export function labChecks({ backend, module }: PartOrder): readonly Check[] {
  const factory = backendFactory(backend!);
  const subject = realSubject(factory);
  const campaign = (unbatched: boolean) => {
    const deadline = performance.now() + CAMPAIGN_MS;
    const goesOn = (programs: number) => programs < PROGRAMS && performance.now() < deadline;
    return told(runCampaign({ subject, modes: modes(), firstSeed: SEED, unbatched, goesOn }));
  };
  const modes = (): readonly RegistrationMode[] => {
    const opened = factory.open({ maxEvents: 1 });
    opened.close();
    return opened.modes;
  };
  return [
    { name: 'random programs break no promise', run: () => campaign(false) },
    { name: 'random programs with a wait after each step break no promise', run: () => campaign(true) },
    {
      name: 'random programs in two threads at once break no promise',
      async run() {
        if (module !== null) throw new Inapplicable('a thread does not know a backend that a module registers');
        const plan = { subject: factory.name, threads: THREADS, modes: modes(), unbatched: false, firstSeed: SEED };
        return told(await runThreadCampaigns({ ...plan, programs: THREAD_PROGRAMS, durationMs: CAMPAIGN_MS }));
      },
    },
    {
      name: 'wakes from other threads end a wait each',
      async run() {
        const { wakes, failure } = await runThreadWakes(factory, WAKES);
        if (failure !== undefined) throw new Error(failure);
        return `${wakes} wakes`;
      },
    },
  ];
}

/** @throws Error the violation, with the seed that shows it. */
function told({ programs, steps, failure }: CampaignReport): string {
  if (failure === undefined) return `${programs} programs, ${steps} steps`;
  const { seed, rule, message, step, program } = failure;
  throw new Error(
    `seed ${seed}, rule '${rule}', at step ${step} of ${program.steps.length}: ${message}; ` +
      `\`pollux stress events --seed ${seed} --programs 1\` prints the program`,
  );
}
