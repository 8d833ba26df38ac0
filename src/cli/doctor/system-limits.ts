/** The limits that bite a program of many descriptors: what each is here, what it stops, and how to raise it. */
import { kernelSetting, localPorts, resourceLimit } from '../../sys/process/resource-limits.js';
import { platform, type Platform } from '../../sys/ffi/platform.js';

export interface LimitFinding {
  /** The system's own name of it: 'nofile', 'net.core.somaxconn'. */
  readonly name: string;
  /** null: no bound, or unknown where `status` says so. Ranges count their members. */
  readonly value: number | null;
  readonly unit: string;
  /** 'warn': below what thousands of connections need. 'unknown': this system does not tell. */
  readonly status: 'ok' | 'warn' | 'unknown';
  /** What it stops. */
  readonly effect: string;
  /** A command that raises it; null where nothing needs to be done. */
  readonly fix: string | null;
}

interface Limit {
  readonly name: string;
  readonly unit: string;
  readonly effect: string;
  /** Less than this is worth a warning: libiapp's 32,768 connections are the measure. */
  readonly wanted: number;
  readonly fix: string;
  /** undefined: unknown. Infinity: no bound. */
  read(): number | undefined;
}

const setting = (name: string) => kernelSetting(name)?.[0];
const last = (name: string) => kernelSetting(name)?.at(-1);

/** 0 stands for no bound in the kernel's pipe quotas. */
function quota(name: string): number | undefined {
  const value = setting(name);
  return value === 0 ? Infinity : value;
}

const ofProcess: readonly Limit[] = [
  {
    name: 'nofile',
    unit: 'descriptors',
    effect: 'open descriptors of a process: connections, listeners and files together (EMFILE)',
    wanted: 65_536,
    fix: `ulimit -Hn 1048576 && ulimit -n 1048576 (as root, or ${
      platform === 'linux'
        ? 'in /etc/security/limits.conf; LimitNOFILE= under systemd'
        : 'openfiles of the login class in /etc/login.conf, then cap_mkdb /etc/login.conf'
    })`,
    read: () => resourceLimit('openFiles').soft,
  },
  {
    name: 'memlock',
    unit: 'bytes',
    effect: 'memory that the kernel pins: buffers registered with an io_uring',
    wanted: 8 * 1024 * 1024,
    fix: 'ulimit -l unlimited (as root, or in /etc/security/limits.conf; LimitMEMLOCK= under systemd)',
    read: () => resourceLimit('lockedMemory').soft,
  },
];

const ofLinux: readonly Limit[] = [
  {
    name: 'net.core.somaxconn',
    unit: 'connections',
    effect: 'connections that wait to be accepted on one listener; more are dropped and tried again a second later',
    wanted: 1024,
    fix: 'sysctl -w net.core.somaxconn=4096',
    read: () => setting('net.core.somaxconn'),
  },
  {
    name: 'net.ipv4.ip_local_port_range',
    unit: 'ports',
    effect: 'connections from one local address to one remote address and port (EADDRNOTAVAIL)',
    wanted: 16_384,
    fix: 'sysctl -w net.ipv4.ip_local_port_range="1024 65535"',
    read: localPorts,
  },
  {
    name: 'net.ipv4.tcp_mem',
    unit: 'pages',
    effect: 'memory of all TCP buffers of the machine; beyond it they shrink and connections stall',
    wanted: 65_536,
    fix: 'sysctl -w net.ipv4.tcp_mem="262144 393216 524288"',
    read: () => last('net.ipv4.tcp_mem'),
  },
  {
    name: 'fs.epoll.max_user_watches',
    unit: 'registrations',
    effect: 'descriptors in all epoll instances of one user (ENOSPC)',
    wanted: 65_536,
    fix: 'sysctl -w fs.epoll.max_user_watches=1048576',
    read: () => setting('fs.epoll.max_user_watches'),
  },
  {
    name: 'fs.inotify.max_user_instances',
    unit: 'queues',
    effect: 'queues of changes of all programs of one user; up to 128 files share one here (EMFILE)',
    wanted: 128,
    fix: 'sysctl -w fs.inotify.max_user_instances=1024',
    read: () => setting('fs.inotify.max_user_instances'),
  },
  {
    name: 'fs.pipe-max-size',
    unit: 'bytes',
    effect: 'size of one pipe, through which splice moves bytes (EPERM)',
    wanted: 1024 * 1024,
    fix: 'sysctl -w fs.pipe-max-size=1048576',
    read: () => setting('fs.pipe-max-size'),
  },
  {
    name: 'fs.pipe-user-pages-soft',
    unit: 'pages',
    effect: 'memory of all pipes of one user; beyond it new pipes have a page or two and can not grow (EPERM)',
    wanted: 16_384,
    fix: 'sysctl -w fs.pipe-user-pages-soft=262144',
    read: () => quota('fs.pipe-user-pages-soft'),
  },
  {
    name: 'fs.pipe-user-pages-hard',
    unit: 'pages',
    effect: 'memory of all pipes of one user; beyond it pipe(2) fails (ENFILE)',
    wanted: 16_384,
    fix: 'sysctl -w fs.pipe-user-pages-hard=0 (no bound)',
    read: () => quota('fs.pipe-user-pages-hard'),
  },
];

