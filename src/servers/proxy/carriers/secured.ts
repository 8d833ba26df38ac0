/** A client that speaks TLS with the proxy, and an upstream that does not: bytes are decrypted and encrypted here. */
import { clearTimeout, monotonicMs, setTimeout } from '../../../base/runtime-functions.js';
import { IoError, type BufferList, type Connection } from '../../../index.js';
import type { SecureConnection } from '../../../node.js';
import type { Carrier, CarrierEnd, CarrierTimeouts } from './carrier.js';
import { Throttle } from './throttle.js';

/** An end, as the other one needs it. */
type End = Connection | SecureConnection;

export class Secured implements Carrier {
  readonly splicedBytes = 0;
  readonly isBusy = false;
  onOver: (end: CarrierEnd, failure: Error | undefined) => void = () => {};
  bytesToUpstream = 0;
  bytesToClient = 0;

  private readonly throttle = new Throttle(() => this.goOn());
  private readonly ended = { client: false, upstream: false };
  private lastMs = monotonicMs();
  private timer: NodeJS.Timeout | undefined = undefined;
  private isOver = false;

  constructor(
    private readonly client: SecureConnection,
    private readonly upstream: Connection,
    private readonly timeouts: CarrierTimeouts,
  ) {
    client.onClose = failure => this.onClosed('client', failure);
    upstream.onClose = failure => this.onClosed('upstream', failure);
    client.onEnd = () => this.onEnd('client', upstream);
    upstream.onEnd = () => this.onEnd('upstream', client);
    client.onDrain = upstream.onDrain = () => this.goOn();
    upstream.onData = chunk => {
      this.bytesToClient += chunk.length;
      this.carry(chunk, upstream, client);
    };
    client.onData = chunk => {
      this.bytesToUpstream += chunk.length;
      this.carry(chunk, client, upstream);
    };
    this.arm();
  }

  get tlsBytes(): number {
    return this.bytesToUpstream + this.bytesToClient;
  }

  get bytesPerSecond(): number {
    return this.throttle.bytesPerSecond;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    this.throttle.bytesPerSecond = bytesPerSecond;
  }

  release(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    this.throttle.end();
    for (const end of [this.client, this.upstream]) {
      end.onData = end.onEnd = end.onClose = end.onDrain = undefined;
    }
  }

  private carry(chunk: BufferList, from: End, to: End): void {
    this.lastMs = monotonicMs();
    this.throttle.spend(chunk.length);
    if (!to.send(chunk)) from.pause();
    if (this.throttle.isHeld) for (const end of [this.client, this.upstream]) end.pause();
  }

  /** Each side is read while the other has room. */
  private goOn(): void {
    if (this.throttle.isHeld || this.isOver) return;
    const { client, upstream } = this;
    if (upstream.queuedBytes === 0) client.resume();
    if (client.queuedBytes === 0) upstream.resume();
  }

  private onEnd(side: 'client' | 'upstream', other: End): void {
    this.ended[side] = true;
    this.lastMs = monotonicMs();
    this.arm();
    if (!other.isClosed) other.end();
  }

  private onClosed(side: 'client' | 'upstream', failure: Error | undefined): void {
    if (this.isOver) return;
    const { client, upstream, ended } = this;
    const isWhole = failure === undefined && ended.client && ended.upstream;
    if (isWhole && !(client.isClosed && upstream.isClosed)) return;
    this.finish(isWhole ? 'completed' : `${side}-broke`, failure);
  }

  /** One timer, which looks at the clock: bytes cost a store. */
  private arm(): void {
    clearTimeout(this.timer);
    const { client, upstream } = this.ended;
    const { idleMs, halfCloseMs } = this.timeouts;
    const delays = [idleMs, client || upstream ? halfCloseMs : 0].filter(delayMs => delayMs > 0);
    if (delays.length === 0) return;
    const leftMs = this.lastMs + Math.min(...delays) - monotonicMs();
    this.timer = setTimeout(() => this.onTimer(Math.min(...delays)), Math.max(1, leftMs));
  }

  private onTimer(delayMs: number): void {
    if (monotonicMs() - this.lastMs < delayMs) return this.arm();
    this.finish('late', new IoError('ETIMEDOUT', 'proxy', 'idle', `no byte for ${delayMs} ms`));
  }

  private finish(end: CarrierEnd, failure: Error | undefined): void {
    const { onOver } = this;
    this.release();
    onOver(end, failure);
  }
}
