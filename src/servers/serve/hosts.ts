/** Which site answers for which host. */
import { openSite, type OnFailure, type Site } from './site.js';
import type { SiteOptions } from './site-options.js';

/** Opens a site for each host, and one for all others. @throws what `openSite` throws: none is left open. */
export async function openHosts(
  rest: SiteOptions,
  named: Readonly<Record<string, SiteOptions>>,
  onFailure: OnFailure,
): Promise<Hosts> {
  const sites = new Map<string, Site>();
  const hosts = new Hosts(await openSite(rest, onFailure), sites);
  try {
    for (const [name, options] of Object.entries(named)) sites.set(name, await openSite(options, onFailure));
  } catch (error) {
    await hosts.close();
    throw error;
  }
  return hosts;
}

/** The sites of a server. */
export class Hosts {
  constructor(
    private readonly rest: Site,
    private readonly named: ReadonlyMap<string, Site>,
  ) {}

  /** @param host in lower case, without a port. */
  siteOf(host: string): Site {
    const { named, rest } = this;
    if (named.size === 0) return rest;
    const site = named.get(host);
    if (site !== undefined) return site;
    // The longest name that has it below.
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const above = named.get(`*${host.slice(dot)}`);
      if (above !== undefined) return above;
    }
    return rest;
  }

  /** Closes them once all that they have begun to answer is answered. */
  async retire(): Promise<void> {
    await Promise.all([this.rest, ...this.named.values()].map(site => site.retire()));
  }

  async close(): Promise<void> {
    await Promise.all([this.rest, ...this.named.values()].map(site => site.close()));
  }
}
