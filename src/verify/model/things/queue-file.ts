/** A kqueue as something to watch: readable while events are pending in it. */
import type { Filter, Knote } from '../knote.js';
import type { ModelQueue } from '../queue.js';
import { Refusal } from '../refusal.js';
import { OpenFile, type DescriptorFilter } from './open-file.js';

export class QueueFile extends OpenFile {
  constructor(
    readonly queue: ModelQueue,
    private readonly onClosed: () => void,
  ) {
    super();
  }

  filterFor(kind: DescriptorFilter): Filter {
    if (kind !== 'READ') throw new Refusal('EINVAL');
    return new QueueFilter(this.queue);
  }

  read(): Uint8Array {
    throw new Refusal(this.queue.profile.queueIoErrno);
  }

  write(): number {
    throw new Refusal(this.queue.profile.queueIoErrno);
  }

  closed(): void {
    this.queue.close();
    this.onClosed();
  }
}

class QueueFilter implements Filter {
  readonly watchesDescriptor = true;

  constructor(private readonly inner: ModelQueue) {}

  attach(knote: Knote): void {
    this.inner.watchers.add(knote);
  }

  detach(knote: Knote): void {
    this.inner.watchers.remove(knote);
  }

  event(knote: Knote): boolean {
    knote.data = this.inner.pending;
    return knote.data > 0;
  }
}
