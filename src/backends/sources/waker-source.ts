/** A source that is triggered by hand, from any thread: an eventfd, or a pipe where there is none. */
import type { Token } from '../../base/token.js';
import { tableId } from '../../sys/file/owned-descriptors.js';
import { READABLE, type Backend } from '../contract.js';
import { Waker } from '../kit/wake.js';
import type { UserHandle, UserSource } from './contract.js';

export class WakerSource implements UserSource {
  readonly token: Token;
  readonly handle: UserHandle;
  private readonly waker = new Waker();

  /** @throws IoError EMFILE, ENFILE; what the backend refused. */
  constructor(private readonly backend: Backend) {
    this.handle = { ...this.waker.handle, table: tableId, loan: this.waker.loan };
    try {
      this.token = backend.register(this.waker.fd, READABLE, 'level');
    } catch (error) {
      this.waker.close();
      throw error;
    }
  }

  take(): number {
    this.waker.drain();
    return 1;
  }

  close(): void {
    this.backend.unregister(this.token);
    this.waker.close();
  }
}
