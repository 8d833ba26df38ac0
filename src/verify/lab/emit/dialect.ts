/** What a C program is made of, and what differs between the kernel's interfaces that it may speak. */
import type { Interest, RegistrationMode } from '../../../backends/contract.js';
import type { ChannelKind, Program } from '../program.js';
import type { Rule } from '../violation.js';

/** What a program has, so that its C holds nothing that it does not need. */
export interface Features {
  readonly program: Program;
  /** Ends of channels, the first of the numbers of ends; timers have those after them. */
  readonly channelEnds: number;
  readonly timers: number;
  readonly wakes: boolean;
  readonly edges: boolean;
  readonly oneshots: boolean;
  readonly load: boolean;
  /** Whether a batch may have less room than there is to report. */
  readonly crowded: boolean;
  /** Whether it is judged that everybody is served in turn. */
  readonly judgesTurns: boolean;
  /** Registrations in all: what may stand in line. */
  readonly registrations: number;
}

/** The kernel's interface that a backend uses, in C. Each text is one or more whole lines, or a statement. */
export interface Dialect {
  includes(features: Features): readonly string[];
  /** Why a rule can't be broken by this interface; undefined where it can. */
  cannotBreak(rule: Rule, features: Features): string | undefined;
  /** Whether a registration is made at once, and not by the next wait. */
  readonly registersAtOnce: boolean;
  /** The state of an end and of the program. */
  state(features: Features): readonly string[];
  /** What changes a registration, and the witness: functions, those that nobody calls included. */
  calls(features: Features): readonly string[];
  /** `static void look(...)`: a wait, and what must be true of it. */
  wait(features: Features): readonly string[];
  /** What `main` begins with. */
  start(features: Features): readonly string[];
  /** Arms, or changes what is armed. @param before what the kernel was told last; undefined: nothing yet. */
  change(end: number, interest: Interest, mode: RegistrationMode, before: Interest | undefined): string | undefined;
  remove(end: number, before: Interest | undefined): string | undefined;
  /** A change that must be refused. @param end -1: of a descriptor that is closed. */
  refused(change: 'modify' | 'unregister' | 'register twice', end: number): string | undefined;
  /** A direction, as `would_block` takes it. */
  bit(direction: Interest): string;
  /** The argument of `WAIT`. */
  timeout(timeoutMs: number): string;
  /** The same, in C, of `left` milliseconds. */
  readonly timeLeft: string;
  /** The bits of `holds` for what may come and go on a network. */
  readonly looseBits: string;
  startTimer(timer: number, delayMs: number, features: Features): string;
  /** @param isDoubted whether it is asked of the kernel that it is gone. */
  stopTimer(timer: number, features: Features, isDoubted: boolean): string;
  readonly wake: string;
  /** Where it counts whether an end has ended its writing. */
  noteEnded(ends: readonly number[], hasEnded: boolean): string | undefined;
}

/** The lines of C where they are needed. */
export function when(needed: boolean, ...lines: readonly string[]): readonly string[] {
  return needed ? lines : [];
}

export function isNetwork(kind: ChannelKind): boolean {
  return kind === 'tcp' || kind === 'listener';
}

/** An edge needs a cause, which nobody here sees where segments and acknowledgements are some. */
export function judgesCauses({ edges, program }: Features): boolean {
  return edges && !program.channels.some(isNetwork);
}

/** Whether room and errors may come and go within a wait: on the network, while another process writes. */
export function isLoose({ load, program }: Features): boolean {
  return load && program.channels.some(isNetwork);
}
