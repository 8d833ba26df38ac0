/** The world of the model: the same calls on its descriptors, its errors as this machine numbers them. */
import {
  PEER_END,
  ERROR,
  BOTH_END,
  READABLE,
  WRITABLE,
  type Readiness,
  type WakeHandle,
} from '../../backends/contract.js';
import { triggerKnote } from '../../sys/poll/user-event.js';
import type { UserHandle } from '../../backends/sources/contract.js';
import { ModelKernel } from '../model/kernel.js';
import { ModelKqueueCalls } from '../model/kqueue-calls.js';
import type { Profile } from '../model/profile.js';
import { Refusal } from '../model/refusal.js';
import { PipeEnd } from '../model/things/pipe.js';
import type { WatchedFiles } from '../../backends/sources/knote-sources.js';
import type { VnodeFile } from '../model/things/vnode.js';
import { TcpSocket } from '../model/things/tcp-socket.js';
import { errnoNumber } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { InternetAddress } from '../../sys/socket/sockaddr.js';
import { writeOver } from './loads/load.js';
import { CHUNK_BYTES, CommonWorld, WOULD_BLOCK, type Load, type World } from './world.js';

const BACKLOG = 128;
/** The same on all BSDs. */
const SIGKILL = 9;
const SIGWINCH = 28;
const CHANGING = 'changing';
/** The longest that the model delays an acknowledgement. */
const DELAYED_ACK_NS = 50e6;

const chunk = new Uint8Array(CHUNK_BYTES);

export class ModelWorld extends CommonWorld implements World {
  readonly name: string;
  readonly isReal = false;
  readonly seesErrors = true;
  readonly tellsWritersLate: boolean;
  readonly tellsFileEnd: boolean;
  readonly kernel: ModelKernel;
  /** How sources of this world reach its files. */
  readonly watchedFiles: WatchedFiles = {
    open: file =>
      typeof file === 'number' ? this.dup(file) : asCall('open', () => this.kernel.open(file, ['RDONLY'])),
    stat: fd => {
      const { size, links } = (this.kernel.descriptors.at(fd) as VnodeFile).vnode;
      return { isDirectory: false, links, sizeBytes: size };
    },
    close: fd => this.close(fd),
  };
  /** kqueue(2) and kevent(2) of this world. */
  readonly calls: ModelKqueueCalls;

  constructor(profile: Profile) {
    super();
    this.kernel = new ModelKernel(profile);
    this.calls = new ModelKqueueCalls(this.kernel);
    this.name = this.calls.provider;
    this.tellsWritersLate = !profile.tellsUnixWriteEnd;
    this.tellsFileEnd = profile.system.constants.NOTE_FILE_POLL !== undefined;
  }

  nowNs(): number {
    return this.kernel.clock.nowNs;
  }

  countOpen(): number {
    return this.kernel.descriptors.count;
  }

  wake({ fd, ident, low, high }: WakeHandle): void {
    triggerKnote(this.calls, fd, ident, low, high);
  }

  trigger({ fd, ident, low, high }: UserHandle): void {
    triggerKnote(this.calls, fd, ident, low, high);
  }

  spawn(): { pid: number; kill(): void } {
    const child = this.kernel.spawn();
    return { pid: child.pid, kill: () => child.exit(SIGKILL) };
  }

  changingFile(): { fd: number; changeMode(): void; remove(): void } {
    const { kernel } = this;
    const fd = asCall('open', () => kernel.open(CHANGING, ['CREAT', 'RDWR']));
    return { fd, changeMode: () => kernel.files.chmod(CHANGING), remove: () => kernel.files.unlink(CHANGING) };
  }

  signal(): number {
    this.kernel.signal(SIGWINCH);
    return SIGWINCH;
  }

  socketPair(): [number, number] {
    return asCall('socketpair', () => this.kernel.socketpair('stream'));
  }

  pipe(): [number, number] {
    return asCall('pipe', () => this.kernel.pipe());
  }

  tcpPair(): [number, number] {
    const listener = this.listener();
    const { fd } = this.startConnect(listener.address);
    const accepted = this.accept(listener.fd);
    this.close(listener.fd);
    return [fd, accepted];
  }

  listener(): { fd: number; address: InternetAddress } {
    const { fd, port } = asCall('listen', () => this.kernel.listen(BACKLOG));
    return { fd, address: loopback(port) };
  }

  bound(): { fd: number; address: InternetAddress } {
    const fd = asCall('socket', () => this.kernel.socket('stream'));
    return { fd, address: loopback(this.kernel.reservePort()) };
  }

  startConnect(address: InternetAddress): { fd: number; errno: number } {
    const fd = asCall('socket', () => this.kernel.socket('stream'));
    try {
      this.kernel.connect(fd, address.port);
      return { fd, errno: 0 };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { fd, errno: errnoNumber(error.code) };
    }
  }

  accept(listener: number): number {
    return asCall('accept', () => this.kernel.accept(listener));
  }

