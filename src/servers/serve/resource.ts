/** What a name of a site stands for: a file in its forms, a directory, or nothing. */
import { IoError, open, type Directory, type DiskFile } from '../../index.js';
import { CODINGS, type Coding } from './content-coding.js';
import { ServedFile } from './served-file.js';

/** A file of a site, in the forms that it has: the first is the file as it is. */
export interface FileResource {
  readonly kind: 'file';
  readonly forms: readonly [ServedFile, ...ServedFile[]];
  /** What the files were when they were opened: equal for the same bytes. */
  readonly identity: string;
}

/** A file, a directory, or a name that is no file's and may not be told from one. */
export type Resource = FileResource | { readonly kind: 'directory' } | { readonly kind: 'absent' };

/** How files are read into resources. */
export interface ResourceRules {
  /** Files of up to so many bytes are kept in memory, and need no descriptor. */
  readonly smallBytes: number;
  /** Whether `name.br`, `name.gz` and `name.zst` are forms of `name`. */
  readonly precompressed: boolean;
  /** Fields of all responses with that file, each line with its end. */
  fieldsOf(name: string): string;
}

export const ABSENT: Resource = { kind: 'absent' };
const DIRECTORY: Resource = { kind: 'directory' };

/** What `open` says of names that lead to no file of the directory; all else is the server's own trouble. */
const NOT_THERE = /^E(NOENT|NOTDIR|INVAL|NXIO|XDEV|LOOP|ACCES|NAMETOOLONG)$/;
/** A file that was changed this shortly before may change again within what its time can tell. */
const SETTLED_MS = 2_000;

/**
 * Opens a file beneath a directory, with its compressed forms.
 *
 * @throws IoError EMFILE, EIO and what else is no answer about the name.
 */
export async function openResource(directory: Directory, name: string, rules: ResourceRules): Promise<Resource> {
  const opened = await openBeneath(directory, name);
  if (opened === 'absent') return ABSENT;
  if (opened === 'directory') return DIRECTORY;
  const forms: ServedFile[] = [];
  const identities: string[] = [];
  const files: [Coding, DiskFile][] = [['identity', opened]];
  try {
    if (rules.precompressed) await openSiblings(directory, name, files);
    const vary = files.length > 1 ? 'Vary: Accept-Encoding\r\n' : '';
    const fields = `${rules.fieldsOf(name)}${vary}`;
    for (const [coding, file] of files) {
      forms.push(await readForm(coding, file, fields, rules.smallBytes));
      identities.push(identityOf(file));
    }
  } catch (error) {
    // Those that were read are closed already; twice is allowed.
    await Promise.all(files.map(([, file]) => file.close()));
    throw error;
  }
  return { kind: 'file', forms: forms as [ServedFile], identity: identities.join() };
}

/** Frees what it holds. */
export function closeResource(resource: Resource): void {
  if (resource.kind === 'file') for (const form of resource.forms) form.close();
}

async function openBeneath(directory: Directory, name: string): Promise<DiskFile | 'directory' | 'absent'> {
  try {
    return await open(name, { beneath: directory });
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    if (error.code === 'EISDIR') return 'directory';
    if (NOT_THERE.test(error.code)) return 'absent';
    throw error;
  }
}

/** Adds the forms of the first file. Those that are older than it were made of another version, and are left out. */
async function openSiblings(directory: Directory, name: string, files: [Coding, DiskFile][]): Promise<void> {
  const { modifiedMs } = files[0][1].statAtOpen;
  for (const [ending, coding] of Object.entries(CODINGS)) {
    const file = await openBeneath(directory, `${name}${ending}`);
    if (typeof file === 'string') continue;
    if (Math.floor(file.statAtOpen.modifiedMs / 1000) < Math.floor(modifiedMs / 1000)) await file.close();
    else files.push([coding, file]);
  }
}

async function readForm(coding: Coding, file: DiskFile, fields: string, smallBytes: number): Promise<ServedFile> {
  const { sizeBytes, modifiedMs } = file.statAtOpen;
  let content: Buffer | undefined;
  if (sizeBytes <= smallBytes) {
    const bytes = Buffer.allocUnsafe(sizeBytes);
    const read = sizeBytes === 0 ? 0 : await file.readInto(bytes, 0);
    await file.close();
    // It was cut short in between: what is there now is the file.
    content = bytes.subarray(0, read);
  }
  return new ServedFile({
    coding,
    sizeBytes: content?.length ?? sizeBytes,
    etag: etagOf(file, coding),
    modifiedMs: Math.floor(modifiedMs / 1000) * 1000,
    content,
    file: content === undefined ? file : undefined,
    fields: coding === 'identity' ? fields : `${fields}Content-Encoding: ${coding}\r\n`,
  });
}

function etagOf({ statAtOpen }: DiskFile, coding: Coding): string {
  const { sizeBytes, modifiedMs } = statAtOpen;
  const version = `${sizeBytes.toString(36)}-${Math.round(modifiedMs * 1000).toString(36)}`;
  const tag = `"${coding === 'identity' ? version : `${version}-${coding}`}"`;
  return isSettled(modifiedMs) ? tag : `W/${tag}`;
}

function isSettled(modifiedMs: number): boolean {
  return Date.now() - modifiedMs > SETTLED_MS;
}

function identityOf({ statAtOpen }: DiskFile): string {
  const { device, inode, sizeBytes, modifiedMs, changedMs } = statAtOpen;
  return `${device}:${inode}:${sizeBytes}:${modifiedMs}:${changedMs}:${isSettled(modifiedMs)}`;
}
