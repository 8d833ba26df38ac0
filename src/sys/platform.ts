/** Frozen facts about the machine that this process runs on. */
import os from 'node:os';
import process from 'node:process';

export type Platform = 'linux' | 'freebsd' | 'openbsd' | 'netbsd' | 'darwin' | 'unsupported';

const KNOWN: readonly Platform[] = ['linux', 'freebsd', 'openbsd', 'netbsd', 'darwin'];

/** The kernel's family; 'unsupported' where Pollux has no backend, Windows among them. */
export const platform: Platform = KNOWN.find(name => name === (process.platform as string)) ?? 'unsupported';

/** The processor as Node names it: 'x64', 'arm64'. Layouts depend on it. */
export const arch: string = process.arch;

/** Whether the socket address starts with a length byte (4.4BSD) or with a 16-bit family (Linux). */
export const hasSockaddrLength = platform !== 'linux';

/** 'Linux 6.18.1' */
export const kernelRelease = `${os.type()} ${os.release()}`;

/** 'Node 20.20.2' or 'Bun 1.4.5' */
export const runtime = process.versions.bun ? `Bun ${process.versions.bun}` : `Node ${process.versions.node}`;

/** Whether this thread lives in libuv's loop, which Node exports and Bun has not. */
export const hasLibuv = process.versions.bun === undefined && process.versions.uv !== undefined;
