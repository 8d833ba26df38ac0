/** Sockets, pipes, files and signals of this machine. */
import fs from 'node:fs';
import process from 'node:process';
import {
  AF_INET,
  SHUT_RD,
  SHUT_WR,
  SO_ERROR,
  SO_RCVLOWAT,
  SO_SNDLOWAT,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
  IPPROTO_TCP,
  SO_LINGER,
} from '../../../../sys/ffi/constants.js';
import { errnoName } from '../../../../sys/ffi/errno.js';
import { mkfifo } from '../../../../sys/file/fifo.js';
import { dup, dup2, pipe as openPipe, read as readInto, write as writeFrom } from '../../../../sys/file/io.js';
import { IoError } from '../../../../sys/ffi/io-error.js';
import { errno } from '../../../../sys/ffi/libc.js';
import { NativeBlock } from '../../../../sys/ffi/memory.js';
import type { InternetAddress } from '../../../../sys/socket/sockaddr.js';
import {
  accept as acceptFrom,
  bind,
  connect as connectTo,
  getIntOption,
  listen as listenOn,
  localAddress,
  openSocket,
  setOption,
  shutdown as shutdownSocket,
  socketpair as openSocketpair,
} from '../../../../sys/socket/socket.js';
import { Crc32 } from '../crc32.js';
import type { Step } from '../trace.js';
import { Unsupported } from '../unsupported.js';
import { attempt, errnoOf, type NativePlay, type NativeScene } from './scene.js';

const BUFFER_BYTES = 1 << 20;
/** Byte i of a file is i modulo this. */
const PATTERN = 251;
const LOOPBACK: InternetAddress = { family: 'ipv4', address: '127.0.0.1', port: 0 };
const TYPES: Readonly<Record<string, number>> = { stream: SOCK_STREAM, dgram: SOCK_DGRAM, seqpacket: SOCK_SEQPACKET };
const OPTIONS: Readonly<Record<string, number>> = { SO_ERROR, SO_RCVLOWAT, SO_SNDLOWAT };
const ATTEMPTS = 1000;

const buffer = new NativeBlock(BUFFER_BYTES);
const pauseWord = new Int32Array(new SharedArrayBuffer(4));

function pause(durationMs: number): void {
  Atomics.wait(pauseWord, 0, 0, durationMs);
}

function bindPair(scene: NativeScene, step: Step, pair: readonly [number, number]): undefined {
  (step.as as string[]).forEach((name, index) => scene.bind(name, pair[index]));
  return undefined;
}

function tcpSocket(): number {
  const fd = openSocket(AF_INET, SOCK_STREAM);
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  return fd;
}

function openListener(backlog: number): number {
  const fd = tcpSocket();
  bind(fd, LOOPBACK);
  listenOn(fd, backlog);
  return fd;
}

/** @throws IoError what connect(2) says, EINPROGRESS included. */
function connectSocket(fd: number, address: InternetAddress): undefined {
  const failure = connectTo(fd, address);
  if (failure !== 0) throw new IoError(failure, 'connect');
  return undefined;
}

function acceptOne(listener: number): number {
  const fd = acceptFrom(listener);
  if (fd < 0) throw new IoError(errno(), 'accept');
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  return fd;
}

function transfer(call: () => number, name: string): number {
  const count = call();
  if (count < 0) throw new IoError(errno(), name);
  return count;
}

const tcpPair: NativePlay = (scene, step) =>
  attempt(() => {
    const listener = openListener(1);
    const client = tcpSocket();
    connectTo(client, localAddress(listener));
    for (let left = ATTEMPTS; ; left--) {
      try {
        const pair = bindPair(scene, step, [client, acceptOne(listener)]);
        scene.close(listener);
        return pair;
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN' || left === 0) throw error;
        pause(1);
      }
    }
  });

const connect: NativePlay = (scene, step) =>
  attempt(() => {
    let address: InternetAddress;
    if (step.to === 'refused') {
      const unused = openSocket(AF_INET, SOCK_STREAM);
      bind(unused, LOOPBACK);
      address = localAddress(unused) as InternetAddress;
      scene.close(unused);
    } else {
      address = localAddress(scene.fd(step.to)) as InternetAddress;
    }
    const fd = step.fd === undefined ? tcpSocket() : scene.fd(step.fd);
    if (step.as !== undefined) scene.bind(step.as, fd);
    return connectSocket(fd, address);
  });

const acceptAll: NativePlay = (scene, step) => {
  for (let accepted = 0; ; accepted++) {
    try {
      scene.bind(`${String(step.fd)}#${accepted}`, acceptOne(scene.fd(step.fd)));
    } catch (error) {
      return { results: { accepted, errno: errnoOf(error) } };
    }
  }
};

const fill: NativePlay = (scene, step) => {
  const fd = scene.fd(step.fd);
  for (let total = 0; ;) {
    const count = writeFrom(fd, buffer.address, step.chunk as number);
    if (count < 0) return { results: { total, errno: errnoName(errno()) } };
    total += count;
  }
};

const drain: NativePlay = (scene, step) => {
  const fd = scene.fd(step.fd);
  const crc = new Crc32();
  for (let total = 0; ;) {
    const count = readInto(fd, buffer.address, BUFFER_BYTES);
    if (count <= 0) return { results: { total, ended: count === 0 ? 'EOF' : errnoName(errno()), crc32: crc.hex } };
    crc.update(buffer.bytes.subarray(0, count));
    total += count;
  }
};

