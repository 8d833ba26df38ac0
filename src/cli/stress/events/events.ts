/** `pollux stress events`: random programs on a backend, judged by the contract after each wait. */
import process from 'node:process';
import { Command } from 'commander';
import { subjectNames, type Subject } from '../../../verify/conformance/subject.js';
import { runCampaign, type CampaignPlan, type CampaignReport } from '../../../verify/lab/campaign.js';
import { compareBackends, type Difference } from '../../../verify/lab/comparison.js';
import { generateProgram } from '../../../verify/lab/generation.js';
import type { RegistrationMode } from '../../../backends/contract.js';
import { REGISTRATION_MODES } from '../../../backends/kit/modes.js';
import { sweepChanges, type SweepResult } from '../../../verify/lab/sweep.js';
import { runThreadCampaigns } from '../../../verify/lab/threads/thread-campaigns.js';
import { runThreadWakes, type ThreadWakesReport } from '../../../verify/lab/threads/thread-wakes.js';
import { subjectOf, subjectsOf } from '../../subject.js';
import {
  parseBackends,
  parseBatches,
  parseLanguages,
  parseModes,
  parsePrograms,
  parseSeed,
  parseThreads,
  type EventsOptions,
} from './options.js';
import { campaignText, differencesText, sweepText, threadsText } from './rendering.js';
import { reproductionOf, type Reproduction } from './reproduction.js';
import { backendOption, parseDuration } from '../options.js';

const FAILED = 1;
const DEFAULT_PROGRAMS = 1_000;
const THREAD_WAKES = 200;
const SWEEP_MS = 300;
/** Programs whose differences are shown in full; the others are counted. */
const MOST_SHOWN = 5;

interface BackendReport {
  readonly backend: string;
  readonly campaign: CampaignReport;
  /** Undefined without a failure. */
  readonly reproduction: Reproduction | undefined;
  /** Undefined on a model, which has one thread. */
  readonly threadWakes: ThreadWakesReport | undefined;
  readonly sweep: readonly SweepResult[];
}

interface ProgramDifferences {
  readonly seed: number;
  readonly differences: readonly Difference[];
}

export function eventsCommand(): Command {
  return new Command('events')
    .description('random programs of changes, traffic and waits on a backend, judged by its contract')
    .addOption(backendOption(subjectNames()).conflicts('compare'))
    .option('--seed <number>', 'the seed of the first program; printed, so that a run can be repeated', parseSeed)
    .option('--programs <number>', `how many programs; ${DEFAULT_PROGRAMS} without --duration`, parsePrograms)
    .option('--duration <seconds>', 'go on for so long', parseDuration)
    .option('--compare <names>', 'the same programs on several backends: epoll,poll', parseBackends(subjectNames()))
    .option('--mode <names>', 'modes to register with: level,edge,oneshot,oneshot-edge', parseModes, [
      ...REGISTRATION_MODES,
    ])
    .option('--emit <languages>', 'print what was found as a program in: c,js', parseLanguages, ['c', 'js'])
    .option('--threads <n>', 'run programs in so many threads at once, a backend each', parseThreads, 1)
    .option('--batch <numbers>', 'measure changes too, so many to a wait: 1,8,64,1024', parseBatches)
    .option('--unbatched', 'a wait after every change, as a baseline')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText(
      'after',
      '\nExits 0 without a violation, 1 with one, 2 on bad usage. docs/internals/stress-events.md explains the result.',
    )
    .action(run);
}

async function run(options: EventsOptions, command: Command): Promise<void> {
  // Before anything is printed: what can't be is refused at once.
  const subjects =
    options.compare === undefined ? [subjectOf(options.backend, command)] : subjectsOf(options.compare, command);
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
  const print = (text: string) => void (options.json || process.stdout.write(text));
  print(`seed ${seed}\n`);
  // The comparison takes its share of the time too.
  const shares = subjects.length > 1 ? subjects.length + 1 : 1;
  const backends: BackendReport[] = [];
  for (const subject of subjects) backends.push(await runOn(subject, seed, options, shares, print));
  const differing = options.compare === undefined ? [] : compare(subjects, seed, backends, options, print);
  const ok = backends.every(({ campaign, threadWakes }) => (campaign.failure ?? threadWakes?.failure) === undefined);
  if (options.json) process.stdout.write(`${JSON.stringify({ seed, ok, backends, differing })}\n`);
  process.exitCode = ok ? 0 : FAILED;
}

