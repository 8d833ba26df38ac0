/** Names of filters, flags and fflags in traces, which are FreeBSD's without EVFILT_, EV_ and NOTE_. */
import { bsdErrnoIfKnown } from '../../model/refusal.js';
import type { KqueueConstants } from '../../../sys/poll/kqueue-constants.js';
import { Unsupported } from './unsupported.js';

const FILTERS = ['READ', 'WRITE', 'AIO', 'VNODE', 'PROC', 'SIGNAL', 'TIMER', 'USER', 'EXCEPT', 'EMPTY'] as const;
const FLAGS = [
  'ADD',
  'DELETE',
  'ENABLE',
  'DISABLE',
  'ONESHOT',
  'CLEAR',
  'RECEIPT',
  'DISPATCH',
  'FORCEONESHOT',
  'KEEPUDATA',
  'ERROR',
  'EOF',
] as const;
/** Bits of the kernel's own, which a change may carry and which mean nothing there. */
const SYSTEM_FLAGS: Readonly<Record<string, number>> = { DROP: 0x1000, FLAG1: 0x2000, FLAG2: 0x4000 };

const DESCRIPTOR_NOTES: Readonly<Record<string, number>> = { LOWAT: 0x1, FILE_POLL: 0x2 };
const NOTES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  READ: DESCRIPTOR_NOTES,
  WRITE: DESCRIPTOR_NOTES,
  USER: { TRIGGER: 0x01000000, FFNOP: 0, FFAND: 0x40000000, FFOR: 0x80000000, FFCOPY: 0xc0000000 },
  VNODE: {
    DELETE: 0x1,
    WRITE: 0x2,
    EXTEND: 0x4,
    ATTRIB: 0x8,
    LINK: 0x10,
    RENAME: 0x20,
    REVOKE: 0x40,
    OPEN: 0x80,
    CLOSE: 0x100,
    CLOSE_WRITE: 0x200,
    READ: 0x400,
  },
  PROC: { EXIT: 0x80000000, FORK: 0x40000000, EXEC: 0x20000000, TRACK: 0x1, TRACKERR: 0x2, CHILD: 0x4 },
};

export class Notation {
  constructor(private readonly constants: KqueueConstants) {}

  /** @throws Unsupported the system has no such filter. */
  filter(name: string | number): number {
    if (typeof name === 'number') return name;
    const known = FILTERS.find(candidate => candidate === name);
    const number = known === undefined ? undefined : this.constants[`EVFILT_${known}`];
    if (number === undefined) throw new Unsupported(`this system has no filter '${name}'`);
    return number;
  }

  filterName(number: number): string | number {
    return FILTERS.find(name => this.constants[`EVFILT_${name}`] === number) ?? number;
  }

  flags(names: readonly (string | number)[] = []): number {
    return names.reduce<number>((bits, name) => bits | this.flag(name), 0);
  }

  flagNames(bits: number): string[] {
    return FLAGS.filter(name => (bits & (this.constants[`EV_${name}`] ?? 0)) !== 0);
  }

  fflags(filter: string | number, names: readonly (string | number)[] = []): number {
    return names.reduce<number>((bits, name) => (bits | this.note(filter, name)) >>> 0, 0);
  }

  fflagNames(filter: string | number, bits: number): (string | number)[] {
    const notes = { ...NOTES[filter], ...(filter === 'TIMER' ? this.timerNotes : {}) };
    const names: (string | number)[] = [];
    let rest = bits;
    for (const [name, bit] of Object.entries(notes)) {
      if (bit === 0 || (rest & bit) >>> 0 !== bit) continue;
      names.push(name);
      rest = (rest & ~bit) >>> 0;
    }
    return rest === 0 ? names : [...names, rest];
  }

  private get timerNotes(): Readonly<Record<string, number>> {
    const { NOTE_SECONDS, NOTE_MSECONDS, NOTE_USECONDS, NOTE_NSECONDS, NOTE_ABSTIME } = this.constants;
    return {
      SECONDS: NOTE_SECONDS,
      MSECONDS: NOTE_MSECONDS,
      USECONDS: NOTE_USECONDS,
      NSECONDS: NOTE_NSECONDS,
      ABSTIME: NOTE_ABSTIME,
    };
  }

  private flag(name: string | number): number {
    if (typeof name === 'number') return name;
    if (name in SYSTEM_FLAGS) return SYSTEM_FLAGS[name];
    const known = FLAGS.find(candidate => candidate === name);
    const bit = known === undefined ? undefined : this.constants[`EV_${known}`];
    if (bit === undefined) throw new Unsupported(`this system has no flag '${name}'`);
    return bit;
  }

  private note(filter: string | number, name: string | number): number {
    if (typeof name === 'number') return name;
    const bit = filter === 'TIMER' ? this.timerNotes[name] : NOTES[filter]?.[name];
    // Beside EV_EOF a socket says which error it was.
    const number = bit ?? bsdErrnoIfKnown(name);
    if (number === undefined) throw new Unsupported(`this system has no note '${name}' of ${filter}`);
    return number;
  }
}
