/** What a log tells of an exchange. */
import { monotonicMs } from '../../../../base/runtime-functions.js';
import type { Address } from '../../../../index.js';
import type { LoggedRequest, LoggedResponse } from '../../../http/access-log.js';
import type { MessageHead } from '../../../http/message-head.js';

export class ExchangeRecord implements LoggedRequest, LoggedResponse {
  /** Of the response; 0 before there is one. */
  status = 0;
  bodyBytes = 0;
  private readonly begunMs = monotonicMs();

  constructor(
    private readonly head: MessageHead,
    readonly host: string,
    readonly remoteAddress: Address | undefined,
  ) {}

  get method(): string {
    return this.head.method;
  }

  get target(): string {
    return this.head.target;
  }

  get minorVersion(): number {
    return this.head.minor;
  }

  get elapsedMs(): number {
    return monotonicMs() - this.begunMs;
  }

  get(name: string): string | undefined {
    return this.head.get(name);
  }
}
