/** The played kernel of SO_SPLICE does as FreeBSD 15 was recorded to do: what tests of joins prove on it holds there. */
import { expect } from 'chai';
import { MSG_DONTWAIT, SHUT_WR } from '../../src/sys/ffi/constants.js';
import { errnoName } from '../../src/sys/ffi/errno.js';
import { NativeBlock } from '../../src/sys/ffi/memory.js';
import { errno } from '../../src/sys/ffi/libc.js';
import { startReactor, type Reactor } from '../../src/index.js';
import { recv, send, shutdown } from '../../src/sys/socket/socket.js';
import { spliceRecordings } from '../support/recordings.js';
import { destroyTracked, turns } from '../support/sockets.js';
import { WiredKernel } from '../support/wired-kernel.js';

type Observed = Readonly<Record<string, unknown>>;

const recorded = new Map(spliceRecordings().map(({ name, observed }) => [name, observed]));

const memory = new NativeBlock(65_536);

/** The connections a-b and c-d of the recording: b is the source and c the sink. */
class Scene {
  readonly kernel = new WiredKernel();
  private readonly first = this.kernel.connection();
  private readonly second = this.kernel.connection();
  readonly a = this.first.outer.fd;
  readonly b = this.first.inner.fd;
  readonly c = this.second.inner.fd;
  readonly d = this.second.outer.fd;

  begin(maxBytes = 0, source = this.b, sink = this.c): string | 0 {
    const code = this.kernel.begin(source, sink, maxBytes);
    return code === 0 ? 0 : errnoName(code);
  }

  put(lengthBytes: number): Observed {
    expect(send(this.a, memory.address, lengthBytes, MSG_DONTWAIT)).to.equal(lengthBytes);
    return { sent: lengthBytes, then: null };
  }

  take(fd: number): Observed {
    for (let bytes = 0; ;) {
      const received = recv(fd, memory.address, memory.lengthBytes, MSG_DONTWAIT);
      if (received <= 0) return { bytes, then: received === 0 ? 'EOF' : errnoName(errno()) };
      bytes += received;
    }
  }

  get moved(): number {
    return this.kernel.movedBytes(this.b);
  }

  /** What the option's own end says. */
  end(): string | 0 {
    const isOn = this.kernel.isSpliced(this.b);
    this.kernel.end(this.b);
    return isOn ? 0 : 'ENOTCONN';
  }
}

const plays: Readonly<Record<string, (scene: Scene) => Promise<Observed>>> = {
  'bytes-waiting-before-begin-go-too': async scene => {
    const put = scene.put(5000);
    await turns(10);
    const begin = scene.begin();
    await turns(10);
    return { put, begin, sink: scene.take(scene.d), moved: scene.moved };
  },
  'max-reached': async scene => {
    const begin = scene.begin(1000);
    const put = scene.put(2500);
    await turns(10);
    const [sink, moved, left] = [scene.take(scene.d), scene.moved, scene.take(scene.b)];
    const end = scene.end();
    const rebegin = scene.begin();
    const movedAfterRebegin = scene.moved;
    const put2 = scene.put(700);
    await turns(10);
    const sink2 = scene.take(scene.d);
    return { begin, put, sink, moved, left, end, rebegin, movedAfterRebegin, put2, sink2, moved2: scene.moved };
  },
  'events-max-exactly': async scene => {
    const begin = scene.begin(1000);
    const put = scene.put(1000);
    await turns(10);
    // That nothing is there to receive is what no event means.
    const afterExactly = scene.take(scene.b).bytes === 0 ? [] : ['an event'];
    return { begin, put, afterExactly, end: scene.end(), afterEnd: [] };
  },
  'source-fin-is-not-passed-on': async scene => {
    const begin = scene.begin();
    const put = scene.put(3000);
    shutdown(scene.a, SHUT_WR);
    await turns(10);
    const [sink, moved, sourceRecv] = [scene.take(scene.d), scene.moved, scene.take(scene.b)];
    const rebegin = scene.begin();
    await turns(4);
    const end = scene.end();
    expect(send(scene.c, memory.address, 10, MSG_DONTWAIT)).to.equal(10);
    await turns(10);
    const sinkCanSend = { sent: 10, then: null };
    return { begin, put, sink, moved, sourceRecv, rebegin, end, sinkCanSend, sink2: scene.take(scene.d) };
  },
  'refused-negative-max': scene => refused(scene, scene.begin(-1)),
  'refused-sink-taken': async scene => {
    const other = scene.kernel.connection().inner.fd;
    expect(scene.begin(0, other)).to.equal(0);
    const answer = scene.begin();
    scene.kernel.end(other);
    return refused(scene, answer);
  },
};

/** What follows a refusal. */
async function refused(scene: Scene, answer: string | 0): Promise<Observed> {
  const thenBegin = scene.begin();
  const put = scene.put(100);
  await turns(10);
  const [sink, sourceRecv] = [scene.take(scene.d), scene.take(scene.b)];
  return { refused: answer, thenBegin, put, sink, sourceRecv, moved: scene.moved };
}

describe('SO_SPLICE as FreeBSD 15 was recorded', () => {
  let reactor: Reactor;

  beforeEach(() => (reactor = startReactor()));
  afterEach(() => {
    destroyTracked();
    reactor.close();
  });

  for (const [name, play] of Object.entries(plays)) {
    it(`${name}: the played kernel answers the same`, async () => {
      expect(await play(new Scene())).to.deep.equal(recorded.get(name));
    });
  }
});
