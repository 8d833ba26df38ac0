import { expect } from 'chai';
import { PEER_END, ERROR, PRIORITY, READABLE, WRITABLE, type Backend } from '../../../src/backends/contract.js';
import { NO_TOKEN, type Token } from '../../../src/base/token.js';
import { openBackend } from '../../../src/backends/registry.js';
import type { Descriptor } from '../../../src/core/operations/operation.js';
import { REACTOR_SCOPE } from '../../../src/core/reactor/async-scope.js';
import { BYTES_PER_TURN, FRUITLESS_EVENTS } from '../../../src/core/limits.js';
import { ReadinessDriver } from '../../../src/core/driver/readiness-driver.js';
import { REACTOR_MODES, type ReactorMode } from '../../../src/core/driver/mode.js';
import { SO_RCVBUF, SO_SNDBUF, SOL_SOCKET } from '../../../src/sys/ffi/constants.js';
import { EBADF, ENOMEM, ENOSPC, EPIPE } from '../../../src/sys/ffi/errno.js';
import { IoError } from '../../../src/sys/ffi/io-error.js';
import { close, isOpen } from '../../../src/sys/file/io.js';
import { setBufferSize } from '../../../src/sys/socket/buffer-size.js';
import { getIntOption, socketpair } from '../../../src/sys/socket/socket.js';
import { builtInBackends } from '../../backends/built-in-backends.js';
import { ForwardingBackend } from '../../verify/conformance/forwarding-backend.js';
import { drain, fill, ReceiveAlways, ReceiveOnce, SendBytes, sendSome } from '../scripted-operations.js';

const SECOND_NS = 1e9;

/** A driver over a backend, and the sockets of one test. */
const WAYS = ['send', 'receive'] as const;
const ROOMY_BYTES = 208 * 1024;

function makeRoom(fd: number, way: 'send' | 'receive'): void {
  const bytes = getIntOption(fd, SOL_SOCKET, way === 'send' ? SO_SNDBUF : SO_RCVBUF);
  if (bytes < ROOMY_BYTES / 2) setBufferSize(fd, way, ROOMY_BYTES);
}

class Scene {
  readonly driver: ReadinessDriver;
  private readonly sockets = new Set<number>();

  constructor(
    readonly backend: Backend,
    mode: ReactorMode,
  ) {
    this.driver = new ReadinessDriver(backend, mode);
  }

  /** A connected pair: ours in the driver's care, and the peer's number. */
  pair(): { fd: number; descriptor: Descriptor; peer: number } {
    const [fd, peer] = socketpair();
    // Unix sockets of FreeBSD hold 8 KiB, which no budget notices.
    for (const each of [fd, peer]) for (const way of WAYS) makeRoom(each, way);
    this.sockets.add(fd).add(peer);
    return { fd, descriptor: this.driver.add(fd, REACTOR_SCOPE), peer };
  }

  close(fd: number): void {
    this.sockets.delete(fd);
    close(fd);
  }

  /** One turn. A test that waits in vain ends here, after a second. */
  turn(timeoutNs = SECOND_NS): void {
    this.driver.wait(this.driver.hasWork ? 0 : timeoutNs);
    this.driver.dispatch();
  }

  turnsUntil(done: () => boolean, turns = 200): void {
    for (let count = 0; !done(); count++) {
      if (count === turns) throw new Error(`not done after ${turns} turns`);
      this.turn(SECOND_NS / 20);
    }
  }

  end(): void {
    this.driver.close();
    for (const fd of this.sockets) if (isOpen(fd)) close(fd);
  }
}

