/**
 * A connection to one of a pool's upstreams: where one fails, the next is tried. Nothing has been read of the client
 * meanwhile.
 */
import { connect, IoError, type Connection } from '../../../index.js';
import type { Pool } from './pool.js';
import type { Upstream } from './upstream.js';

export interface Dialled {
  readonly connection: Connection;
  /** It is `open`: its owner calls `close` of it in the end. */
  readonly upstream: Upstream;
}

/** Most clients need no other. */
const NONE: readonly Upstream[] = [];

/** What this machine lacks says nothing of the upstream, and another would fail as well. */
export const OWN_FAILURES: readonly (string | undefined)[] = ['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'];

/**
 * @param isWanted whether the client is still there.
 * @param signal given up when the proxy is closed.
 * @throws IoError (by the promise) what the last upstream refused with; EHOSTUNREACH: none could be tried.
 */
export async function dial(
  pool: Pool,
  source: string,
  { isWanted, signal }: { readonly isWanted: () => boolean; readonly signal: AbortSignal },
): Promise<Dialled> {
  let tried = NONE;
  let refusal: Error | undefined;
  while (tried.length < pool.attempts && isWanted()) {
    const upstream = pool.choose(source, tried);
    if (upstream === undefined) break;
    tried.at(-1)?.onRetried();
    upstream.open();
    try {
      const connection = await connect({ ...upstream.place, timeoutMs: pool.connectTimeoutMs, signal });
      upstream.onConnected();
      return { connection, upstream };
    } catch (failure) {
      upstream.close();
      if (signal.aborted || OWN_FAILURES.includes((failure as IoError).code)) {
        upstream.onSpared();
        throw failure;
      }
      upstream.onFailed(failure as Error);
      refusal = failure as Error;
      tried = [...tried, upstream];
    }
  }
  throw refusal ?? new IoError('EHOSTUNREACH', 'connect', pool.name, 'no upstream of the pool can be tried');
}
