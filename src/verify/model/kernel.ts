/** A kernel with one process: descriptors, the things behind them, kqueues, and time that moves when somebody waits. */
import { VirtualClock } from './clock.js';
import { DescriptorTable } from './descriptors.js';
import { ModelEpoll } from './epoll.js';
import { Filesystem, type FilesystemKind, type OpenFlag } from './filesystem.js';
import { ProcessFilter } from './filters/process.js';
import { SignalFilter } from './filters/signal.js';
import { TimerFilter } from './filters/timer.js';
import { UserFilter } from './filters/user.js';
import { KeventCall, type KeventArguments } from './kevent-call.js';
import type { Filter } from './knote.js';
import { WatcherList } from './watcher-list.js';
import { ModelProcess } from './processes.js';
import type { Profile } from './profile.js';
import { ModelQueue, type FilterSource } from './queue.js';
import { Refusal } from './refusal.js';
import type { DescriptorFilter, OpenFile } from './things/open-file.js';
import { PipeEnd } from './things/pipe.js';
import { QueueFile } from './things/queue-file.js';
import { Socket } from './things/socket.js';
import { TcpListener } from './things/tcp-listener.js';
import { TcpSocket } from './things/tcp-socket.js';
import { UdpSocket } from './things/udp-socket.js';
import { UnixSocket, type UnixType } from './things/unix-socket.js';
import { FileVnode, VnodeFile } from './things/vnode.js';

const FIRST_PORT = 49_152;
const FIRST_PID = 1000;
const MOST_DESCRIPTORS = 20_000;

export class ModelKernel implements FilterSource {
  readonly clock = new VirtualClock();
  readonly files: Filesystem;
  readonly descriptors: DescriptorTable;
  private readonly queues = new Set<ModelQueue>();
  private readonly epolls: ModelEpoll[] = [];
  private readonly listeners = new Map<number, TcpListener>();
  private readonly processes = new Map<number, ModelProcess>();
  private readonly signals = new WatcherList();
  /** Calls that wait in other threads, the longest first. */
  private readonly blocked: KeventCall[] = [];
  private readonly descriptorFilters: ReadonlyMap<number, DescriptorFilter>;
  private nextPort = FIRST_PORT;
  private nextPid = FIRST_PID;

  constructor(
    readonly profile: Profile,
    filesystem: FilesystemKind = 'ufs',
  ) {
    this.files = new Filesystem(filesystem, profile);
    this.descriptorFilters = descriptorFiltersOf(profile);
    const filterNumbers = [...this.descriptorFilters.keys()];
    this.descriptors = new DescriptorTable(
      fd => {
        for (const queue of this.queues) queue.forgetDescriptor(fd, filterNumbers);
      },
      file => {
        for (const epoll of this.epolls) epoll.forgetFile(file);
      },
      MOST_DESCRIPTORS,
    );
  }

  kqueue(): number {
    const queue = new ModelQueue(this.profile, this);
    this.queues.add(queue);
    return this.descriptors.add(new QueueFile(queue, () => this.queues.delete(queue)));
  }

  /** An epoll instance over the same descriptors, to be held beside a kqueue. */
  epoll(): ModelEpoll {
    const epoll = new ModelEpoll(fd => this.descriptors.at(fd));
    this.epolls.push(epoll);
    return epoll;
  }

  /** kevent(2), to its end. @throws Refusal */
  kevent(kq: number, call: KeventArguments): KeventCall {
    const pending = new KeventCall(this.queueAt(kq), this.clock, call);
    this.finish(pending);
    return pending;
  }

  /** kevent(2) in another thread: it may block while this one goes on. @throws Refusal */
  startKevent(kq: number, call: KeventArguments): KeventCall {
    const pending = new KeventCall(this.queueAt(kq), this.clock, call);
    if (!pending.isOver) this.blocked.push(pending);
    return pending;
  }

  /** Waits until the call is over. @throws Error nothing will ever end it. */
  finish(call: KeventCall): void {
    for (call.tryHarvest(); !call.isOver; call.tryHarvest()) {
      const until = Math.min(call.deadlineNs, this.clock.nextNs);
      if (until === Infinity) throw new Error('kevent: it would block for ever, nothing is under way');
      this.clock.step(until);
      this.wakeBlocked();
    }
  }

  /** Lets time pass. */
  sleep(durationNs: number): void {
    const until = this.clock.nowNs + durationNs;
    while (this.clock.step(until)) this.wakeBlocked();
    this.wakeBlocked();
  }

  /** Lets the calls that wait look for what happened meanwhile: one event ends the call of one. */
  wakeBlocked(): void {
    for (const call of [...this.blocked]) {
      call.tryHarvest();
      if (call.isOver) this.blocked.splice(this.blocked.indexOf(call), 1);
    }
  }

  socketpair(type: UnixType): [number, number] {
    const [a, b] = UnixSocket.pair(type, this.profile);
    return [this.descriptors.add(a), this.descriptors.add(b)];
  }

  pipe(): [number, number] {
    const [reading, writing] = PipeEnd.pair(this.profile.twoWayPipes, this.profile.refusesDeadPipe);
    return [this.descriptors.add(reading), this.descriptors.add(writing)];
  }

  /** An unconnected TCP socket, or a bound UDP one. */
  socket(type: 'stream' | 'dgram'): number {
    return this.descriptors.add(type === 'dgram' ? new UdpSocket() : new TcpSocket(this.clock));
  }

