/** Sources on Linux: timerfd, pidfd, inotify and eventfd, each a descriptor. */
import { openPidfd, exitStatus, STATUS_UNKNOWN as PIDFD_UNKNOWN, STILL_RUNNING } from '../../sys/poll/pidfd.js';
import { openTimerfd } from '../../sys/poll/timerfd.js';
import type { Backend } from '../contract.js';
import {
  NOTHING,
  STATUS_UNKNOWN,
  type EventSources,
  type FileChanges,
  type Source,
  type TimerSpec,
  type UserSource,
} from './contract.js';
import { DescriptorSource, readCount } from './descriptor-source.js';
import { InotifyQueues } from './inotify-queue.js';
import { openInotifySource } from './inotify-source.js';
import { checkTimerSpec, timespecOf } from './timer-spec.js';
import { WakerSource } from './waker-source.js';

export class LinuxSources implements EventSources {
  readonly means = 'timerfd, pidfd, inotify, eventfd';

  private readonly queues: InotifyQueues;

  constructor(private readonly backend: Backend) {
    this.queues = new InotifyQueues(backend);
  }

  timer(spec: TimerSpec): Source {
    checkTimerSpec(spec);
    const time = timespecOf(spec);
    const interval = spec.kind === 'every' ? time : undefined;
    return new TimerfdSource(this.backend, openTimerfd(time, interval, spec.kind === 'at'));
  }

  process(pid: number): Source {
    return new PidfdSource(this.backend, openPidfd(pid));
  }

  file(file: string | number, changes: FileChanges): Source {
    return openInotifySource(this.queues, file, changes);
  }

  user(): UserSource {
    return new WakerSource(this.backend);
  }
}

class TimerfdSource extends DescriptorSource {
  take(): number {
    return readCount(this.fd) || NOTHING;
  }
}

class PidfdSource extends DescriptorSource {
  take(): number {
    const status = exitStatus(this.fd);
    if (status === STILL_RUNNING) return NOTHING;
    return status === PIDFD_UNKNOWN ? STATUS_UNKNOWN : status;
  }
}
