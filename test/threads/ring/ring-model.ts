/**
 * The protocol of src/base/ring as an explicit model: each step is one access to shared memory, named as in the code and in
 * docs/internals/decisions/0008-ring.md. `explore` goes through every interleaving of two senders, a receiver and, when a sender may
 * die, the thread that marks it as ended.
 */

export interface Scenario {
  readonly unitCount: number;
  /** By sender: the lengths of its records, in units. */
  readonly records: readonly (readonly number[])[];
  /** The position where the empty ring stands; less than `unitCount`. Default 0. */
  readonly beginsAt?: number;
  /** Whether sender 0 may be stopped for good between any two steps. */
  readonly mayDie?: boolean;
  /** Whether sender 0 tries to take each of its records back once it is committed. */
  readonly revokes?: boolean;
  /** Whether the receiver chooses when to release; otherwise it does so when nothing is left to read. */
  readonly releasesAnyTime?: boolean;
  /** Whether the receiver may be stopped for good between any two steps: then it is enough that nobody spins. */
  readonly receiverMayStop?: boolean;
}

/** Ways to get the protocol wrong, each of which `explore` must find out. */
export const FLAWS = [
  'goes to sleep without an exchange',
  'reserves without keeping the mark of who sleeps',
  'pads and lets the receiver sleep',
  'is full after padding and lets the receiver sleep',
  'waits for room without trying again',
  'looks for room in the first unit only',
  'reserves in whatever lap',
  'claims after reserving',
  'remembers a place that it did not get',
  'passes by a length that may be of another record',
  'frees before it says what it has read',
  'buries without waking',
  'takes without an exchange',
  'looks for the mark before committing',
] as const;
export type Flaw = (typeof FLAWS)[number];

export interface Exploration {
  readonly states: number;
  /** What went wrong, and the steps that lead there. */
  readonly violation: { readonly what: string; readonly steps: readonly string[] } | undefined;
}

const FREE = 0;
const RESERVED = 1;
const COMMITTED = 2;
const PADDING = 3;
const ABANDONED = 4;
const REVOCABLE = 5;
const TAKEN = 6;
const ASLEEP = 16;

class Sender {
  pc = 'read tail';
  record = 0;
  /** Where it remembers the end of its last record, and where it looks now. */
  last = 0;
  place = 0;
  passed = false;
  knownHead = 0;
  found = 0;
  units = 0;
  filled = 0;
  position = 0;
  /** In the second try, after it said that it wants room. */
  again = false;
  /** What it has of the mark: ASLEEP if it wrote over it and owes a wake. */
  asleep = 0;

  clone(): Sender {
    const copy = new Sender();
    copy.pc = this.pc;
    copy.record = this.record;
    copy.last = this.last;
    copy.place = this.place;
    copy.passed = this.passed;
    copy.knownHead = this.knownHead;
    copy.found = this.found;
    copy.units = this.units;
    copy.filled = this.filled;
    copy.position = this.position;
    copy.again = this.again;
    copy.asleep = this.asleep;
    return copy;
  }

  key(): number[] {
    const { record, last, place, knownHead, found, units, filled, position } = this;
    const flags = (this.again ? 1 : 0) | (this.passed ? 2 : 0) | this.asleep;
    return [numberOf(this.pc), record, last, place, knownHead, found, units, filled, position, flags];
  }
}

class State {
  tail = 0;
  head = 0;
  read = 0;
  roomWanted = 0;
  /** Wakes that are under way: of the receiver, and of each sender. */
  wake = 0;
  senderWake = [0, 0];
  waiting = [0, 0];
  claimStart = [0, 0];
  claimUnits = [0, 0];
  words: number[];
  lengths: number[];
  bytes: number[];
  senders = [new Sender(), new Sender()];
  pc = 'look';
  position = 0;
  released = 0;
  /** Of the receiver: the unit or slot that it is at. */
  cursor = 0;
  found = 0;
  dead = false;
  stopped = false;
  marking = '';
  /** By sender: the record that must come next, and a set of those taken back. */
  next = [0, 0];
  revoked = 0;
  violation = '';

