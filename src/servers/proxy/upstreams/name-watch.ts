/** The addresses of a name over time: it is looked up anew when its records are too old. */
import { clearTimeout, setTimeout } from '../../../base/runtime-functions.js';
import type { NameRecords } from './look-up.js';
import type { DnsPlan } from './dns-options.js';

export class NameWatch {
  private timer: NodeJS.Timeout | undefined = undefined;
  private isStopped = false;

  /**
   * @param lookUp of the name.
   * @param onAddresses told of the addresses, the first time and whenever it was looked up.
   */
  constructor(
    private readonly lookUp: () => Promise<NameRecords>,
    private readonly plan: DnsPlan,
    private readonly onAddresses: (addresses: readonly string[]) => void,
  ) {}

  /** @throws what the first look-up throws, by the promise. A later one that fails leaves the addresses as they are. */
  async start(): Promise<void> {
    this.take(await this.lookUp());
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private take({ addresses, lifetimeMs = this.plan.unknownLifetimeMs }: NameRecords): void {
    if (this.isStopped) return;
    this.onAddresses(addresses);
    const { leastLifetimeMs, mostLifetimeMs } = this.plan;
    this.arm(Math.min(Math.max(lifetimeMs, leastLifetimeMs), mostLifetimeMs));
  }

  private arm(delayMs: number): void {
    this.timer = setTimeout(() => {
      this.lookUp().then(
        records => this.take(records),
        () => !this.isStopped && this.arm(this.plan.retryMs),
      );
    }, delayMs);
  }
}
