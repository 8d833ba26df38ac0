/** Backends with one bug each, of the kinds that real ones have had. */
import { NO_TOKEN, type Token } from '../../../src/base/token.js';
import {
  PEER_END,
  BOTH_END,
  READABLE,
  WRITABLE,
  type Backend,
  type Interest,
  type RegistrationMode,
  type ReadyEvents,
} from '../../../src/backends/contract.js';
import { isEdge, isOneshot } from '../../../src/backends/kit/modes.js';
import { IoError } from '../../../src/sys/ffi/io-error.js';
import { close, dup } from '../../../src/sys/file/io.js';
import { ForwardingBackend } from './forwarding-backend.js';

/** Leaves out every third change. */
class DropsChanges extends ForwardingBackend {
  private changes = 0;

  override modify(token: Token, interest: Interest): void {
    if (++this.changes % 3 !== 0) super.modify(token, interest);
  }
}

/** Forgets the caller's registration, but not the kernel's. */
class ReportsTheDead extends ForwardingBackend {
  private readonly dead = new Set<Token>();

  override unregister(token: Token): void {
    this.dead.add(token);
  }

  override has(token: Token): boolean {
    return !this.dead.has(token) && super.has(token);
  }
}

class IgnoresOneshot extends ForwardingBackend {
  override register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    return super.register(fd, interest, isEdge(mode) ? 'edge' : 'level');
  }
}

class TakesEdgeForLevel extends ForwardingBackend {
  override register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    return super.register(fd, interest, isOneshot(mode) ? 'oneshot' : 'level');
  }
}

class LosesWakes extends ForwardingBackend {
  override wake(): void {
    // Lost.
  }
}

/** Every entry twice. */
class ReportsDouble extends ForwardingBackend {
  private readonly doubled = {
    count: 0,
    tokens: new Float64Array(4096),
    readiness: new Uint8Array(4096),
    data: new Float64Array(4096),
    errors: new Int32Array(4096),
  };

  override get events(): ReadyEvents {
    return this.doubled;
  }

  override wait(timeoutNs: number): number {
    const count = super.wait(timeoutNs);
    const { tokens, readiness } = this.inner.events;
    for (let index = 0; index < 2 * count; index++) {
      this.doubled.tokens[index] = tokens[index >> 1];
      this.doubled.readiness[index] = readiness[index >> 1];
    }
    this.doubled.count = 2 * count;
    return 2 * count;
  }
}

/** Waits half as long as asked. */
class WakesEarly extends ForwardingBackend {
  override wait(timeoutNs: number): number {
    return super.wait(timeoutNs > 0 ? Math.floor(timeoutNs / 2) : timeoutNs);
  }
}

/** Comes back at once, whatever was asked. */
class Spins extends ForwardingBackend {
  override wait(): number {
    return super.wait(0);
  }
}

class ReportsUnaskedDirections extends ForwardingBackend {
  override wait(timeoutNs: number): number {
    const count = super.wait(timeoutNs);
    for (let index = 0; index < count; index++) this.events.readiness[index] |= READABLE | WRITABLE;
    return count;
  }
}

/** Takes the end of the peer from the caller. */
class HidesTheEnd extends ForwardingBackend {
  override wait(timeoutNs: number): number {
    const count = super.wait(timeoutNs);
    for (let index = 0; index < count; index++) this.events.readiness[index] &= ~(PEER_END | BOTH_END);
    return count;
  }
}

/** Leaves entries of a batch as they are when their registrations end. */
class DoesNotBlank extends ForwardingBackend {
  override unregister(token: Token): void {
    const { tokens, readiness, count } = this.events;
    const index = tokens.subarray(0, count).indexOf(token);
    const was = readiness[index];
    super.unregister(token);
    if (index < 0) return;
    tokens[index] = token;
    readiness[index] = was;
  }
}

/** Says nothing of what register refused, and stays deaf. */
class IsSilentlyDeaf extends ForwardingBackend {
  override register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    try {
      return super.register(fd, interest, mode);
    } catch (error) {
      if (error instanceof IoError) return NO_TOKEN;
      throw error;
    }
  }
}

