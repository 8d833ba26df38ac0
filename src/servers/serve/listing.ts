/** A list of what is in a directory: a page, or JSON. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Dirent } from 'node:fs';
import { listingPage, type ListedEntry } from './listing-page.js';

/** Which requests get a list, and what may be on it. */
export interface ListingRequest {
  readonly dotFiles: 'allow' | 'deny';
  /** `Accept` of the request. */
  readonly accept: string;
}

/** More are left out, and the list says so. */
const MOST_ENTRIES = 5_000;

/**
 * Lists a directory below another.
 *
 * @param root of the site. @param name below it, with a slash at its end; '' for the root itself.
 * @returns a body and its type.
 */
export async function listDirectory(
  root: string,
  name: string,
  { dotFiles, accept }: ListingRequest,
): Promise<{ readonly type: string; readonly body: string }> {
  const top = await realpath(root);
  const entries = await entriesOf(top, await realpath(join(top, name)), dotFiles);
  if (/application\/json/.test(accept) && !/text\/html/.test(accept)) {
    return { type: 'application/json; charset=utf-8', body: `${JSON.stringify(entries)}\n` };
  }
  return { type: 'text/html; charset=utf-8', body: listingPage(`/${name}`, entries, entries.length === MOST_ENTRIES) };
}

async function entriesOf(top: string, folder: string, dotFiles: 'allow' | 'deny'): Promise<ListedEntry[]> {
  if (!isWithin(top, folder)) return [];
  const all = await readdir(folder, { withFileTypes: true });
  const shown = all.filter(({ name }) => dotFiles === 'allow' || !name.startsWith('.')).slice(0, MOST_ENTRIES);
  const described = await Promise.all(shown.map(entry => describe(top, folder, entry)));
  const listed = described.filter(entry => entry !== undefined);
  return listed.sort((a, b) => (a.kind === b.kind ? (a.name < b.name ? -1 : 1) : a.kind === 'directory' ? -1 : 1));
}

/** @returns undefined for what is not served: links that lead out, devices, and what has gone meanwhile. */
async function describe(top: string, folder: string, entry: Dirent): Promise<ListedEntry | undefined> {
  try {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() && !isWithin(top, await realpath(path))) return undefined;
    const { size, mtimeMs, ...stats } = await stat(path).then(each => ({
      size: each.size,
      mtimeMs: each.mtimeMs,
      isFile: each.isFile(),
      isDirectory: each.isDirectory(),
    }));
    if (!stats.isFile && !stats.isDirectory) return undefined;
    const kind = stats.isFile ? 'file' : 'directory';
    return { name: entry.name, kind, sizeBytes: kind === 'file' ? size : 0, modifiedMs: Math.floor(mtimeMs) };
  } catch (error) {
    if (/^E(NOENT|ACCES|LOOP)$/.test((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function isWithin(top: string, path: string): boolean {
  return path === top || path.startsWith(top.endsWith(sep) ? top : top + sep);
}
