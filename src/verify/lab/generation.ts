/** Random programs, the same one from the same seed on every machine. */
import type { RegistrationMode } from '../../backends/contract.js';
import { isOneshot, REGISTRATION_MODES } from '../../backends/kit/modes.js';
import { Random } from '../../base/random.js';
import { READABLE, WRITABLE } from '../../backends/contract.js';
import { type ChannelKind, type EndOperation, type Program, type Step } from './program.js';

const MOST_CHANNELS = 12;
const LEAST_STEPS = 20;
const MOST_STEPS = 160;
/** Small batches are where fairness shows. */
const BATCHES = [1, 2, 3, 8, 64] as const;
const CROWDED_BATCHES = [1, 2, 3, 5] as const;
/** Steps after which no further round of a crowd begins. */
const CROWDED_STEPS = 160;
/** One program in so many is a crowd. */
const CROWDS = 5;
const KINDS: readonly ChannelKind[] = ['unix', 'unix', 'unix', 'pipe', 'pipe', 'tcp', 'listener'];
const INTERESTS = [0, READABLE, READABLE, WRITABLE, READABLE | WRITABLE];
/** 1 ms is the step of most kernels' timeouts, and what lies off a step must not be cut; mostly a wait only looks. */
const TIMEOUTS_MS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 0.3, 1.5];
/** On the model, and within a wait of a kernel, some expire before others that were started earlier. */
const DELAYS = [
  { delayMs: 0 },
  { delayMs: 0, unit: 's' },
  { delayMs: 1, unit: 'us' },
  { delayMs: 2, unit: 'ns' },
] as const;
const LENGTHS_BYTES = [1, 100, 5_000];

type Choice = Step['op'];

/** How often each step is drawn. */
const WEIGHTS: readonly (readonly [Choice, number])[] = [
  ['register', 16],
  ['modify', 14],
  ['wait', 24],
  ['write', 14],
  ['read', 4],
  ['drain', 8],
  ['fill', 3],
  ['change-mode', 4],
  ['unregister', 5],
  ['half-close', 2],
  ['reset', 1],
  ['close', 2],
  ['close-early', 1],
  ['dup', 1],
  ['close-dup', 1],
  ['register-twice', 1],
  ['reopen', 3],
  ['modify-dead', 1],
  ['unregister-dead', 1],
  ['connect', 4],
  ['accept', 2],
  ['replace', 2],
  ['burst', 1],
  ['fork', 2],
  ['wake', 3],
  ['timer', 3],
  ['stop-timer', 1],
];
const CHOICES = WEIGHTS.flatMap(([choice, weight]) => Array<Choice>(weight).fill(choice));

/** @param modes the modes to register with: those that the backend has. */
export function generateProgram(seed: number, modes: readonly RegistrationMode[] = REGISTRATION_MODES): Program {
  const random = new Random(seed);
  return random.below(CROWDS) === 0 ? generateCrowd(random, modes) : generateMixture(random, modes);
}

function generateMixture(random: Random, modes: readonly RegistrationMode[]): Program {
  const channels = Array.from({ length: 1 + random.below(MOST_CHANNELS) }, () => random.pick(KINDS));
  const length = LEAST_STEPS + random.below(MOST_STEPS - LEAST_STEPS);
  const maxEvents = random.pick(BATCHES);
  const steps = Array.from({ length }, () => generateStep(random, channels.length, modes));
  return { maxEvents, channels, steps };
}

/**
 * More that is ready than a batch takes, oneshots for the most part, some or all of which are armed again after each
 * wait: a backend that serves by place instead of by turn lets them push in before others.
 */
function generateCrowd(random: Random, modes: readonly RegistrationMode[]): Program {
  const channels = Array.from({ length: 2 + random.below(MOST_CHANNELS - 1) }, () => 'unix' as const);
  const ends = 2 * channels.length;
  const maxEvents = random.pick(CROWDED_BATCHES);
  const rearmedOf10 = random.pick([1, 3, 10]);
  const oneshots = modes.filter(mode => isOneshot(mode));
  const steps: Step[] = [];
  for (let end = 0; end < ends; end++) {
    const mode = random.pick(oneshots.length > 0 && random.below(4) > 0 ? oneshots : modes);
    steps.push({ op: 'register', end, interest: random.pick([READABLE, WRITABLE, WRITABLE]), mode });
  }
  while (steps.length < CROWDED_STEPS) {
    for (let waits = 1 + random.below(ends); waits > 0; waits--) steps.push({ op: 'wait', timeoutMs: 0 });
    if (random.below(2) === 0) steps.push({ op: 'write', end: random.below(ends), lengthBytes: 1 });
    for (let end = 0; end < ends; end++) {
      if (random.below(10) < rearmedOf10)
        steps.push({ op: 'modify', end, interest: random.pick([READABLE, WRITABLE]) });
    }
  }
  return { maxEvents, channels, steps };
}

function generateStep(random: Random, channels: number, modes: readonly RegistrationMode[]): Step {
  const op = random.pick(CHOICES);
  const end = random.below(2 * channels);
  switch (op) {
    case 'register':
    case 'change-mode':
      return { op, end, interest: random.pick(INTERESTS), mode: random.pick(modes) };
    case 'modify':
      return { op, end, interest: random.pick(INTERESTS) };
    case 'write':
    case 'read':
      return { op, end, lengthBytes: random.pick(LENGTHS_BYTES) };
    case 'reopen':
    case 'replace':
      return { op, channel: end >> 1 };
    case 'burst':
    case 'fork':
      return { op, lengthBytes: random.pick(LENGTHS_BYTES) };
    case 'wait':
      return { op, timeoutMs: random.pick(TIMEOUTS_MS) };
    case 'timer':
      return { op, ...random.pick(DELAYS) };
    case 'stop-timer':
    case 'modify-dead':
    case 'unregister-dead':
    case 'wake':
      return { op };
    default:
      return { op: op satisfies EndOperation, end };
  }
}