const sockopt =
  (sets: boolean): NativePlay =>
  (scene, step) => {
    const option = OPTIONS[step.name as string];
    if (option === undefined) throw new Unsupported(`the socket option ${String(step.name)}`);
    return attempt(() => {
      const fd = scene.fd(step.fd);
      if (sets) return void setOption(fd, SOL_SOCKET, option, step.value as number);
      const value = getIntOption(fd, SOL_SOCKET, option);
      return { value: option === SO_ERROR && value !== 0 ? errnoName(value) : value };
    });
  };

const makeFile: NativePlay = (scene, step) =>
  attempt(() => {
    const bytes = Uint8Array.from({ length: step.size as number }, (_, index) => index % PATTERN);
    fs.writeFileSync(scene.path(step), bytes);
    return { crc32: new Crc32().update(bytes).hex };
  });

const open: NativePlay = (scene, step) =>
  attempt(() => {
    let flags = 0;
    for (const flag of step.flags as string[]) {
      const bits = (fs.constants as Record<string, number | undefined>)[`O_${flag}`];
      if (bits === undefined) throw new Unsupported(`open with O_${flag}`);
      flags |= bits;
    }
    scene.bind(step.as, fs.openSync(scene.path(step), flags));
    return undefined;
  });

/** A step whose only result is whether it worked. */
function plain(act: (scene: NativeScene, step: Step) => void): NativePlay {
  return (scene, step) => attempt(() => void act(scene, step));
}

export const descriptorSteps: Readonly<Record<string, NativePlay>> = {
  tcpPair,
  connect,
  acceptAll,
  fill,
  drain,
  makeFile,
  open,
  getsockopt: sockopt(false),
  setsockopt: sockopt(true),
  socketpair: plain((scene, step) => bindPair(scene, step, openSocketpair(TYPES[(step.type ?? 'stream') as string]))),
  pipe: plain((scene, step) => bindPair(scene, step, openPipe())),
  listen: plain((scene, step) => {
    if (step.reuse !== undefined) throw new Unsupported('listeners that share a port');
    scene.bind(step.as, openListener(step.backlog as number));
  }),
  unconnectedSocket: plain((scene, step) => {
    const fd = step.type === 'dgram' ? openSocket(AF_INET, SOCK_DGRAM) : tcpSocket();
    scene.bind(step.as, fd);
    if (step.type === 'dgram') bind(fd, LOOPBACK);
  }),
  accept: plain((scene, step) => scene.bind(step.as, acceptOne(scene.fd(step.fd)))),
  write: (scene, step) =>
    attempt(
      () => {
        const bytes = typeof step.text === 'string' ? Buffer.from(step.text) : Buffer.alloc(step.bytes as number, 'x');
        buffer.bytes.set(bytes);
        return { returned: transfer(() => writeFrom(scene.fd(step.fd), buffer.address, bytes.length), 'write') };
      },
      { returned: -1 },
    ),
  read: (scene, step) =>
    attempt(
      () => ({ returned: transfer(() => readInto(scene.fd(step.fd), buffer.address, step.max as number), 'read') }),
      { returned: -1 },
    ),
  shutdown: plain((scene, step) => {
    const how = step.how === 'RD' ? SHUT_RD : step.how === 'WR' ? SHUT_WR : 2;
    transfer(() => shutdownSocket(scene.fd(step.fd), how), 'shutdown');
  }),
  setLingerZero: plain((scene, step) => {
    setOption(scene.fd(step.fd), SOL_SOCKET, SO_LINGER, new Uint8Array(new Int32Array([1, 0]).buffer));
  }),
  dup: plain((scene, step) => scene.bind(step.as, dup(scene.fd(step.fd)))),
  dup2: plain((scene, step) => dup2(scene.fd(step.fd), scene.fd(step.onto))),
  close: plain((scene, step) => scene.close(scene.fd(step.fd))),
  sameNumber: (scene, step) => {
    const [first, second] = step.fds as string[];
    return { results: { same: scene.fd(first) === scene.fd(second) } };
  },
  sleepMs: (_scene, step) => {
    pause(step.ms as number);
    return { results: {} };
  },
  mkfifo: plain((scene, step) => mkfifo(scene.path(step))),
  mkdir: plain((scene, step) => fs.mkdirSync(scene.path(step))),
  rmdir: plain((scene, step) => fs.rmdirSync(scene.path(step))),
  unlink: plain((scene, step) => fs.unlinkSync(scene.path(step))),
  rename: plain((scene, step) => fs.renameSync(scene.path(step), scene.path(step, 'to'))),
  link: plain((scene, step) => fs.linkSync(scene.path(step), scene.path(step, 'to'))),
  chmod: plain((scene, step) => fs.chmodSync(scene.path(step), Number.parseInt(step.mode as string, 8))),
  truncate: plain((scene, step) => fs.truncateSync(scene.path(step), step.size as number)),
  ftruncate: plain((scene, step) => fs.ftruncateSync(scene.fd(step.fd), step.size as number)),
  ignoreSignal: plain((_scene, step) => {
    process.on(step.signal as NodeJS.Signals, () => undefined);
  }),
  kill: plain((_scene, step) => {
    if (step.child !== undefined) throw new Unsupported('children');
    process.kill(process.pid, step.signal as NodeJS.Signals);
  }),
};