for (const name of builtInBackends()) {
  for (const mode of REACTOR_MODES) {
    describe(`core: readiness driver (${name}, ${mode})`, () => {
      let scene: Scene;
      beforeEach(() => {
        scene = new Scene(openBackend(name), mode);
      });
      afterEach(() => scene.end());

      describe('submit', () => {
        it('tries first: a send that fits costs its own call and no registration', () => {
          const { descriptor, peer } = scene.pair();
          const { systemCalls, changesAsked } = scene.backend.counters;
          const operation = new SendBytes(100);
          expect(scene.driver.submit(descriptor, operation)).to.equal(true);
          expect([operation.attempts, operation.bytes, operation.completions]).to.deep.equal([1, 100, 0]);
          expect([scene.backend.counters.systemCalls, scene.backend.counters.changesAsked]).to.deep.equal([
            systemCalls,
            changesAsked,
          ]);
          expect(descriptor.token).to.equal(NO_TOKEN);
          expect([scene.driver.hasWork, drain(peer)]).to.deep.equal([false, 100]);
          scene.turn(0);
          expect(operation.completions).to.equal(0);
        });

        it('waits when the call would block, and completes in a turn, once', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveOnce();
          expect(scene.driver.submit(descriptor, operation)).to.equal(false);
          scene.turn(0);
          expect([operation.attempts > 0, operation.completions]).to.deep.equal([true, 0]);
          sendSome(peer, 10);
          expect(operation.completions).to.equal(0);
          scene.turnsUntil(() => operation.completions > 0);
          scene.turn(0);
          expect([operation.bytes, operation.completions, operation.cancellations]).to.deep.equal([10, 1, 0]);
          expect(operation.descriptor).to.equal(undefined);
        });

        it('sends more than the socket holds as the peer makes room, to the byte', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new SendBytes(3_000_000);
          expect(scene.driver.submit(descriptor, operation)).to.equal(false);
          let received = 0;
          scene.turnsUntil(() => {
            received += drain(peer);
            return operation.completions > 0;
          }, 2000);
          received += drain(peer);
          expect([operation.bytes, received]).to.deep.equal([3_000_000, 3_000_000]);
        });

        it('an operation that waits can be submitted again only when it is over', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveOnce();
          scene.driver.submit(descriptor, operation);
          expect(() => scene.driver.submit(descriptor, operation)).to.throw(TypeError, 'under way');
          expect(() => scene.driver.start(descriptor, operation)).to.throw(TypeError, 'under way');
          sendSome(peer, 1);
          scene.turnsUntil(() => operation.completions > 0);
          sendSome(peer, 1);
          expect(scene.driver.submit(descriptor, operation)).to.equal(true);
          expect(operation.bytes).to.equal(2);
        });

        it('an exception of the attempt comes out, and leaves the operation free', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveOnce();
          operation.onProgress = () => {
            throw new Error('from the attempt');
          };
          sendSome(peer, 1);
          expect(() => scene.driver.submit(descriptor, operation)).to.throw('from the attempt');
          expect([operation.descriptor, operation.cancellations]).to.deep.equal([undefined, 1]);
          operation.onProgress = undefined;
          sendSome(peer, 1);
          expect(scene.driver.submit(descriptor, operation)).to.equal(true);
        });

        it('start never tries within the call', () => {
          const { descriptor, peer } = scene.pair();
          sendSome(peer, 5);
          const operation = new ReceiveAlways(100);
          scene.driver.start(descriptor, operation);
          expect(operation.attempts).to.equal(0);
          scene.turnsUntil(() => operation.bytes === 5);
        });
      });

      describe('queues', () => {
        it('operations of one direction run in the order they came', () => {
          const { descriptor, peer } = scene.pair();
          const log: string[] = [];
          const operations = ['a', 'b', 'c'].map(label => new ReceiveOnce(log, label, 4));
          for (const operation of operations) expect(scene.driver.submit(descriptor, operation)).to.equal(false);
          expect(operations.map(operation => operation.attempts)).to.deep.equal([1, 0, 0]);
          sendSome(peer, 8);
          scene.turnsUntil(() => log.length === 2);
          expect(operations[2].completions).to.equal(0);
          sendSome(peer, 4);
          scene.turnsUntil(() => log.length === 3);
          expect(log).to.deep.equal(['a', 'b', 'c']);
        });

        it('the directions do not wait for each other', () => {
          const { descriptor, peer } = scene.pair();
          const [receive, send] = [new ReceiveOnce(), new SendBytes(10)];
          expect(scene.driver.submit(descriptor, receive)).to.equal(false);
          expect(scene.driver.submit(descriptor, send)).to.equal(true);
          sendSome(peer, 1);
          scene.turnsUntil(() => receive.completions === 1);
        });

        it('cancel takes the first, a middle one or the last off, and the others run on', () => {
          for (const victim of [0, 1, 2]) {
            const { descriptor, peer } = scene.pair();
            const log: string[] = [];
            const operations = ['0', '1', '2'].map(label => new ReceiveOnce(log, label, 1));
            for (const operation of operations) scene.driver.submit(descriptor, operation);
            scene.driver.cancel(operations[victim]);
            scene.driver.cancel(operations[victim]);
            expect(operations[victim].cancellations).to.equal(1);
            sendSome(peer, 3);
            scene.turnsUntil(() => log.length === 2);
            scene.turn(0);
            expect(log).to.deep.equal(['0', '1', '2'].filter(label => label !== String(victim)));
            expect(drain(descriptor.fd)).to.equal(1);
          }
        });

        it('cancel of the only one silences the descriptor', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveOnce();
          scene.driver.submit(descriptor, operation);
          scene.turn(0);
          scene.driver.cancel(operation);
          sendSome(peer, 1);
          // An edge may still be told once; then all is quiet.
          scene.turn(0);
          const { events } = scene.backend.counters;
          for (let count = 0; count < 10; count++) scene.turn(0);
          expect(scene.backend.counters.events).to.equal(events);
          expect([operation.attempts, operation.completions]).to.deep.equal([1, 0]);
        });

        it('cancel of what is over does nothing', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveOnce();
          scene.driver.submit(descriptor, operation);
          sendSome(peer, 1);
          scene.turnsUntil(() => operation.completions === 1);
          scene.driver.cancel(operation);
          expect(operation.cancellations).to.equal(0);
        });

        it('a descriptor that rested is heard again: what came meanwhile is not lost', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveAlways(100);
          scene.driver.start(descriptor, operation);
          sendSome(peer, 5);
          scene.turnsUntil(() => operation.bytes === 5);
          scene.turn(0);
          scene.driver.cancel(operation);
          sendSome(peer, 7);
          scene.turn(0);
          scene.driver.start(descriptor, operation);
          scene.turnsUntil(() => operation.bytes === 12);
        });
      });

      describe('completions', () => {
        it('never run within submit, start, cancel or remove of another operation', () => {
          const { descriptor, peer } = scene.pair();
          const other = scene.pair();
          let within = '';
          const first = new ReceiveOnce();
          const second = new ReceiveOnce();
          first.onComplete = () => {
            expect(within).to.equal('');
            within = 'submit';
            sendSome(other.peer, 1);
            scene.driver.submit(other.descriptor, second);
            within = '';
          };
          second.onComplete = () => expect(within).to.equal('');
          scene.driver.submit(descriptor, first);
          sendSome(peer, 1);
          scene.turnsUntil(() => first.completions === 1);
          expect(second.bytes).to.equal(1);
        });

        it('an exception of one leaves the others to the next dispatch', () => {
          const log: string[] = [];
          const operations = ['a', 'b', 'c'].map(label => new ReceiveOnce(log, label));
          for (const operation of operations) {
            const { descriptor, peer } = scene.pair();
            scene.driver.submit(descriptor, operation);
            sendSome(peer, 1);
            operation.onComplete = () => {
              throw new Error(`from ${operation.label}`);
            };
          }
          for (let count = 1; count <= 3; count++) {
            expect(() => scene.turnsUntil(() => false)).to.throw(/^from [abc]$/);
            expect(log.length).to.equal(count);
          }
          expect([...log].sort()).to.deep.equal(['a', 'b', 'c']);
          scene.turn(0);
          expect(scene.driver.hasWork).to.equal(false);
        });
      });

      describe('a callback that throws', () => {
        it('leaves the other events of the batch to the next turn, and its own descriptor alive', () => {
          const ends = Array.from({ length: 5 }, () => scene.pair());
          const operations = ends.map(({ descriptor }) => {
            const operation = new ReceiveAlways(4);
            scene.driver.start(descriptor, operation);
            return operation;
          });
          // With edges a fresh descriptor is tried without an event: that is over after this.
          scene.turn(0);
          scene.turn(0);
          let thrown = 0;
          for (const operation of operations) {
            operation.onProgress = () => {
              operation.onProgress = undefined;
              thrown++;
              throw new Error('from a callback');
            };
          }
          for (const { peer } of ends) sendSome(peer, 10);
          for (let turns = 0; operations.some(({ bytes }) => bytes < 10); turns++) {
            expect(turns).to.be.below(50);
            const before = thrown;
            try {
              scene.turn();
            } catch (error) {
              expect((error as Error).message).to.equal('from a callback');
            }
            expect(thrown - before).to.be.at.most(1);
          }
          expect([thrown, ...operations.map(({ bytes }) => bytes)]).to.deep.equal([5, 10, 10, 10, 10, 10]);
          for (const { peer } of ends) sendSome(peer, 1);
          scene.turnsUntil(() => operations.every(({ bytes }) => bytes === 11));
        });

        it('does not hide a FIN that came with the bytes', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveAlways(100);
          scene.driver.start(descriptor, operation);
          scene.turn(0);
          operation.onProgress = () => {
            operation.onProgress = undefined;
            throw new Error('from a callback');
          };
          sendSome(peer, 10);
          scene.close(peer);
          expect(() => scene.turnsUntil(() => false, 5)).to.throw('from a callback');
          scene.turnsUntil(() => operation.completions === 1);
          expect(operation.bytes).to.equal(10);
        });
      });

      describe('remove', () => {
        it('takes all operations off, tells nobody, and no event comes after it', () => {
          const { descriptor, peer } = scene.pair();
          const operations = [new ReceiveOnce(), new ReceiveOnce(), new SendBytes(10_000_000)];
          for (const operation of operations) scene.driver.submit(descriptor, operation);
          scene.driver.remove(descriptor);
          const attempts = operations.map(operation => operation.attempts);
          sendSome(peer, 1);
          drain(peer);
          scene.turn(0);
          scene.turn(0);
          expect(operations.map(operation => operation.attempts)).to.deep.equal(attempts);
          expect(operations.map(({ completions, cancellations }) => [completions, cancellations])).to.deep.equal([
            [0, 1],
            [0, 1],
            [0, 1],
          ]);
          expect(scene.backend.has(descriptor.token)).to.equal(false);
        });

        it('regression 11: both directions are ready, the first handler removes: the second is not run', () => {
          const { descriptor, peer } = scene.pair();
          const receive = new ReceiveAlways(10);
          const send = new SendBytes(10_000_000);
          receive.onProgress = () => scene.driver.remove(descriptor);
          scene.driver.submit(descriptor, send);
          scene.driver.start(descriptor, receive);
          drain(peer);
          sendSome(peer, 10);
          const { attempts } = send;
          scene.turnsUntil(() => receive.bytes > 0);
          scene.turn(0);
          expect([receive.cancellations, send.cancellations, send.completions]).to.deep.equal([1, 1, 0]);
          // An edge for writing may have come before the one for reading, in a batch of its own.
          if (mode !== 'edge') expect(send.attempts).to.equal(attempts);
        });

        it('regression 10: the number of a closed descriptor comes back within the batch: it gets none of the old events', () => {
          const ends = [scene.pair(), scene.pair()];
          const operations = ends.map(() => new ReceiveAlways(10));
          for (const [index, operation] of operations.entries()) scene.driver.start(ends[index].descriptor, operation);
          scene.turn(0);
          scene.turn(0);
          const young = new ReceiveOnce();
          let reborn = -1;
          for (const [index, operation] of operations.entries()) {
            operation.onProgress = () => {
              const victim = ends[1 - index];
              scene.driver.remove(victim.descriptor);
              scene.close(victim.fd);
              const next = scene.pair();
              reborn = next.fd;
              expect(next.fd).to.equal(victim.fd);
              scene.driver.submit(next.descriptor, young);
            };
          }
          const { staleEvents } = scene.backend.counters;
          for (const { peer } of ends) sendSome(peer, 1);
          scene.turnsUntil(() => reborn >= 0);
          scene.turn(0);
          expect(operations.map(({ bytes }) => bytes).sort()).to.deep.equal([0, 1]);
          expect([young.bytes, young.errno !== 0, young.completions]).to.deep.equal([0, true, 0]);
          expect(scene.backend.counters.staleEvents - staleEvents).to.equal(1);
        });

        it('from within its own attempt', () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveAlways(1);
          operation.onProgress = () => {
            scene.driver.remove(descriptor);
            scene.close(descriptor.fd);
          };
          scene.driver.start(descriptor, operation);
          sendSome(peer, 5);
          scene.turnsUntil(() => operation.cancellations === 1);
          scene.turn(0);
          expect([operation.bytes, operation.attempts, operation.completions]).to.deep.equal([
            1,
            operation.attempts,
            0,
          ]);
        });

        it('from within a completion', () => {
          const [one, two] = [scene.pair(), scene.pair()];
          const operations = [new ReceiveOnce(), new ReceiveOnce()];
          operations[0].onComplete = () => scene.driver.remove(two.descriptor);
          operations[1].onComplete = () => scene.driver.remove(one.descriptor);
          scene.driver.submit(one.descriptor, operations[0]);
          scene.driver.submit(two.descriptor, operations[1]);
          sendSome(one.peer, 1);
          scene.turnsUntil(() => operations[0].completions === 1);
          sendSome(two.peer, 1);
          scene.turn(0);
          expect([operations[1].cancellations, operations[1].completions]).to.deep.equal([1, 0]);
        });
      });

      it('regression 37: a flood on one descriptor does not starve ten others', () => {
        const greedy = scene.pair();
        const flood = new ReceiveAlways(1024);
        scene.driver.start(greedy.descriptor, flood);
        const queued = fill(greedy.peer);
        expect(queued).to.be.above(64 * 1024);
        const others = Array.from({ length: 10 }, () => {
          const end = scene.pair();
          const operation = new ReceiveAlways(1024);
          scene.driver.start(end.descriptor, operation);
          return { ...end, operation };
        });
        for (let turn = 0; turn < 5; turn++) {
          scene.turn();
          fill(greedy.peer);
        }
        for (const { peer } of others) sendSome(peer, 1);
        const attemptsBefore = flood.attempts;
        scene.turn();
        scene.turn();
        expect(others.map(({ operation }) => operation.bytes)).to.deep.equal(others.map(() => 1));
        // With edges, an attempt by the event and one by the list.
        expect(flood.attempts - attemptsBefore).to.be.within(1, 4);
      });

      it('regression 37: descriptors that share a flood get the same', () => {
        const floods = Array.from({ length: 4 }, () => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveAlways(1024);
          scene.driver.start(descriptor, operation);
          fill(peer);
          return { peer, operation };
        });
        for (let turn = 0; turn < 40; turn++) {
          scene.turn();
          for (const { peer } of floods) fill(peer);
        }
        const attempts = floods.map(({ operation }) => operation.attempts);
        expect(Math.min(...attempts)).to.be.at.least(30);
        expect(Math.max(...attempts) - Math.min(...attempts)).to.be.at.most(6);
      });

      it('regression 37: a turn that has moved enough bytes leaves the rest of its events to the next, before new ones', () => {
        const ends = Array.from({ length: 3 }, (_, index) => {
          const { descriptor, peer } = scene.pair();
          const operation = new ReceiveOnce([], String(index));
          scene.driver.submit(descriptor, operation);
          return { peer, operation };
        });
        scene.turn(0);
        scene.turn(0);
        const served: string[] = [];
        for (const { peer, operation } of ends) {
          operation.onProgress = () => {
            served.push(operation.label);
            scene.driver.counters.bytesReceived += BYTES_PER_TURN;
          };
          sendSome(peer, 1);
        }
        for (let turn = 1; turn <= 3; turn++) {
          scene.turn();
          expect(served.length).to.equal(turn);
          expect(scene.driver.hasWork).to.equal(turn < 3);
        }
        expect([...served].sort()).to.deep.equal(['0', '1', '2']);
      });

      it('the peer is gone: the reader is told the end, the writer the error of its own call', () => {
        const { descriptor, peer } = scene.pair();
        const receive = new ReceiveOnce();
        const send = new SendBytes(10_000_000);
        scene.driver.submit(descriptor, send);
        scene.driver.submit(descriptor, receive);
        scene.close(peer);
        scene.turnsUntil(() => receive.completions + send.completions === 2);
        expect(send.errno).to.equal(EPIPE);
      });

      it('asks the kernel for no more than the mode needs', () => {
        const { descriptor, peer } = scene.pair();
        const operation = new ReceiveAlways(100);
        scene.driver.start(descriptor, operation);
        scene.turn(0);
        const { changesAsked } = scene.backend.counters;
        for (let round = 1; round <= 20; round++) {
          sendSome(peer, 1);
          scene.turnsUntil(() => operation.bytes === round);
        }
        const asked = scene.backend.counters.changesAsked - changesAsked;
        if (mode === 'oneshot') expect(asked).to.be.within(20, 41);
        else expect(asked).to.equal(0);
      });

      describe('watches', () => {
        it('tell what the descriptor is ready for, until they end', () => {
          const { fd, peer } = scene.pair();
          const seen: number[] = [];
          const token = scene.driver.watch(fd, READABLE, 'level', { onReady: readiness => void seen.push(readiness) });
          scene.turn(0);
          expect(seen).to.deep.equal([]);
          sendSome(peer, 1);
          scene.turn();
          expect(seen).to.deep.equal([READABLE]);
          scene.driver.rewatch(token, READABLE | WRITABLE);
          scene.turn();
          expect(seen).to.deep.equal([READABLE, READABLE | WRITABLE]);
          scene.close(peer);
          scene.turn();
          expect(seen[2] & (READABLE | PEER_END)).to.equal(READABLE | PEER_END);
          scene.driver.unwatch(token);
          scene.turn(0);
          expect(seen.length).to.equal(3);
          expect(() => scene.driver.unwatch(token)).to.throw(IoError, 'not registered');
        });

        it('an exception of one leaves the other events to the next turn', () => {
          const served = [0, 0, 0];
          const tokens = served.map((_, index) => {
            const { fd, peer } = scene.pair();
            sendSome(peer, 1);
            return scene.driver.watch(fd, READABLE, 'oneshot', {
              onReady: () => {
                served[index]++;
                throw new Error('from a watch');
              },
            });
          });
          for (let turn = 0; turn < 3; turn++) expect(() => scene.turn()).to.throw('from a watch');
          expect(served).to.deep.equal([1, 1, 1]);
          for (const token of tokens) scene.driver.unwatch(token);
        });

        it('a refusal of the backend comes out, and nothing is watched', () => {
          const [fd, peer] = socketpair();
          close(fd);
          close(peer);
          const refused = () => scene.driver.watch(fd, READABLE, 'level', { onReady: () => {} });
          expect(refused).to.throw(IoError, 'EBADF');
        });
      });
    });
  }

  describe(`core: readiness driver over a backend that misbehaves (${name})`, () => {
    /** Reports a descriptor again and again, and writes down what it is told. */
    class Liar extends ForwardingBackend {
      readonly calls: string[] = [];
      /** Reported as this, whatever the kernel says. */
      lie: { token: Token; readiness: number; errno: number } | undefined = undefined;
      refusal: IoError | undefined = undefined;

      override register(...args: Parameters<Backend['register']>): Token {
        this.calls.push('register');
        if (this.refusal !== undefined) throw this.refusal;
        return super.register(...args);
      }

      override unregister(token: Token): void {
        this.calls.push(`unregister ${isOpen(this.watched) ? 'open' : 'closed'}`);
        super.unregister(token);
      }

      override wait(timeoutNs: number): number {
        const { lie, events } = this;
        if (lie === undefined) return super.wait(timeoutNs);
        super.wait(0);
        events.count = 1;
        events.tokens[0] = lie.token;
        events.readiness[0] = lie.readiness;
        events.errors[0] = lie.errno;
        events.data[0] = 0;
        return 1;
      }

      watched = -1;
    }

    let liar: Liar;
    let scene: Scene;
    const begin = (mode: ReactorMode) => {
      liar = new Liar(openBackend(name));
      scene = new Scene(liar, mode);
    };
    afterEach(() => {
      liar.lie = undefined;
      scene.end();
    });

    for (const mode of ['level', 'oneshot'] as const) {
      it(`${mode}: a spin is stopped and told: ${FRUITLESS_EVENTS} events without a byte`, () => {
        begin(mode);
        const { descriptor, peer } = scene.pair();
        const operation = new ReceiveOnce();
        scene.driver.submit(descriptor, operation);
        liar.lie = { token: descriptor.token, readiness: READABLE, errno: 0 };
        for (let count = 1; count < FRUITLESS_EVENTS; count++) scene.turn(0);
        expect([operation.failure, scene.driver.counters.spinsStopped]).to.deep.equal([undefined, 0]);
        scene.turn(0);
        const { failure } = operation;
        expect(failure).to.be.instanceOf(IoError);
        expect((failure as IoError).code).to.equal('ELOOP');
        expect(failure!.message)
          .to.contain(`descriptor ${descriptor.fd} with ${name}`)
          .and.contain('1024 events in a row');
        expect(operation.completions).to.equal(1);
        expect([scene.driver.counters.spinsStopped, scene.driver.counters.fruitlessEvents]).to.deep.equal([
          1,
          FRUITLESS_EVENTS,
        ]);
        // It is not asked for any more, and can be used again.
        liar.lie = undefined;
        sendSome(peer, 1);
        scene.turn(0);
        scene.turn(0);
        const { events } = liar.counters;
        scene.turn(0);
        expect(liar.counters.events).to.equal(events);
        expect(scene.driver.submit(descriptor, new ReceiveOnce())).to.equal(true);
      });

      it(`${mode}: a byte in between starts the count anew`, () => {
        begin(mode);
        const { descriptor, peer } = scene.pair();
        const operation = new ReceiveAlways(10);
        scene.driver.start(descriptor, operation);
        liar.lie = { token: descriptor.token, readiness: READABLE, errno: 0 };
        for (let round = 0; round < 3; round++) {
          for (let count = 0; count < FRUITLESS_EVENTS - 1; count++) scene.turn(0);
          sendSome(peer, 1);
          scene.turn(0);
        }
        expect([operation.bytes, operation.failure, scene.driver.counters.spinsStopped]).to.deep.equal([
          3,
          undefined,
          0,
        ]);
      });
    }

    for (const mode of REACTOR_MODES) {
      it(`${mode}: regression 8: a refusal to register comes out of submit and start, and the operation is free`, () => {
        begin(mode);
        const { descriptor, peer } = scene.pair();
        liar.refusal = new IoError(ENOSPC, 'register', 'descriptor 7', 'the limit of watches');
        const operation = new ReceiveOnce();
        expect(() => scene.driver.submit(descriptor, operation)).to.throw(IoError, 'ENOSPC, the limit of watches');
        expect(() => scene.driver.start(descriptor, operation)).to.throw(IoError, 'ENOSPC');
        expect([operation.descriptor, operation.cancellations, operation.completions]).to.deep.equal([undefined, 2, 0]);
        expect([descriptor.reads, descriptor.token]).to.deep.equal([undefined, NO_TOKEN]);
        liar.refusal = undefined;
        expect(scene.driver.submit(descriptor, operation)).to.equal(false);
        sendSome(peer, 1);
        scene.turnsUntil(() => operation.completions === 1);
      });

      it(`${mode}: regression 8 and 9: a refusal that comes with the wait fails all operations, with the event's errno`, () => {
        begin(mode);
        const { descriptor } = scene.pair();
        const operations = [new ReceiveOnce(), new ReceiveOnce(), new SendBytes(10_000_000)];
        for (const operation of operations) scene.driver.submit(descriptor, operation);
        // errno of the thread is that of another call.
        expect(isOpen(1_000_000)).to.equal(false);
        liar.lie = { token: descriptor.token, readiness: ERROR, errno: ENOMEM };
        scene.turn(0);
        for (const { failure, completions } of operations) {
          expect(completions).to.equal(1);
          expect([(failure as IoError).code, (failure as IoError).syscall]).to.deep.equal(['ENOMEM', 'watch']);
          expect(failure!.message).to.contain(`descriptor ${descriptor.fd} with ${name}`);
        }
        scene.driver.remove(descriptor);
      });

      it(`${mode}: regression 9: an errno beside readiness decides nothing, the retried call does`, () => {
        begin(mode);
        const { descriptor, peer } = scene.pair();
        const operation = new ReceiveOnce();
        scene.driver.submit(descriptor, operation);
        sendSome(peer, 3);
        liar.lie = { token: descriptor.token, readiness: READABLE | ERROR, errno: EBADF };
        scene.turn(0);
        expect([operation.completions, operation.bytes, operation.failure]).to.deep.equal([1, 3, undefined]);
      });

      it(`${mode}: an event for a token of before is dropped and counted`, () => {
        begin(mode);
        const { descriptor, peer } = scene.pair();
        const operation = new ReceiveOnce();
        scene.driver.submit(descriptor, operation);
        const old = descriptor.token;
        scene.driver.remove(descriptor);
        const next = scene.pair();
        const young = new ReceiveOnce();
        scene.driver.submit(next.descriptor, young);
        const { attempts } = young;
        expect(next.descriptor.token).to.not.equal(old);
        sendSome(peer, 1);
        liar.lie = { token: old, readiness: READABLE, errno: 0 };
        const { staleEvents } = liar.counters;
        scene.turn(0);
        expect([young.attempts, liar.counters.staleEvents - staleEvents]).to.deep.equal([attempts, 1]);
      });
    }

    it('regression 15: the registration ends before the descriptor is closed', () => {
      begin('level');
      const { descriptor } = scene.pair();
      liar.watched = descriptor.fd;
      scene.driver.submit(descriptor, new ReceiveOnce());
      scene.driver.remove(descriptor);
      scene.close(descriptor.fd);
      expect(liar.calls).to.deep.equal(['register', 'unregister open']);
    });

    it('edge: a backend without edges is refused, and named', () => {
      begin('level');
      class LevelOnly extends ForwardingBackend {
        override get modes() {
          return ['level'] as const;
        }
      }
      expect(() => new ReadinessDriver(new LevelOnly(liar), 'edge')).to.throw(
        TypeError,
        `mode: 'edge'; backend '${name}' lacks it`,
      );
    });

    it('bits that nobody waits for run nothing', () => {
      begin('level');
      const { descriptor } = scene.pair();
      const operation = new ReceiveOnce();
      scene.driver.submit(descriptor, operation);
      liar.lie = { token: descriptor.token, readiness: WRITABLE | PRIORITY, errno: 0 };
      scene.turn(0);
      expect([operation.attempts, operation.completions]).to.deep.equal([1, 0]);
    });
  });
}
