/** Sockets, pipes, and what is done with any descriptor. */
import { Refusal } from '../../../model/refusal.js';
import { TcpListener } from '../../../model/things/tcp-listener.js';
import { TcpSocket } from '../../../model/things/tcp-socket.js';
import type { UnixType } from '../../../model/things/unix-socket.js';
import { Crc32 } from '../crc32.js';
import type { Step } from '../trace.js';
import { Unsupported } from '../unsupported.js';
import { attempt, type Play, type Scene } from './scene.js';

const CHUNK_BYTES = 65_536;

function bindPair(scene: Scene, step: Step, pair: readonly [number, number]): undefined {
  const names = step.as as string[];
  names.forEach((name, index) => scene.names.bind(name, pair[index]));
  return undefined;
}

const socketpair: Play = (scene, step) =>
  attempt(() => bindPair(scene, step, scene.kernel.socketpair((step.type ?? 'stream') as UnixType)));

const pipe: Play = (scene, step) => attempt(() => bindPair(scene, step, scene.kernel.pipe()));

const tcpPair: Play = (scene, step) =>
  attempt(() => {
    const { kernel } = scene;
    const listener = kernel.listen(1);
    const client = kernel.socket('stream');
    establish(scene, client, listener.port);
    const pair = bindPair(scene, step, [client, kernel.accept(listener.fd)]);
    kernel.descriptors.close(listener.fd);
    return pair;
  });

const listen: Play = (scene, step) => {
  if (step.samePortAs !== undefined) throw new Unsupported('listeners that share a port');
  return attempt(() => {
    scene.names.bind(step.as, scene.kernel.listen(step.backlog as number).fd);
    return undefined;
  });
};

const unconnectedSocket: Play = (scene, step) =>
  attempt(() => {
    scene.names.bind(step.as, scene.kernel.socket(step.type === 'dgram' ? 'dgram' : 'stream'));
    return undefined;
  });

const connect: Play = (scene, step) =>
  attempt(() => {
    const { kernel } = scene;
    const port = step.to === 'refused' ? kernel.reservePort() : kernel.portOf(scene.fd(step.to));
    const fd = step.fd === undefined ? kernel.socket('stream') : scene.fd(step.fd);
    if (step.as !== undefined) scene.names.bind(step.as, fd);
    kernel.connect(fd, port);
    return undefined;
  });

const accept: Play = (scene, step) =>
  attempt(() => {
    scene.names.bind(step.as, scene.kernel.accept(scene.fd(step.fd)));
    return undefined;
  });

const acceptAll: Play = (scene, step) => {
  let accepted = 0;
  for (;;) {
    const { results } = attempt(() => {
      scene.kernel.accept(scene.fd(step.fd));
      return undefined;
    });
    if (results.errno !== null) return { results: { accepted, errno: results.errno } };
    accepted++;
  }
};

const write: Play = (scene, step) =>
  attempt(
    () => {
      const bytes = typeof step.text === 'string' ? Buffer.from(step.text) : Buffer.alloc(step.bytes as number, 'x');
      return { returned: scene.kernel.descriptors.at(scene.fd(step.fd)).write(bytes) };
    },
    { returned: -1 },
  );

const read: Play = (scene, step) =>
  attempt(() => ({ returned: scene.kernel.descriptors.at(scene.fd(step.fd)).read(step.max as number).length }), {
    returned: -1,
  });

const fill: Play = (scene, step) => {
  const file = scene.kernel.descriptors.at(scene.fd(step.fd));
  const chunk = Buffer.alloc(step.chunk as number, 'x');
  let total = 0;
  for (;;) {
    const { results } = attempt(() => ({ count: file.write(chunk) }));
    if (results.errno !== null) return { results: { total, errno: results.errno } };
    total += results.count as number;
  }
};

const drain: Play = (scene, step) => {
  const file = scene.kernel.descriptors.at(scene.fd(step.fd));
  const crc = new Crc32();
  let total = 0;
  for (;;) {
    let bytes: Uint8Array;
    try {
      bytes = file.read(CHUNK_BYTES);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { results: { total, ended: error.code, crc32: crc.hex } };
    }
    if (bytes.length === 0) return { results: { total, ended: 'EOF', crc32: crc.hex } };
    crc.update(bytes);
    total += bytes.length;
  }
};

const shutdown: Play = (scene, step) =>
  attempt(() => {
    const socket = scene.kernel.socketAt(scene.fd(step.fd));
    if (step.how !== 'WR') socket.shutdownReceiving();
    if (step.how !== 'RD') socket.shutdownSending();
    return undefined;
  });

const setLingerZero: Play = (scene, step) =>
  attempt(() => {
    const socket = scene.kernel.socketAt(scene.fd(step.fd));
    if (socket instanceof TcpSocket) socket.resetsOnClose = true;
    return undefined;
  });

const getsockopt: Play = (scene, step) =>
  attempt(() => {
    const socket = scene.kernel.socketAt(scene.fd(step.fd));
    switch (step.name) {
      case 'SO_ERROR':
        return { value: socket.takeError() ?? 0 };
      case 'SO_RCVLOWAT':
        return { value: socket.receiving.lowWater };
      case 'SO_SNDLOWAT':
        return { value: socket.sending.lowWater };
      case 'SO_LISTENQLIMIT':
        return { value: socket instanceof TcpListener ? socket.limit : 0 };
      case 'SO_LISTENQLEN':
        return { value: socket.backlog ?? 0 };
      default:
        throw new Unsupported(`the socket option ${String(step.name)}`);
    }
  });

const setsockopt: Play = (scene, step) =>
  attempt(() => {
    const socket = scene.kernel.socketAt(scene.fd(step.fd));
    if ((step.value as number) < 1) throw new Refusal('EINVAL');
    if (step.name === 'SO_RCVLOWAT') socket.receiving.lowWater = step.value as number;
    else if (step.name === 'SO_SNDLOWAT') socket.sending.lowWater = step.value as number;
    else throw new Unsupported(`the socket option ${String(step.name)}`);
    return undefined;
  });

const dup: Play = (scene, step) =>
  attempt(() => {
    scene.names.bind(step.as, scene.kernel.descriptors.dup(scene.fd(step.fd)));
    return undefined;
  });

const dup2: Play = (scene, step) =>
  attempt(() => {
    scene.kernel.descriptors.dup2(scene.fd(step.fd), scene.fd(step.onto));
    return undefined;
  });

const close: Play = (scene, step) =>
  attempt(() => {
    scene.kernel.descriptors.close(scene.fd(step.fd));
    return undefined;
  });

const sameNumber: Play = (scene, step) => {
  const [first, second] = step.fds as string[];
  return { results: { same: scene.fd(first) === scene.fd(second) } };
};

const sleepMs: Play = (scene, step) => {
  scene.kernel.sleep((step.ms as number) * 1e6);
  return { results: {} };
};

export const socketSteps: Readonly<Record<string, Play>> = {
  socketpair,
  pipe,
  tcpPair,
  listen,
  unconnectedSocket,
  connect,
  accept,
  acceptAll,
  write,
  read,
  fill,
  drain,
  shutdown,
  setLingerZero,
  getsockopt,
  setsockopt,
  dup,
  dup2,
  close,
  sameNumber,
  sleepMs,
};

function establish(scene: Scene, fd: number, port: number): void {
  try {
    scene.kernel.connect(fd, port);
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'EINPROGRESS')) throw error;
  }
}