/** Leaves the deletion to the next wait. */
class UnregistersLate extends ForwardingBackend {
  private readonly late: Token[] = [];

  override unregister(token: Token): void {
    this.late.push(token);
  }

  override has(token: Token): boolean {
    return !this.late.includes(token) && super.has(token);
  }

  override wait(timeoutNs: number): number {
    for (const token of this.late.splice(0)) super.unregister(token);
    return super.wait(timeoutNs);
  }
}

/** Has room for more events, and serves the first few only. */
class Starves extends ForwardingBackend {
  override wait(timeoutNs: number): number {
    const count = Math.min(super.wait(timeoutNs), 2);
    this.events.count = count;
    return count;
  }
}

class LeaksDescriptors extends ForwardingBackend {
  constructor(inner: Backend) {
    super(inner);
    leaked.push(dup(0));
  }
}

const leaked: number[] = [];

/** What LeaksDescriptors has left open. */
export function closeLeaked(): void {
  for (const fd of leaked.splice(0)) close(fd);
}

export interface BrokenBackend {
  readonly bug: string;
  breakIt(inner: Backend): Backend;
  /** A row that must find it. */
  readonly caughtBy: string;
}

export const brokenBackends: readonly BrokenBackend[] = [
  {
    bug: 'drops every third change',
    breakIt: inner => new DropsChanges(inner),
    caughtBy: 'a live change of interest loses nothing',
  },
  {
    bug: 'reports registrations that have ended',
    breakIt: inner => new ReportsTheDead(inner),
    caughtBy: 'unregister silences a condition that holds already',
  },
  {
    bug: 'ignores oneshot',
    breakIt: inner => new IgnoresOneshot(inner),
    caughtBy: 'reading: oneshot level reports once, and again after modify while the condition holds',
  },
  {
    bug: 'takes edge for level',
    breakIt: inner => new TakesEdgeForLevel(inner),
    caughtBy: 'reading: persistent edge reports once, and again after would-block',
  },
  {
    bug: 'loses wakes',
    breakIt: inner => new LosesWakes(inner),
    caughtBy: 'a wake before the wait ends it, and ends no other',
  },
  {
    bug: 'loses wakes, and would wait for ever',
    breakIt: inner => new LosesWakes(inner),
    caughtBy: 'a wait for ever ends by a wake',
  },
  {
    bug: 'reports every event twice',
    breakIt: inner => new ReportsDouble(inner),
    caughtBy: 'an event carries the token that register returned',
  },
  {
    bug: 'waits half as long as asked',
    breakIt: inner => new WakesEarly(inner),
    caughtBy: 'a wait is never shorter than asked',
  },
  {
    bug: 'spins',
    breakIt: inner => new Spins(inner),
    caughtBy: 'regression 23: TCP: without interest neither FIN nor hang-up is reported',
  },
  {
    bug: 'reports directions that nobody asked for',
    breakIt: inner => new ReportsUnaskedDirections(inner),
    caughtBy: 'a direction that was not asked for is not reported',
  },
  {
    bug: 'never says PEER_END',
    breakIt: inner => new HidesTheEnd(inner),
    caughtBy: 'TCP: FIN of the peer is reported as PEER_END',
  },
  {
    bug: 'does not blank the entries of what has ended',
    breakIt: inner => new DoesNotBlank(inner),
    caughtBy: 'regression 11: a registration that the first handler of a batch ends is not reported by the rest of it',
  },
  {
    bug: 'is silent about what it refused',
    breakIt: inner => new IsSilentlyDeaf(inner),
    caughtBy: 'a closed descriptor is refused with EBADF',
  },
  {
    bug: 'unregisters with the next wait only',
    breakIt: inner => new UnregistersLate(inner),
    caughtBy: 'regression 15: unregister tells the kernel before it returns',
  },
  {
    bug: 'serves the first of many for ever',
    breakIt: inner => new Starves(inner),
    caughtBy: 'a thousand changes are all applied by the next wait',
  },
  {
    bug: 'leaks a descriptor',
    breakIt: inner => new LeaksDescriptors(inner),
    caughtBy: 'a wait with timeout 0 returns at once',
  },
];