  constructor(unitCount: number) {
    this.words = new Array<number>(unitCount).fill(0);
    this.lengths = new Array<number>(unitCount).fill(0);
    this.bytes = new Array<number>(unitCount).fill(0);
  }

  clone(): State {
    const copy = new State(0);
    copy.tail = this.tail;
    copy.head = this.head;
    copy.read = this.read;
    copy.roomWanted = this.roomWanted;
    copy.wake = this.wake;
    copy.senderWake = this.senderWake.slice();
    copy.waiting = this.waiting.slice();
    copy.claimStart = this.claimStart.slice();
    copy.claimUnits = this.claimUnits.slice();
    copy.words = this.words.slice();
    copy.lengths = this.lengths.slice();
    copy.bytes = this.bytes.slice();
    copy.senders = [this.senders[0].clone(), this.senders[1].clone()];
    copy.pc = this.pc;
    copy.position = this.position;
    copy.released = this.released;
    copy.cursor = this.cursor;
    copy.found = this.found;
    copy.dead = this.dead;
    copy.stopped = this.stopped;
    copy.marking = this.marking;
    copy.next = this.next.slice();
    copy.revoked = this.revoked;
    copy.violation = this.violation;
    return copy;
  }

  /** All of it as a string, a character for each number. */
  key(): string {
    const [first, second] = this.senders;
    return String.fromCharCode(
      this.tail,
      this.head,
      this.read,
      (this.roomWanted << 1) |
        (this.wake << 2) |
        (this.dead ? 8 : 0) |
        (this.violation === '' ? 0 : 16) |
        (this.stopped ? 32 : 0),
      this.senderWake[0] | (this.senderWake[1] << 1) | (this.waiting[0] << 2) | (this.waiting[1] << 3),
      ...this.claimStart,
      ...this.claimUnits,
      ...this.words,
      ...this.lengths,
      ...this.bytes,
      ...this.next,
      this.revoked,
      numberOf(this.pc),
      numberOf(this.marking),
      this.position,
      this.released,
      this.cursor,
      this.found,
      ...first.key(),
      ...second.key(),
    );
  }
}

const numbers = new Map<string, number>();

/** A number for the name of a step. */
function numberOf(name: string): number {
  let number = numbers.get(name);
  if (number === undefined) numbers.set(name, (number = numbers.size));
  return number;
}

type Step = (state: State) => void;

class Model {
  constructor(
    private readonly scenario: Scenario,
    private readonly flaw: Flaw | undefined,
  ) {}

  start(): State {
    const { unitCount, beginsAt = 0 } = this.scenario;
    const state = new State(unitCount);
    state.tail = state.head = state.read = state.position = state.released = beginsAt;
    for (const sender of state.senders) sender.last = sender.knownHead = beginsAt;
    for (let unit = 0; unit < beginsAt; unit++) state.words[unit] = this.word(unit + unitCount, FREE, 0);
    this.scenario.records.forEach((records, who) => {
      if (records.length === 0) state.senders[who].pc = 'done';
    });
    return state;
  }

  /** Everything that may happen next, by name. */
  steps(state: State): [string, Step][] {
    const steps: [string, Step][] = [];
    for (const who of [0, 1]) {
      if (who === 0 && state.dead) continue;
      const step = this.senderStep(state, who);
      if (step === undefined) continue;
      steps.push([`sender ${who}: ${state.senders[who].pc}`, step]);
      if (who === 0 && this.scenario.mayDie === true) steps.push(['sender 0: dies', dies]);
    }
    if (state.marking !== '') steps.push([`marking: ${state.marking}`, this.markingStep(state)]);
    if (state.stopped) return steps;
    for (const [name, step] of this.receiverSteps(state)) steps.push([`receiver: ${name}`, step]);
    if (this.scenario.receiverMayStop === true) steps.push(['receiver: stops', to => void (to.stopped = true)]);
    return steps;
  }

