/** What a server opens by its options, before it goes on with them. */
import process from 'node:process';
import type { OptionValues } from '../../base/options.js';
import { nextTick } from '../../base/runtime-functions.js';
import { listen, type Listener } from '../../index.js';
import { openAccessLog, type AccessLog } from '../http/access-log.js';
import type { HttpTimeoutValues } from '../http/http-options.js';
import type { Phase } from '../http/phases.js';
import { Certificate } from './certificate.js';
import { openHosts, type Hosts } from './hosts.js';
import { siteOptionsOf, type SERVER_OPTIONS, type ServedPlace, type StaticServerOptions } from './server-options.js';
import type { OnFailure } from './site.js';

type ServerValues = OptionValues<typeof SERVER_OPTIONS>;

/** A listener of the server, with the place of the options that it is for; undefined: of `listen()`. */
export interface Accepting {
  readonly listener: Listener;
  readonly place: ServedPlace | undefined;
}

type Placed = Accepting & { readonly place: ServedPlace };

/** What of the server that runs goes on. */
interface Kept {
  /** By the places of the options; undefined: that one is to be opened. */
  readonly kept: readonly (Placed | undefined)[];
  /** The log, perhaps to the same sink. */
  readonly inUse: AccessLog | undefined;
}

/** What is open of other options, and is not used yet. */
export class Renewal {
  hosts!: Hosts;
  certificate: Certificate | undefined = undefined;
  log: AccessLog | undefined = undefined;
  /** In the order of the options. */
  listeners: readonly Placed[] = [];
  private readonly opened: Listener[] = [];

  private constructor(readonly onFailure: OnFailure) {}

  /** @throws what `createStaticServer` throws: nothing is left open then. */
  static async open(options: StaticServerOptions, values: ServerValues, { kept, inUse }: Kept): Promise<Renewal> {
    const made = new Renewal(failureTold(values));
    try {
      await made.open(options, values, kept);
    } catch (failure) {
      await made.drop(inUse);
      throw failure;
    }
    return made;
  }

  /** Closes what was opened. */
  async drop(inUse: AccessLog | undefined): Promise<void> {
    const { hosts, certificate, log, opened } = this;
    certificate?.close();
    if (log?.sink !== inUse?.sink) log?.close();
    await Promise.all(opened.map(listener => listener.close()));
    await (hosts as Hosts | undefined)?.close();
  }

  private async open(options: StaticServerOptions, values: ServerValues, kept: Kept['kept']): Promise<void> {
    const { tls, accessLog, listen: places } = values;
    this.hosts = await openHosts(siteOptionsOf(options), values.hosts, this.onFailure);
    if (tls !== undefined) this.certificate = await Certificate.open(tls, this.onFailure);
    if (accessLog !== undefined) this.log = await openAccessLog(accessLog);
    for (const [index, place] of placesOf(places).entries()) {
      const listener = kept[index]?.listener ?? (await openPlace(place));
      if (kept[index] === undefined) this.opened.push(listener);
      this.listeners = [...this.listeners, { listener, place }];
    }
  }
}

export function isOfOptions(each: Accepting): each is Placed {
  return each.place !== undefined;
}

/** What it throws is its own trouble, and must not keep connections open. */
export function failureTold({ onError = warn }: Pick<ServerValues, 'onError'>): OnFailure {
  return failure => nextTick(onError, failure);
}

export function delaysOf({ idleMs, headMs, bodyMs, writeMs }: HttpTimeoutValues): Readonly<Record<Phase, number>> {
  return { idle: idleMs, head: headMs, body: bodyMs, write: writeMs };
}

export function placesOf(listen: ServerValues['listen'] = []): readonly ServedPlace[] {
  return [listen].flat();
}

/** Opens it, or takes the listener that is there. @throws what `listen` throws, by the promise. */
export async function openPlace({ listener, ...options }: ServedPlace): Promise<Listener> {
  return listener ?? listen(options);
}

function warn(failure: Error): void {
  process.emitWarning(failure.message, 'PolluxServerWarning');
}
