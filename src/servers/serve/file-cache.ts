/** Resources of a site by their names, as they were a moment ago: bounded, and asked for anew when they have an age. */
import { bytesAtMost, integer, milliseconds, type OptionTable, type OptionValues } from '../../base/options.js';
import { monotonicMs } from '../../base/runtime-functions.js';
import { closeResource, type Resource } from './resource.js';

/** How much is kept of files that were served, and for how long. */
export interface FileCacheOptions {
  /**
   * For how long what is known of a file is used without asking the system: a change is seen this much later. Default 1
   * s.
   */
  readonly freshMs?: number;
  /** How many names are kept, each with up to four descriptors. Default 1,000. */
  readonly maxFiles?: number;
  /** Of content in memory. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Files of up to so many bytes are kept in memory and sent with their head in one call. Default 64 KiB. */
  readonly smallBytes?: number;
}

export const FILE_CACHE_OPTIONS = {
  freshMs: milliseconds(1_000),
  maxFiles: integer(1, 1_000_000, 1_000),
  maxBytes: bytesAtMost('no limit', 32 * 1024 * 1024),
  smallBytes: integer(0, 1024 * 1024, 64 * 1024),
} satisfies OptionTable<FileCacheOptions>;

export type FileCacheValues = OptionValues<typeof FILE_CACHE_OPTIONS>;

interface Entry {
  resource: Resource;
  freshUntilMs: number;
  /** Asked for since the last search for room. */
  isUsed: boolean;
  readonly bytes: number;
}

/** The resources of one site. */
export class FileCache {
  private readonly entries = new Map<string, Entry>();
  private readonly loading = new Map<string, Promise<Resource>>();
  private bytes = 0;
  private isClosed = false;

  constructor(
    private readonly options: FileCacheValues,
    private readonly open: (name: string) => Promise<Resource>,
  ) {}

  /** How many names are kept. */
  get size(): number {
    return this.entries.size;
  }

  /** @returns undefined: `load` it. */
  fresh(name: string): Resource | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined || entry.freshUntilMs < monotonicMs()) return undefined;
    entry.isUsed = true;
    return entry.resource;
  }

  /** Asks the system. All that ask meanwhile get the same answer. @throws what opening throws. */
  load(name: string): Promise<Resource> {
    let loading = this.loading.get(name);
    if (loading === undefined) {
      loading = this.reload(name).finally(() => this.loading.delete(name));
      this.loading.set(name, loading);
    }
    return loading;
  }

  /** Forgets a name: the file is not what it was. */
  drop(name: string): void {
    const entry = this.entries.get(name);
    if (entry === undefined) return;
    this.entries.delete(name);
    this.bytes -= entry.bytes;
    closeResource(entry.resource);
  }

  /** Forgets all. Transfers that are under way come to their end. */
  close(): void {
    this.isClosed = true;
    for (const name of [...this.entries.keys()]) this.drop(name);
  }

  private async reload(name: string): Promise<Resource> {
    const resource = await this.open(name);
    const known = this.entries.get(name);
    const freshUntilMs = monotonicMs() + this.options.freshMs;
    if (known?.resource.kind === 'file' && resource.kind === 'file' && known.resource.identity === resource.identity) {
      closeResource(resource);
      known.freshUntilMs = freshUntilMs;
      return known.resource;
    }
    this.drop(name);
    this.keep(name, { resource, freshUntilMs, isUsed: false, bytes: bytesOf(name, resource) });
    return resource;
  }

  private keep(name: string, entry: Entry): void {
    this.entries.set(name, entry);
    this.bytes += entry.bytes;
    const { maxFiles, maxBytes } = this.options;
    // What was asked for since is passed over once.
    for (const [oldest, { isUsed }] of this.entries) {
      if (oldest === name || (this.entries.size <= maxFiles && this.bytes <= maxBytes)) break;
      if (isUsed) this.moveBehind(oldest);
      else this.drop(oldest);
    }
    // Nobody is left to close it: it is as if it had been forgotten already.
    if (this.isClosed) this.drop(name);
  }

  private moveBehind(name: string): void {
    const entry = this.entries.get(name)!;
    this.entries.delete(name);
    this.entries.set(name, { ...entry, isUsed: false });
  }
}

/** Memory of an entry, by and large: also of one that says that there is nothing. */
function bytesOf(name: string, resource: Resource): number {
  const own = 200 + name.length;
  if (resource.kind !== 'file') return own;
  return resource.forms.reduce((sum, { content }) => sum + 1_000 + (content?.length ?? 0), own);
}
