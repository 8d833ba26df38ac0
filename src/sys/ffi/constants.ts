/** Numbers of the C headers that Node does not export, one column a platform. */
import { platform, type Platform } from './platform.js';

type Row = Partial<Record<Platform, number>>;

/** Picks this platform's number. -1 where the platform has no such thing. */
function pick(row: Row): number {
  return row[platform] ?? -1;
}

function bsd(value: number): Row {
  return { freebsd: value, openbsd: value, netbsd: value, darwin: value };
}

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = pick({ linux: 10, freebsd: 28, openbsd: 24, netbsd: 24, darwin: 30 });

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
/** Or-ed into the type of socket(2) and into accept4(2); -1 on macOS, which needs fcntl(2) instead. */
export const SOCK_NONBLOCK = pick({ linux: 0o4000, freebsd: 0x20000000, openbsd: 0x4000, netbsd: 0x20000000 });
export const SOCK_CLOEXEC = pick({ linux: 0o2000000, freebsd: 0x10000000, openbsd: 0x8000, netbsd: 0x10000000 });

export const SOL_SOCKET = pick({ linux: 1, ...bsd(0xffff) });
export const SO_REUSEADDR = pick({ linux: 2, ...bsd(4) });
export const SO_TYPE = pick({ linux: 3, ...bsd(0x1008) });
/** 1 for a socket that listens. */
export const SO_ACCEPTCONN = pick({ linux: 30, ...bsd(2) });
export const SO_ERROR = pick({ linux: 4, ...bsd(0x1007) });
export const SO_SNDBUF = pick({ linux: 7, ...bsd(0x1001) });
export const SO_RCVBUF = pick({ linux: 8, ...bsd(0x1002) });
export const SO_SNDLOWAT = pick({ linux: 19, ...bsd(0x1003) });
export const SO_RCVLOWAT = pick({ linux: 18, ...bsd(0x1004) });
export const SO_KEEPALIVE = pick({ linux: 9, ...bsd(8) });
/** macOS counts SO_LINGER in ticks; SO_LINGER_SEC is the one in seconds. */
export const SO_LINGER = pick({ linux: 13, ...bsd(0x80), darwin: 0x1080 });
/** Which processor a listener of several is for; negative where there is no such option. socket(7). */
export const SO_INCOMING_CPU = pick({ linux: 49 });
/**
 * Numbers of a socket, with that of datagrams that were dropped; negative where there is no such option. socket(7),
 * Linux 4.12.
 */
export const SO_MEMINFO = pick({ linux: 55 });
/** Puts a filter (classic BPF) on a socket, which its connections inherit, and takes it off. socket(7), Linux. */
export const SO_ATTACH_FILTER = pick({ linux: 26 });
export const SO_DETACH_FILTER = pick({ linux: 27 });
/**
 * The option that spreads connections over listeners. On FreeBSD that is SO_REUSEPORT_LB: plain SO_REUSEPORT does not.
 */
export const SO_REUSEPORT = pick({ linux: 15, ...bsd(0x200), freebsd: 0x10000 });
/** A listener's filter that keeps connections back until something came; macOS and OpenBSD have none. */
export const SO_ACCEPTFILTER = pick({ freebsd: 0x1000, netbsd: 0x1000 });
export const SO_NOSIGPIPE = pick({ darwin: 0x1022, netbsd: 0x800, freebsd: 0x800 });

export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
/** Linux: seconds for which a listener keeps a connection back until data came. */
export const TCP_DEFER_ACCEPT = pick({ linux: 9 });
export const TCP_KEEPIDLE = pick({ linux: 4, freebsd: 256, netbsd: 3, darwin: 0x10 });
export const TCP_KEEPINTVL = pick({ linux: 5, freebsd: 512, netbsd: 5, darwin: 0x101 });
export const TCP_KEEPCNT = pick({ linux: 6, freebsd: 1024, netbsd: 6, darwin: 0x102 });
/** Linux: a bind to an address leaves the choice of the port to connect(2), which knows more free ones. */
export const IP_BIND_ADDRESS_NO_PORT = pick({ linux: 24 });
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = pick({ linux: 26, ...bsd(27) });

/** How far datagrams go, and multicast. ip(7), ipv6(7), ip(4), ip6(4). */
export const SO_BROADCAST = pick({ linux: 6, ...bsd(0x20) });
export const IPPROTO_IP = 0;
export const IP_TTL = pick({ linux: 2, ...bsd(4) });
export const IP_MULTICAST_IF = pick({ linux: 32, ...bsd(9) });
export const IP_MULTICAST_TTL = pick({ linux: 33, ...bsd(10) });
export const IP_MULTICAST_LOOP = pick({ linux: 34, ...bsd(11) });
export const IP_ADD_MEMBERSHIP = pick({ linux: 35, ...bsd(12) });
export const IP_DROP_MEMBERSHIP = pick({ linux: 36, ...bsd(13) });
export const IPV6_UNICAST_HOPS = pick({ linux: 16, ...bsd(4) });
export const IPV6_MULTICAST_IF = pick({ linux: 17, ...bsd(9) });
export const IPV6_MULTICAST_HOPS = pick({ linux: 18, ...bsd(10) });
export const IPV6_MULTICAST_LOOP = pick({ linux: 19, ...bsd(11) });
export const IPV6_JOIN_GROUP = pick({ linux: 20, ...bsd(12) });
export const IPV6_LEAVE_GROUP = pick({ linux: 21, ...bsd(13) });

export const MSG_PEEK = 2;
export const MSG_DONTWAIT = pick({ linux: 0x40, ...bsd(0x80) });
/** 0 where SO_NOSIGPIPE does it: Node ignores SIGPIPE anyway, other runtimes may not. */
export const MSG_NOSIGNAL = Math.max(0, pick({ linux: 0x4000, freebsd: 0x20000, openbsd: 0x400, netbsd: 0x400 }));

/** In msg_flags: the datagram was longer than the memory for it. */
export const MSG_TRUNC = pick({ linux: 0x20, ...bsd(0x10) });

/** More follows at once: the kernel may hold a packet that is not full. 0 where there is no such flag. */
export const MSG_MORE = Math.max(0, pick({ linux: 0x8000 }));

export const SHUT_RD = 0;
export const SHUT_WR = 1;

export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = pick({ linux: 1030, freebsd: 17, openbsd: 10, netbsd: 12, darwin: 67 });
/** Capacity of a pipe in bytes, rounded up to a power of two pages. */
export const F_SETPIPE_SZ = pick({ linux: 1031 });
export const F_GETPIPE_SZ = pick({ linux: 1032 });
export const FD_CLOEXEC = 1;
export const O_ACCMODE = 3;
export const O_NONBLOCK = pick({ linux: 0o4000, ...bsd(4) });
export const O_CLOEXEC = pick({
  linux: 0o2000000,
  freebsd: 0x100000,
  openbsd: 0x10000,
  netbsd: 0x400000,
  darwin: 0x1000000,
});