  /** What must hold when nothing can happen any more. */
  checkEnd(state: State): string {
    if (state.stopped) return '';
    for (const who of [0, 1]) {
      const count = this.scenario.records[who].length;
      const { record, pc } = state.senders[who];
      if (!(who === 0 && state.dead) && pc !== 'done') return `sender ${who} waits for ever (${pc})`;
      let next = state.next[who];
      while (who === 0 && (state.revoked >> next) & 1) next++;
      if (who === 0 && state.dead ? next < record : next < count) return `record ${next} of sender ${who} never came`;
    }
    return '';
  }

  private word(position: number, state: number, sender: number): number {
    return Math.floor(position / this.scenario.unitCount) * 32 + sender * 8 + state;
  }

  private at(position: number): number {
    return position % this.scenario.unitCount;
  }

  private sameLap(word: number, position: number): boolean {
    return word >> 5 === Math.floor(position / this.scenario.unitCount);
  }

  private span(state: State, position: number, word: number): number {
    const at = this.at(position);
    return (word & 7) === PADDING ? this.scenario.unitCount - at : state.lengths[at];
  }

  private senderStep(state: State, who: number): Step | undefined {
    const { unitCount, records, revokes } = this.scenario;
    const { flaw } = this;
    const me = (to: State) => to.senders[who];
    const sender = me(state);
    const units = records[who][sender.record] ?? 0;
    const left = unitCount - this.at(sender.place);
    const endOfNeed = (place: number) =>
      place + (flaw === 'looks for room in the first unit only' ? 1 : Math.min(unitCount - this.at(place), units));
    const at = this.at(sender.place);
    const free = this.word(sender.place, FREE, 0);
    const isFree = (word: number) =>
      flaw === 'reserves in whatever lap' ? (word & 7) === FREE : (word & ~ASLEEP) === free;
    const go = (to: State, pc: string) => {
      const next = me(to);
      next.pc = pc;
      // What will be read anew, or is needed no more, would only multiply the states.
      if (pc === 'read tail' || pc === 'fill') {
        next.place = next.found = next.units = 0;
        next.passed = false;
      }
      if (pc === 'look for the mark' || pc === 'commit') next.filled = 0;
    };
    const lookAt = (to: State, place: number) => {
      const next = me(to);
      next.place = place;
      next.found = next.units = 0;
      const used = endOfNeed(place) - next.knownHead;
      go(to, used < 0 || used > unitCount ? 'read head' : 'read state');
    };
    switch (sender.pc) {
      case 'read tail':
        return to => lookAt(to, Math.max(to.tail, sender.last));
      case 'read head':
        return to => {
          const used = endOfNeed(sender.place) - to.head;
          me(to).knownHead = to.head;
          go(to, used > unitCount ? 'full: tell where' : used <= 0 ? 'pass: read' : 'read state');
        };
      case 'read state':
        return to => {
          me(to).found = to.words[at];
          if (isFree(to.words[at])) {
            go(to, left < units ? 'pad' : flaw === 'claims after reserving' ? 'reserve' : 'claim');
          } else go(to, 'pass: look');
        };
      case 'pad':
        return to => {
          const same = to.words[at] === sender.found;
          if (same) to.words[at] = this.word(sender.place, PADDING, who);
          if (same && flaw !== 'pads and lets the receiver sleep') me(to).asleep |= sender.found & ASLEEP;
          lookAt(to, same ? sender.place + left : sender.place);
        };
      case 'claim':
        return to => {
          to.claimStart[who] = sender.place;
          to.claimUnits[who] = units;
          go(to, flaw !== 'claims after reserving' ? 'reserve' : sender.passed ? 'advance' : 'fill');
        };
      case 'reserve':
        return to => {
          const same = to.words[at] === sender.found;
          const marks = flaw === 'reserves without keeping the mark of who sleeps' ? 0 : sender.found & ASLEEP;
          if (same || flaw === 'remembers a place that it did not get') me(to).last = sender.place + units;
          if (!same) {
            lookAt(to, flaw === 'remembers a place that it did not get' ? sender.place + units : sender.place);
            return;
          }
          to.words[at] = this.word(sender.place, RESERVED, who) | sender.asleep | marks;
          me(to).asleep = 0;
          me(to).position = sender.place;
          go(to, flaw === 'claims after reserving' ? 'claim' : sender.passed ? 'advance' : 'fill');
        };
      case 'advance':
        return to => {
          to.tail = sender.last;
          go(to, 'fill');
        };
      case 'fill':
        return to => {
          to.bytes[this.at(sender.position) + sender.filled] = idOf(who, sender.record);
          me(to).filled++;
          if (sender.filled + 1 < units) return;
          to.lengths[this.at(sender.position)] = units;
          go(to, flaw === 'looks for the mark before committing' ? 'look for the mark' : 'commit');
        };
      case 'look for the mark':
        return to => {
          me(to).asleep = to.words[this.at(sender.position)] & ASLEEP;
          go(to, 'commit');
        };
      case 'commit':
        return to => {
          const place = this.at(sender.position);
          const mark = flaw === 'looks for the mark before committing' ? sender.asleep : to.words[place] & ASLEEP;
          const revocable = revokes === true && who === 0;
          to.words[place] = this.word(sender.position, revocable ? REVOCABLE : COMMITTED, who);
          // From here on it counts as sent: its sender may die, and it must come.
          me(to).record++;
          me(to).asleep = 0;
          go(to, mark === 0 ? 'over' : 'wake');
        };
      case 'wake':
        return to => {
          to.wake = 1;
          go(to, 'over');
        };
      case 'over':
        return to => {
          if (sender.again) to.waiting[who] = 0;
          me(to).again = false;
          if (revokes === true && who === 0) go(to, 'revoke');
          else this.nextRecord(me(to), who);
        };
      case 'revoke':
        return to => {
          const place = this.at(sender.position);
          if (to.words[place] === this.word(sender.position, REVOCABLE, who)) {
            to.words[place] = this.word(sender.position, ABANDONED, who);
            to.revoked |= 1 << (sender.record - 1);
          }
          this.nextRecord(me(to), who);
        };
      case 'full: tell where':
        return to => {
          to.tail = me(to).last = sender.place;
          me(to).asleep = 0;
          const wakes = sender.asleep !== 0 && flaw !== 'is full after padding and lets the receiver sleep';
          go(to, wakes ? 'full: wake' : 'full');
        };
      case 'full: wake':
        return to => {
          to.wake = 1;
          go(to, 'full');
        };
      case 'full':
        return to => {
          if (sender.again || flaw === 'waits for room without trying again') {
            if (!sender.again) {
              to.waiting[who] = 1;
              to.roomWanted = 1;
            }
            me(to).again = false;
            go(to, 'asleep');
          } else {
            to.waiting[who] = 1;
            go(to, 'want room');
          }
        };
      case 'want room':
        return to => {
          to.roomWanted = 1;
          me(to).again = true;
          go(to, 'read tail');
        };
      case 'asleep':
        if (state.senderWake[who] === 0) return undefined;
        return to => {
          to.senderWake[who] = 0;
          // A wake for something else leaves it waiting.
          if (to.waiting[who] === 0) go(to, 'read tail');
        };
      case 'pass: look':
        return to => {
          const found = to.words[at];
          me(to).found = found;
          me(to).passed = true;
          if (!this.sameLap(found, sender.place)) go(to, 'pass: read');
          else if ((found & 7) === FREE) lookAt(to, sender.place);
          else if ((found & 7) === PADDING) lookAt(to, sender.place + left);
          else go(to, 'pass: length');
        };
      case 'pass: read':
        return to => {
          me(to).passed = true;
          lookAt(to, to.read);
        };
      case 'pass: length':
        return to => {
          const claimant = (sender.found >> 3) & 1;
          me(to).units = (sender.found & 7) === RESERVED ? to.claimUnits[claimant] : to.lengths[at];
          go(to, 'pass: look again');
        };
      case 'pass: look again':
        return to => {
          const same = to.words[at] === sender.found || flaw === 'passes by a length that may be of another record';
          lookAt(to, same ? sender.place + sender.units : sender.place);
        };
      default:
        return undefined;
    }
  }