/** FreeBSD has named it anew. */
const ACCEPT_QUEUE = platform === 'freebsd' ? 'kern.ipc.soacceptqueue' : 'kern.ipc.somaxconn';

const ofBsd: readonly Limit[] = [
  {
    name: ACCEPT_QUEUE,
    unit: 'connections',
    effect: 'connections that wait to be accepted on one listener; more are dropped',
    wanted: 1024,
    fix: `sysctl ${ACCEPT_QUEUE}=4096`,
    read: () => setting(ACCEPT_QUEUE),
  },
  {
    name: 'net.inet.ip.portrange',
    unit: 'ports',
    effect: 'connections from one local address to one remote address and port (EADDRNOTAVAIL)',
    wanted: 16_384,
    fix: 'sysctl net.inet.ip.portrange.first=1024',
    read: localPorts,
  },
  {
    name: 'kern.maxfilesperproc',
    unit: 'descriptors',
    effect: 'what `ulimit -n` can be raised to',
    wanted: 65_536,
    fix: 'sysctl kern.maxfilesperproc=1048576',
    read: () => setting('kern.maxfilesperproc'),
  },
];

const ofFreebsd: readonly Limit[] = [
  ...ofBsd,
  {
    name: 'kern.ipc.maxsockbuf',
    unit: 'bytes',
    effect: 'the largest buffer of a socket; what asks for more gets as much as this allows',
    wanted: 2 * 1024 * 1024,
    fix: 'sysctl kern.ipc.maxsockbuf=16777216',
    read: () => setting('kern.ipc.maxsockbuf'),
  },
  {
    name: 'kern.kq_calloutmax',
    unit: 'timers',
    effect: 'timers of all kqueues of the machine (ENOMEM); timers of the reactor are none of these',
    wanted: 4096,
    fix: 'sysctl kern.kq_calloutmax=65536',
    read: () => setting('kern.kq_calloutmax'),
  },
];

const bySystem: Partial<Record<Platform, readonly Limit[]>> = { linux: ofLinux, freebsd: ofFreebsd };

export function examineLimits(): LimitFinding[] {
  return [...ofProcess, ...(bySystem[platform] ?? ofBsd)].map(examine);
}

function examine({ name, unit, effect, wanted, fix, read }: Limit): LimitFinding {
  const value = read();
  if (value === undefined) return { name, value: null, unit, status: 'unknown', effect, fix: null };
  if (value >= wanted) return { name, value: value === Infinity ? null : value, unit, status: 'ok', effect, fix: null };
  return { name, value, unit, status: 'warn', effect, fix };
}
