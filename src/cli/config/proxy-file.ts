/** The configuration file of `pollux proxy`. */
import { readFileSync } from 'node:fs';
import { integer, milliseconds, nested, requiredText, valuesOf } from '../../base/options.js';
import { ifGiven, oneOrMore } from '../../base/option-lists.js';
import type { ProxyOptions } from '../../servers.js';
import { LISTEN_OPTIONS } from '../../servers/proxy/listeners/listen-options.js';
import { PROXY_OPTIONS, proxyPlan } from '../../servers/proxy/proxy-options.js';
import type { ProxyConfig, ProxyPlace } from '../proxy/config.js';
import { checkInherited, INHERITED, MOST_THREADS, NOWHERE } from './both-files.js';
import { ConfigDocument, WHOLE } from './document.js';
import { without } from './without.js';

const CERTIFICATE = { certificate: requiredText('a file in PEM'), key: requiredText('a file in PEM') };

/** What the file may say: the options of `createProxy`, and those of the command. TLS is by the names of files. */
export const PROXY_FILE = {
  ...without(PROXY_OPTIONS, 'onEnd', 'onError'),
  listen: oneOrMore(
    nested({ ...without(LISTEN_OPTIONS, 'fd', 'listener'), inherited: INHERITED, tls: ifGiven(nested(CERTIFICATE)) }),
  ),
  threads: integer(1, MOST_THREADS, 1),
  drainMs: milliseconds(30_000),
};

type FileListener = Omit<ProxyPlace, 'tls'> & { readonly tls?: { readonly certificate: string; readonly key: string } };

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
    const options = without(value, 'listen', 'threads', 'drainMs');
    const all = [value.listen ?? []].flat() as readonly FileListener[];
    const places = all.map((each, index) => placeOf(each, `listen[${index}]`));
    return checkedProxy({ options, places, threads, drainMs });
  } catch (error) {
    throw document.errorOf(error as Error);
  }
}

/** @throws TypeError, RangeError what makes no sense, or does not fit together. */
export function checkedProxy({ options, places, threads, drainMs }: ProxyConfig): ProxyConfig {
  proxyPlan({ ...options, listen: places.map(place => without(place, 'inherited')) });
  if (places.length === 0) throw new TypeError(NOWHERE);
  places.forEach((place, index) => checkInherited(place, threads, `listen[${index}]`));
  if (threads === 1) return { options, places, threads, drainMs };
  places.forEach(({ port = 0, path }, index) => {
    if (path === undefined && port > 0) return;
    const allowed = 'with threads, each of which listens by itself: ports from 1';
    throw new TypeError(`listen[${index}].port: missing; allowed ${allowed}`);
  });
  return { options, places: places.map(each => ({ ...each, reusePort: 'require' })), threads, drainMs };
}

function placeOf({ tls, ...rest }: FileListener, name: string): ProxyPlace {
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