  /** A port that nobody listens on. */
  reservePort(): number {
    return this.nextPort++;
  }

  /** A TCP socket that listens on a port of its own. */
  listen(backlog: number): { fd: number; port: number } {
    const port = this.reservePort();
    const listener = new TcpListener(port, backlog, this.clock);
    this.listeners.set(port, listener);
    return { fd: this.descriptors.add(listener), port };
  }

  /** The port of a listener. @throws Refusal EBADF, EINVAL */
  portOf(fd: number): number {
    const file = this.descriptors.at(fd);
    if (!(file instanceof TcpListener)) throw new Refusal('EINVAL');
    return file.port;
  }

  /** connect(2) of a non-blocking TCP socket. @throws Refusal EINPROGRESS: it is under way, or failed already. */
  connect(fd: number, port: number): void {
    const socket = this.descriptors.at(fd);
    if (!(socket instanceof TcpSocket)) throw new Refusal('EOPNOTSUPP');
    if (socket.isConnected) throw new Refusal('EISCONN');
    const listener = this.listeners.get(port);
    if (listener === undefined || listener.references === 0) socket.refuse();
    else listener.connect(socket);
    throw new Refusal('EINPROGRESS');
  }

  /** @throws Refusal EAGAIN, ECONNABORTED */
  accept(fd: number): number {
    const file = this.descriptors.at(fd);
    if (!(file instanceof TcpListener)) throw new Refusal('EINVAL');
    return this.descriptors.add(file.accept());
  }

  socketAt(fd: number): Socket {
    const file = this.descriptors.at(fd);
    if (!(file instanceof Socket)) throw new Refusal('ENOTSOCK');
    return file;
  }

  open(path: string, flags: readonly OpenFlag[]): number {
    return this.descriptors.add(this.files.open(path, flags));
  }

  /** @throws Refusal ESPIPE, EINVAL: it is no regular file. */
  fileAt(fd: number): VnodeFile & { vnode: FileVnode } {
    const file = this.descriptors.at(fd);
    if (!(file instanceof VnodeFile && file.vnode instanceof FileVnode)) throw new Refusal('EINVAL');
    return file as VnodeFile & { vnode: FileVnode };
  }

  spawn(): ModelProcess {
    const process = new ModelProcess(this.nextPid++);
    this.processes.set(process.pid, process);
    return process;
  }

  fork(parent: ModelProcess): ModelProcess {
    const child = parent.fork(this.nextPid++);
    this.processes.set(child.pid, child);
    return child;
  }

  /** A signal to the model's own process. */
  signal(number: number): void {
    this.signals.notify(number);
  }

  kindOf(filterNumber: number): 'descriptor' | 'other' {
    const { constants } = this.profile.system;
    if (this.descriptorFilters.has(filterNumber)) return 'descriptor';
    const { EVFILT_TIMER, EVFILT_USER, EVFILT_SIGNAL, EVFILT_PROC, EVFILT_AIO } = constants;
    const others = [EVFILT_TIMER, EVFILT_USER, EVFILT_SIGNAL, EVFILT_PROC, EVFILT_AIO];
    if (filterNumber === this.profile.jailFilter) throw new Refusal('ENOENT');
    if (!others.includes(filterNumber)) throw new Refusal('EINVAL');
    return 'other';
  }

  checkDescriptor(ident: bigint, queue: ModelQueue): void {
    const file = this.descriptors.at(Number(ident));
    if (file instanceof QueueFile && file.queue === queue) throw new Refusal('EINVAL');
  }

  filterFor(filterNumber: number, ident: bigint): Filter {
    const { constants } = this.profile.system;
    const kind = this.descriptorFilters.get(filterNumber);
    if (kind !== undefined) return this.descriptors.at(Number(ident)).filterFor(kind);
    switch (filterNumber) {
      case constants.EVFILT_TIMER:
        return new TimerFilter(this.clock);
      case constants.EVFILT_SIGNAL:
        return new SignalFilter(this.signals);
      case constants.EVFILT_PROC:
        return new ProcessFilter(this.processes.get(Number(ident)));
      case constants.EVFILT_AIO:
        // Only aio_read(2) and its like make one.
        throw new Refusal('EPERM');
      default:
        return new UserFilter();
    }
  }

  private queueAt(kq: number): ModelQueue {
    const file: OpenFile = this.descriptors.at(kq);
    if (!(file instanceof QueueFile)) throw new Refusal('EBADF');
    return file.queue;
  }
}

function descriptorFiltersOf(profile: Profile): ReadonlyMap<number, DescriptorFilter> {
  const { EVFILT_READ, EVFILT_WRITE, EVFILT_VNODE, EVFILT_EMPTY, EVFILT_EXCEPT } = profile.system.constants;
  const filters = new Map<number, DescriptorFilter>([
    [EVFILT_READ, 'READ'],
    [EVFILT_WRITE, 'WRITE'],
    [EVFILT_VNODE, 'VNODE'],
  ]);
  if (EVFILT_EMPTY !== undefined) filters.set(EVFILT_EMPTY, 'EMPTY');
  if (EVFILT_EXCEPT !== undefined) filters.set(EVFILT_EXCEPT, 'EXCEPT');
  return filters;
}