  private nextRecord(sender: Sender, who: number): void {
    sender.pc = sender.record < this.scenario.records[who].length ? 'read tail' : 'done';
    sender.position = sender.place = sender.found = sender.units = sender.filled = 0;
  }

  private markingStep(state: State): Step {
    const position = state.claimStart[0];
    const at = this.at(position);
    switch (state.marking) {
      case 'look':
        return to => {
          const reserved = to.claimUnits[0] > 0 && (to.words[at] & ~ASLEEP) === this.word(position, RESERVED, 0);
          if (reserved) to.lengths[at] = to.claimUnits[0];
          to.waiting[0] = 0;
          to.marking = reserved ? 'abandon' : 'wake';
        };
      case 'abandon':
        return to => {
          to.words[at] = this.word(position, ABANDONED, 0);
          to.marking = 'wake';
        };
      default:
        return to => {
          if (this.flaw !== 'buries without waking') to.wake = 1;
          to.marking = '';
        };
    }
  }

  private receiverSteps(state: State): [string, Step][] {
    const { unitCount, releasesAnyTime } = this.scenario;
    const { flaw } = this;
    const at = this.at(state.position);
    const named = (step: Step): [string, Step][] => [[state.pc, step]];
    const release = flaw === 'frees before it says what it has read' ? 'free' : 'say what is read';
    switch (state.pc) {
      case 'look': {
        const looks: Step = to => {
          const found = to.words[at];
          const kind = found & 7;
          to.found = found;
          to.cursor = 0;
          if (kind === FREE || kind === RESERVED || !this.sameLap(found, to.position)) {
            to.cursor = to.released;
            to.pc = to.released === to.position ? 'sleep' : release;
            if (to.pc !== 'sleep') to.found = 0;
          } else if (kind === PADDING || kind === ABANDONED) {
            to.pc = 'skip';
          } else {
            to.pc = kind === REVOCABLE ? 'take' : 'read';
          }
        };
        const steps = named(looks);
        if (releasesAnyTime === true && state.released !== state.position) {
          steps.push([
            'release',
            to => {
              to.cursor = to.released;
              to.pc = release;
            },
          ]);
        }
        return steps;
      }
      case 'take':
        return named(to => {
          const same = to.words[at] === state.found;
          if (same) to.words[at] = this.word(to.position, TAKEN, (state.found >> 3) & 1);
          to.pc = same || flaw === 'takes without an exchange' ? 'read' : 'look';
        });
      case 'read':
        return named(to => {
          const sender = (state.found >> 3) & 1;
          if (to.bytes[at + to.cursor] !== to.bytes[at]) to.violation = 'a record is torn';
          if (++to.cursor < to.lengths[at]) return;
          this.deliver(to, sender, to.bytes[at]);
          to.position += to.lengths[at];
          to.pc = 'look';
          to.found = to.cursor = 0;
        });
      case 'skip':
        return named(to => {
          to.position += this.span(to, to.position, to.found);
          to.pc = 'look';
          to.found = 0;
        });
      case 'say what is read':
        return named(to => {
          to.read = to.position;
          to.pc = release === 'free' ? 'room wanted' : 'free';
        });
      case 'free':
        return named(to => {
          to.words[this.at(to.cursor)] = this.word(to.cursor + unitCount, FREE, 0);
          to.lengths[this.at(to.cursor)] = 0;
          to.cursor++;
          if (to.cursor < to.position) return;
          to.pc = 'move head';
          to.released = to.position;
          to.cursor = 0;
        });
      case 'move head':
        return named(to => {
          to.head = to.position;
          to.pc = release === 'free' ? 'say what is read' : 'room wanted';
        });
      case 'room wanted':
        return named(to => {
          to.pc = to.roomWanted === 1 && to.tail - to.released <= unitCount / 2 ? 'tell of room' : 'look';
        });
      case 'tell of room':
        return named(to => {
          to.roomWanted = 0;
          to.cursor = 0;
          to.pc = 'wake who waits';
        });
      case 'wake who waits':
        return named(to => {
          if (to.waiting[to.cursor] === 1) {
            to.waiting[to.cursor] = 0;
            to.senderWake[to.cursor] = 1;
          }
          if (++to.cursor < 2) return;
          to.cursor = 0;
          to.pc = 'look';
        });
      case 'sleep':
        return named(to => {
          const same = to.words[at] === state.found || flaw === 'goes to sleep without an exchange';
          if (same) to.words[at] = state.found | ASLEEP;
          to.found = to.cursor = 0;
          to.pc = same ? 'asleep' : 'look';
        });
      case 'asleep':
        if (state.wake === 0) return [];
        return named(to => {
          to.wake = 0;
          to.pc = 'end sleep';
        });
      default:
        return named(to => {
          to.words[at] &= ~ASLEEP;
          to.pc = 'look';
        });
    }
  }

