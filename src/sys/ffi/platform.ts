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

/** Which runtime this is: all of them say that they are Node as well. */
export const runtimeName: 'node' | 'bun' | 'deno' =
  process.versions.bun !== undefined ? 'bun' : process.versions.deno !== undefined ? 'deno' : 'node';

export const runtimeVersion: string = process.versions[runtimeName]!;

/** 'Node 20.20.2', 'Bun 1.4.5' or 'Deno 2.9.6' */
export const runtime = `${runtimeName[0].toUpperCase()}${runtimeName.slice(1)} ${runtimeVersion}`;
