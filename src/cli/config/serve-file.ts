/** The configuration file of `pollux serve`. */
import { nested, integer, milliseconds, oneOf, valuesOf } from '../../base/options.js';
import { oneOrMore } from '../../base/option-lists.js';
import type { StaticServerOptions } from '../../servers.js';
import { atLeastOne } from '../../servers/proxy/limits/most.js';
import { PLACE_OPTIONS } from '../../servers/places/place-options.js';
import { SERVER_OPTIONS } from '../../servers/serve/server-options.js';
import type { ServeAccept, ServeConfig, ServePlace } from '../serve/config.js';
import { checkInherited, INHERITED, MOST_THREADS, NOWHERE } from './both-files.js';
import { ConfigDocument, WHOLE } from './document.js';
import { without } from './without.js';

export const SERVE_ACCEPTS = ['reuseport', 'exclusive', 'acceptor'] as const;

/** What the file may say: the options of `createStaticServer`, and those of the command. */
export const SERVE_FILE = {
  ...without(SERVER_OPTIONS, 'onError'),
  listen: oneOrMore(
    nested({ ...without(PLACE_OPTIONS, 'fd', 'listener'), inherited: INHERITED, maxConnections: atLeastOne }),
  ),
  threads: integer(1, MOST_THREADS, 1),
  accept: oneOf(SERVE_ACCEPTS, 'reuseport'),
  drainMs: milliseconds(10_000),
};

interface ServeFile extends Omit<StaticServerOptions, 'listen'> {
  readonly listen?: ServePlace | readonly ServePlace[];
  readonly threads?: number;
  readonly accept?: ServeAccept;
  readonly drainMs?: number;
}

/** @throws ConfigError (by the promise) what is wrong with it, and where. @throws what reading it throws. */
export async function readServeFile(file: string): Promise<ServeConfig> {
  const document = await ConfigDocument.read(file);
  const value = document.value as ServeFile;
  try {
    const { threads, accept, drainMs } = valuesOf(SERVE_FILE, value, WHOLE);
    const options = without(value, 'listen', 'threads', 'accept', 'drainMs');
    const places = [value.listen ?? []].flat() as readonly ServePlace[];
    return checked({ options, places, threads, accept, drainMs });
  } catch (error) {
    throw document.errorOf(error as Error);
  }
}

/** @throws TypeError what does not fit together. */
function checked(config: ServeConfig): ServeConfig {
  const { places, threads, accept } = config;
  if (places.length === 0) throw new TypeError(NOWHERE);
  places.forEach((place, index) => {
    const { path, maxConnections } = place;
    const name = `listen[${index}]`;
    checkInherited(place, threads, name);
    if (threads === 1) return;
    if (maxConnections !== undefined) {
      throw new TypeError(`${name}.maxConnections: given beside threads; allowed: one of the two`);
    }
    if (path !== undefined && accept === 'reuseport') {
      throw new TypeError(`${name}.path: given beside accept: 'reuseport'; allowed with it: ports`);
    }
  });
  return config;
}