  private deliver(state: State, sender: number, id: number): void {
    const record = id - idOf(sender, 0);
    if (record < 0 || record >= this.scenario.records[sender].length) {
      state.violation = `sender ${sender} never sent what came`;
      return;
    }
    if (sender === 0 && (state.revoked >> record) & 1) state.violation = `record ${record} came and was taken back`;
    let next = state.next[sender];
    while (next < record && sender === 0 && (state.revoked >> next) & 1) next++;
    if (next !== record) state.violation = `sender ${sender}: record ${record} came in place of ${next}`;
    state.next[sender] = record + 1;
  }
}

function dies(state: State): void {
  state.dead = true;
  state.marking = 'look';
  state.senderWake[0] = 0;
  const [sender] = state.senders;
  // Only what it left in shared memory matters now.
  state.senders[0] = new Sender();
  state.senders[0].pc = 'dead';
  state.senders[0].record = sender.record;
}

/** What a record's units hold; never 0, which is what unwritten memory holds. */
function idOf(sender: number, record: number): number {
  return 1 + sender * 8 + record;
}

/** How a state was reached first. */
interface Reached {
  readonly number: number;
  readonly step: string;
  readonly before: Reached | undefined;
}

/**
 * Goes through all states that can be reached. Stops at the first that must not be; and in the end finds those from which
 * no end can be reached, where threads spin for ever.
 */
