/** What `pollux self-test` checks, area by area. */
import { backendFactory } from '../../backends/registry.js';
import type { Check, PartOrder } from './check.js';
import { conformanceChecks } from './checks/conformance.js';
import { labChecks } from './checks/lab.js';
import { recordingChecks } from './checks/recordings.js';

interface Area {
  readonly about: string;
  /** Whether it is checked on each backend. */
  readonly isPerBackend: boolean;
  /** Whether nothing else may run meanwhile: where answers hang on time. */
  readonly runsAlone?: boolean;
  /** Loaded where it is run: the command itself needs none of it. */
  checks(order: PartOrder): readonly Check[] | Promise<readonly Check[]>;
}

const smoke = (about: string, load: () => Promise<readonly Check[]>): Area => ({
  about,
  isPerBackend: true,
  checks: load,
});

const areas: Readonly<Record<string, Area>> = {
  conformance: {
    about: 'the scenarios of the backend contract',
    isPerBackend: true,
    checks: ({ backend }) => conformanceChecks(backendFactory(backend!)),
  },
  recordings: {
    about: 'what kernels were recorded to answer, against this kernel',
    isPerBackend: false,
    runsAlone: true,
    checks: recordingChecks,
  },
  lab: { about: 'random programs, judged by the contract', isPerBackend: true, checks: labChecks },
  streams: smoke('connections and listeners', async () => (await import('./smoke/streams.js')).streams),
  files: smoke('files on disks', async () => (await import('./smoke/files.js')).files),
  transfers: smoke(
    'sendFile, join and copy, by each path',
    async () => (await import('./smoke/transfers.js')).transfers,
  ),
  datagrams: smoke('UDP and Unix datagrams', async () => (await import('./smoke/datagrams.js')).datagrams),
  events: smoke(
    'timers, signals, processes, files, descriptors',
    async () => (await import('./smoke/events.js')).events,
  ),
  threads: smoke('workers and messages', async () => (await import('./smoke/threads.js')).threads),
  accept: smoke('accept models', async () => (await import('./smoke/accept.js')).acceptModels),
  node: smoke("streams, HTTP and TLS of the runtime's own", async () => (await import('./smoke/node.js')).node),
  servers: smoke('the file server and the proxy', async () => (await import('./smoke/servers.js')).servers),
};

export const areaNames: readonly string[] = Object.keys(areas);

export function isPerBackend(area: string): boolean {
  return areas[area].isPerBackend;
}

export function runsAlone(area: string): boolean {
  return areas[area].runsAlone === true;
}

/** 'conformance   the scenarios of the backend contract', a line an area. */
export function areasText(): string {
  const width = Math.max(...areaNames.map(name => name.length));
  return areaNames.map(name => `  ${name.padEnd(width)}  ${areas[name].about}`).join('\n');
}

export async function checksOf(order: PartOrder): Promise<readonly Check[]> {
  return areas[order.area].checks(order);
}
