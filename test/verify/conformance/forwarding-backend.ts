/** A backend that passes everything on to another: what the broken ones of the canary are made of. */
import type { Token } from '../../../src/base/token.js';
import type {
  Backend,
  BackendCounters,
  Interest,
  ReadyEvents,
  RegistrationMode,
  WakeHandle,
} from '../../../src/backends/contract.js';
import type { EventSources } from '../../../src/backends/sources/contract.js';

export class ForwardingBackend implements Backend {
  constructor(protected readonly inner: Backend) {}

  get name(): string {
    return this.inner.name;
  }

  get modes(): readonly RegistrationMode[] {
    return this.inner.modes;
  }

  get counters(): BackendCounters {
    return this.inner.counters;
  }

  get events(): ReadyEvents {
    return this.inner.events;
  }

  get wakeHandle(): WakeHandle {
    return this.inner.wakeHandle;
  }

  get sources(): EventSources | undefined {
    return this.inner.sources;
  }

  register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    return this.inner.register(fd, interest, mode);
  }

  modify(token: Token, interest: Interest): void {
    this.inner.modify(token, interest);
  }

  unregister(token: Token): void {
    this.inner.unregister(token);
  }

  wouldBlock(token: Token, interest: Interest): void {
    this.inner.wouldBlock(token, interest);
  }

  wait(timeoutNs: number): number {
    return this.inner.wait(timeoutNs);
  }

  wake(): void {
    this.inner.wake();
  }

  has(token: Token): boolean {
    return this.inner.has(token);
  }

  close(): void {
    this.inner.close();
  }
}