export function explore(scenario: Scenario, flaw?: Flaw): Exploration {
  const model = new Model(scenario, flaw);
  const first = model.start();
  const known = new Map([[first.key(), 0]]);
  const reached: Reached[] = [{ number: 0, step: '', before: undefined }];
  const stack: { state: State; reached: Reached }[] = [{ state: first, reached: reached[0] }];
  /** The way back: from each state, by number, to those that lead to it. */
  const from: number[][] = [[]];
  const ends: number[] = [];
  while (stack.length > 0) {
    const { state, reached: here } = stack.pop()!;
    const steps = model.steps(state);
    const what = state.violation || (steps.length === 0 ? model.checkEnd(state) : '');
    if (what !== '') return { states: known.size, violation: { what, steps: stepsTo(here) } };
    if (steps.length === 0) ends.push(here.number);
    for (const [step, take] of steps) {
      const next = state.clone();
      take(next);
      const key = next.key();
      let number = known.get(key);
      if (number === undefined) {
        known.set(key, (number = known.size));
        from.push([]);
        reached.push({ number, step, before: here });
        stack.push({ state: next, reached: reached[number] });
      }
      from[number].push(here.number);
    }
  }
  const spinning = endless(from, ends);
  const violation = spinning < 0 ? undefined : { what: 'a thread spins for ever', steps: stepsTo(reached[spinning]) };
  return { states: known.size, violation };
}

/** A state from which none of `ends` can be reached, or -1. */
function endless(from: readonly number[][], ends: number[]): number {
  const ending = new Uint8Array(from.length);
  for (const end of ends) ending[end] = 1;
  for (let number = ends.pop(); number !== undefined; number = ends.pop()) {
    for (const before of from[number]) {
      if (ending[before] === 1) continue;
      ending[before] = 1;
      ends.push(before);
    }
  }
  return ending.indexOf(0);
}

function stepsTo(reached: Reached): string[] {
  const steps: string[] = [];
  for (let at = reached; at.before !== undefined; at = at.before) steps.unshift(at.step);
  return steps;
}