async function runOn(
  subject: Subject,
  firstSeed: number,
  options: EventsOptions,
  shares: number,
  print: (text: string) => void,
): Promise<BackendReport> {
  const { name } = subject;
  const modes = modesOf(subject, options.mode);
  const unbatched = options.unbatched === true;
  const campaign = await runPrograms(subject, { modes, firstSeed, unbatched }, options, shares);
  const { world, factory } = subject.enter();
  const { failure } = campaign;
  const reproduction = failure && reproductionOf(failure, name, world.name, options.emit);
  print(campaignText(name, campaign, reproduction));
  const threadWakes = world.isReal ? await runThreadWakes(factory, THREAD_WAKES) : undefined;
  if (threadWakes !== undefined) print(threadsText(name, threadWakes));
  const sweep = modes.flatMap(mode =>
    (options.batch ?? []).map(batch => sweepChanges({ subject, batch, mode, unbatched, durationMs: SWEEP_MS })),
  );
  if (sweep.length > 0) print(sweepText(name, sweep));
  return { backend: name, campaign, reproduction, threadWakes, sweep };
}

/** In this thread, or in as many as were asked for. */
function runPrograms(
  subject: Subject,
  plan: Pick<CampaignPlan, 'modes' | 'firstSeed' | 'unbatched'>,
  options: EventsOptions,
  shares: number,
): CampaignReport | Promise<CampaignReport> {
  const { threads } = options;
  if (threads === 1) return runCampaign({ ...plan, subject, goesOn: limit(options, shares) });
  const programs = Math.ceil(mostPrograms(options) / threads);
  return runThreadCampaigns({
    ...plan,
    subject: subject.name,
    threads,
    programs,
    durationMs: shareMs(options, shares),
  });
}

/** Runs what all backends have run, and shows where they differ. A difference is no violation. */
function compare(
  subjects: readonly Subject[],
  firstSeed: number,
  reports: readonly BackendReport[],
  options: EventsOptions,
  print: (text: string) => void,
): ProgramDifferences[] {
  const modes = subjects.reduce<readonly RegistrationMode[]>(
    (common, subject) => modesOf(subject, common),
    options.mode,
  );
  const programs = Math.min(...reports.map(({ campaign }) => campaign.programs));
  const goesOn = limit({ ...options, programs }, subjects.length + 1);
  const names = subjects.map(({ name }) => name);
  const differing: ProgramDifferences[] = [];
  let compared = 0;
  for (; goesOn(compared); compared++) {
    const seed = firstSeed + compared;
    const { differences } = compareBackends(subjects, generateProgram(seed, modes), options);
    if (differences.length === 0) continue;
    differing.push({ seed, differences });
    if (differing.length <= MOST_SHOWN) print(differencesText(seed, names, differences));
  }
  print(`${differing.length} of ${compared} programs differ\n`);
  return differing;
}

/** Both limits count where both are given. The time is divided among the backends and their comparison. */
function limit(options: EventsOptions, shares: number): (done: number) => boolean {
  const most = mostPrograms(options);
  const deadline = performance.now() + shareMs(options, shares);
  return done => done < most && performance.now() < deadline;
}

function mostPrograms({ programs, duration }: EventsOptions): number {
  return programs ?? (duration === undefined ? DEFAULT_PROGRAMS : Infinity);
}

function shareMs({ duration = Infinity }: EventsOptions, shares: number): number {
  return (duration * 1000) / shares;
}

function modesOf(subject: Subject, modes: readonly RegistrationMode[]): RegistrationMode[] {
  const backend = subject.enter().factory.open({ maxEvents: 1 });
  backend.close();
  return modes.filter(mode => backend.modes.includes(mode));
}