  file(): number {
    const fd = asCall('open', () => this.kernel.open('file', ['RDWR', 'CREAT']));
    this.write(fd, CHUNK_BYTES);
    this.kernel.fileAt(fd).offset = 0;
    return fd;
  }

  directory(): number {
    return asCall('open', () => {
      if (!this.kernel.files.has('directory')) this.kernel.files.mkdir('directory');
      return this.kernel.open('directory', ['RDONLY']);
    });
  }

  device(name: 'null' | 'zero'): number {
    return asCall('open', () => this.kernel.open(`/dev/${name}`, [name === 'null' ? 'WRONLY' : 'RDONLY']));
  }

  terminal(): undefined {
    return undefined;
  }

  fifo(): [number, number] {
    return asCall('open', () => {
      if (!this.kernel.files.has('fifo')) this.kernel.files.mkfifo('fifo');
      return [this.kernel.open('fifo', ['RDONLY', 'NONBLOCK']), this.kernel.open('fifo', ['WRONLY', 'NONBLOCK'])];
    });
  }

  read(fd: number, mostBytes = CHUNK_BYTES): number {
    return transfer('read', () => this.kernel.descriptors.at(fd).read(Math.min(mostBytes, CHUNK_BYTES)).length);
  }

  write(fd: number, lengthBytes = 1): number {
    return transfer('write', () =>
      this.kernel.descriptors.at(fd).write(chunk.subarray(0, Math.min(lengthBytes, CHUNK_BYTES))),
    );
  }

  fillForGood(fd: number): void {
    do {
      this.fill(fd);
      this.kernel.sleep(DELAYED_ACK_NS);
    } while (this.fill(fd) > 0);
  }

  /** At once: a model has one thread. */
  startLoad(fds: readonly number[], lengthBytes: number): Load {
    writeOver(this, fds, lengthBytes);
    return { join: () => undefined };
  }

  sendUrgent(): boolean {
    return false;
  }

  endWriting(fd: number): void {
    try {
      this.kernel.socketAt(fd).shutdownSending();
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'ENOTCONN')) throw error;
    }
  }

  reset(fd: number): void {
    const socket = this.kernel.socketAt(fd);
    if (socket instanceof TcpSocket) socket.resetsOnClose = true;
    this.close(fd);
  }

  takeError(fd: number): number {
    const code = this.kernel.socketAt(fd).takeError();
    return code === undefined ? 0 : errnoNumber(code);
  }

  /** What a kqueue of its own finds there. */
  holds(fd: number): Readiness {
    const { EVFILT_READ, EVFILT_WRITE, EV_ADD, EV_EOF, EV_ERROR, EV_RECEIPT } = this.kernel.profile.system.constants;
    const kq = this.kernel.kqueue();
    const entry = { ident: BigInt(fd), flags: EV_ADD | EV_RECEIPT, fflags: 0, data: 0, udata: 0n };
    const changes = [EVFILT_READ, EVFILT_WRITE].map(filter => ({ ...entry, filter }));
    const look = { nevents: 2, timeout: { sec: 0, nsec: 0 } };
    const receipts = this.kernel.kevent(kq, { ...look, changes }).events!;
    const events = this.kernel.kevent(kq, { ...look, changes: [] }).events!;
    this.close(kq);
    let readiness = 0;
    for (const { filter, flags, fflags } of events) {
      const isRead = filter === EVFILT_READ;
      readiness |= isRead ? READABLE : WRITABLE;
      if ((flags & EV_EOF) !== 0) readiness |= (isRead ? PEER_END : BOTH_END) | (fflags !== 0 ? ERROR : 0);
    }
    // A pipe without reader is an error to the writer; some systems refuse to watch it.
    const refused = receipts.some(({ flags, data }) => (flags & EV_ERROR) !== 0 && data !== 0);
    const isDeadPipe = (readiness & BOTH_END) !== 0 && this.kernel.descriptors.at(fd) instanceof PipeEnd;
    return refused || isDeadPipe ? readiness | WRITABLE | BOTH_END | ERROR : readiness;
  }

  dup(fd: number): number {
    return asCall('dup', () => this.kernel.descriptors.dup(fd));
  }

  dup2(fd: number, onto: number): void {
    asCall('dup2', () => this.kernel.descriptors.dup2(fd, onto));
  }

  close(fd: number): void {
    asCall('close', () => this.kernel.descriptors.close(fd));
  }
}

function loopback(port: number): InternetAddress {
  return { family: 'ipv4', address: '127.0.0.1', port };
}

/** @throws IoError in place of Refusal. */
function asCall<Result>(name: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (error instanceof Refusal) throw new IoError(errnoNumber(error.code), name);
    throw error;
  }
}

function transfer(name: string, call: () => number): number {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'EAGAIN') return WOULD_BLOCK;
    throw new IoError(errnoNumber(error.code), name);
  }
}
