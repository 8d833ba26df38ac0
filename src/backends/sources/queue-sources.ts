/**
 * Sources on a kernel that has kqueue, for a backend that does not use it: each filter in a queue of its own, and a
 * queue is a descriptor that any backend can watch.
 */
import { EINTR } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { KeventArray } from '../../sys/poll/kevent-array.js';
import type { KqueueCalls } from '../../sys/poll/kqueue.js';
import type { Token } from '../../base/token.js';
import { READABLE, type Backend } from '../contract.js';
import { NOTHING, type Source, type UserSource } from './contract.js';
import { WakerSource } from './waker-source.js';
import { changeKnote, type Knote } from '../../sys/poll/knote.js';
import { KnoteSources, reportOf, type WatchedFiles } from './knote-sources.js';

/** The only filter in its queue. */
const IDENT = 1;

export class QueueSources extends KnoteSources {
  readonly means = 'a kqueue for each';

  constructor(
    private readonly backend: Backend,
    calls: KqueueCalls,
    files?: WatchedFiles,
  ) {
    super(calls, files);
  }

  user(): UserSource {
    return new WakerSource(this.backend);
  }

  protected override place(knote: Knote, title: string): Source {
    return new QueueSource(this.backend, this.calls, knote, title);
  }

  protected override freshIdent(): number {
    return IDENT;
  }
}

export class QueueSource implements Source {
  readonly token: Token;
  private readonly kq: number;
  private readonly event: KeventArray;

  /** @throws IoError EMFILE, ENFILE, ENOMEM; what the kernel or the backend refused. */
  constructor(
    private readonly backend: Backend,
    private readonly calls: KqueueCalls,
    knote: Knote,
    private readonly title: string,
  ) {
    this.event = new KeventArray(calls.system.layout, 1);
    this.kq = calls.kqueue();
    if (this.kq < 0) throw new IoError(calls.hostErrno(calls.errno()), 'kqueue', title);
    try {
      const failure = changeKnote(calls, this.kq, knote, 0, 0);
      if (failure !== 0) throw new IoError(failure, 'kevent', title);
      this.token = backend.register(this.kq, READABLE, 'level');
    } catch (error) {
      calls.close(this.kq);
      throw error;
    }
  }

  take(): number {
    const { calls, event } = this;
    const count = calls.kevent(this.kq, undefined, 0, event, 1, 0);
    if (count > 0) return reportOf(event.filter(0), event.fflags(0), event.data(0), calls.system.constants);
    const failure = count < 0 ? calls.hostErrno(calls.errno()) : EINTR;
    if (failure !== EINTR) throw new IoError(failure, 'kevent', this.title);
    return NOTHING;
  }

  close(): void {
    this.backend.unregister(this.token);
    this.calls.close(this.kq);
  }
}
