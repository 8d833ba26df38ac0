/** The configuration file of `pollux proxy`. */
import { readFileSync } from 'node:fs';
import { integer, milliseconds, nested, requiredText, valuesOf } from '../../base/options.js';
import { ifGiven, oneOrMore } from '../../base/option-lists.js';
import type { ProxyListenOptions, ProxyOptions } from '../../servers.js';
import { LISTEN_OPTIONS } from '../../servers/proxy/listeners/listen-options.js';
import { PROXY_OPTIONS, proxyPlan } from '../../servers/proxy/proxy-options.js';
import type { ProxyConfig } from '../proxy/config.js';
import { ConfigDocument, WHOLE } from './document.js';
import { MOST_THREADS } from './serve-file.js';
import { without } from './without.js';

const CERTIFICATE = { certificate: requiredText('a file in PEM'), key: requiredText('a file in PEM') };

/** What the file may say: the options of `createProxy`, and those of the command. TLS is by the names of files. */
export const PROXY_FILE = {
  ...without(PROXY_OPTIONS, 'onEnd', 'onError'),
  listen: oneOrMore(nested({ ...without(LISTEN_OPTIONS, 'fd', 'listener'), tls: ifGiven(nested(CERTIFICATE)) })),
  threads: integer(1, MOST_THREADS, 1),
  drainMs: milliseconds(30_000),
};

type FileListener = Omit<ProxyListenOptions, 'tls'> & {
  readonly tls?: { readonly certificate: string; readonly key: string };
};

interface ProxyFile extends Omit<ProxyOptions, 'listen'> {
  readonly listen?: FileListener | readonly FileListener[];
  readonly threads?: number;
  readonly drainMs?: number;
}

/** @throws ConfigError (by the promise) what is wrong with it, and where. @throws what reading it throws. */
export async function readProxyFile(file: string): Promise<ProxyConfig> {
  const document = await ConfigDocument.read(file);
  const value = document.value as ProxyFile;
  try {
    const { threads, drainMs } = valuesOf(PROXY_FILE, value, WHOLE);
    const rest = without(value, 'threads', 'drainMs');
    const all = [value.listen ?? []].flat() as readonly FileListener[];
    const options = { ...rest, listen: all.map((each, index) => listenerOf(each, `listen[${index}]`)) };
    return checkedProxy({ options, threads, drainMs });
  } catch (error) {
    throw document.errorOf(error as Error);
  }
}

/** @throws TypeError, RangeError what makes no sense, or does not fit together. */
export function checkedProxy({ options, threads, drainMs }: ProxyConfig): ProxyConfig {
  proxyPlan(options);
  const listen = [options.listen ?? []].flat() as readonly ProxyListenOptions[];
  if (listen.length === 0)
    throw new TypeError('listen: missing; allowed: { port }, { host, port }, { path }, or a list');
  if (threads === 1) return { options, threads, drainMs };
  listen.forEach(({ port = 0, path }, index) => {
    if (path === undefined && port > 0) return;
    throw new TypeError(
      `listen[${index}].port: missing; allowed with threads, each of which listens by itself: ports from 1`,
    );
  });
  return { options: { ...options, listen: listen.map(each => ({ ...each, reusePort: 'require' })) }, threads, drainMs };
}

function listenerOf({ tls, ...rest }: FileListener, name: string): ProxyListenOptions {
  if (tls === undefined) return rest;
  const { certificate, key } = tls;
  return {
    ...rest,
    tls: { cert: contentOf(certificate, `${name}.tls.certificate`), key: contentOf(key, `${name}.tls.key`) },
  };
}

function contentOf(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
}
