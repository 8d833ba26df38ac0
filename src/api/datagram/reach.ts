/**
 * How far the datagrams of a socket go, and which groups it belongs to: `DatagramSocket`'s multicast, broadcast and
 * TTL.
 */
import { isIP } from 'node:net';
import { checkBoolean, checkInteger, shown } from '../../base/arguments.js';
import { IoError } from '../../sys/ffi/io-error.js';
import {
  findInterface,
  setBroadcast,
  setMembership,
  setMulticastInterface,
  setMulticastLoopback,
  setMulticastTtl,
  setTtl,
  type GroupAddress,
  type NetworkInterface,
} from '../../sys/socket/multicast.js';
import type { Address, InternetAddress } from '../../sys/socket/sockaddr.js';
import { openFd, type SocketPart } from '../socket/socket.js';

/**
 * The methods of a UDP socket for more than one receiver. All throw IoError EBADF: it is closed; ENOTSUP: a Unix
 * socket.
 */
export interface DatagramReach {
  /**
   * Joins a multicast group: what is sent to the group and to the socket's port is received from now on. Bind to the
   * port of the group, and to no host. ip(7), ipv6(7).
   *
   *     const socket = await bindDatagram({ host: '0.0.0.0', port: 5353 });
   *     socket.addMembership('224.0.0.251', 'eth0');
   *
   * @param group an IPv4 or IPv6 multicast address.
   * @param at the interface to receive by: its name, or one of its addresses. Left out, the system chooses by its
   *   routes.
   * @throws TypeError no multicast address; an interface that this machine does not have, or without an address of the
   *   family.
   * @throws IoError EADDRINUSE: it belongs to the group; ENODEV: there is no route to the group; ENOBUFS: it is in too
   *   many.
   */
  addMembership(group: string, at?: string): void;
  /**
   * Leaves a multicast group, as it was joined. Closing the socket leaves all of its groups.
   *
   * @throws TypeError as `addMembership`. @throws IoError EADDRNOTAVAIL: it does not belong to the group.
   */
  dropMembership(group: string, at?: string): void;
  /**
   * The interface that sends to groups: its name, or one of its addresses; undefined lets the system choose.
   * @throws TypeError, IoError
   */
  setMulticastInterface(at: string | undefined): void;
  /**
   * Through how many routers datagrams to groups go, plus one: 1 stays in the network. Default 1.
   * @throws RangeError, IoError
   */
  setMulticastTtl(hops: number): void;
  /** Whether members on this machine get what is sent to groups here. Default true. @throws TypeError, IoError */
  setMulticastLoopback(enable: boolean): void;
  /**
   * Through how many routers other datagrams go, plus one. Default: the system's, mostly 64.
   * @throws RangeError, IoError
   */
  setTtl(hops: number): void;
  /**
   * Whether it may send to broadcast addresses, such as 255.255.255.255: otherwise EACCES. Default false.
   * @throws TypeError, IoError
   */
  setBroadcast(enable: boolean): void;
}

interface ReachPart extends SocketPart {
  readonly address: Address;
}

const methods: DatagramReach & ThisType<ReachPart> = {
  addMembership(group, at): void {
    changeMembership(this, 'join', group, at);
  },
  dropMembership(group, at): void {
    changeMembership(this, 'leave', group, at);
  },
  setMulticastInterface(at): void {
    const family = familyOf(this);
    setMulticastInterface(openFd(this), family, at === undefined ? undefined : interfaceOf(at, family));
  },
  setMulticastTtl(hops): void {
    checkInteger('hops', hops, 0, 255);
    setMulticastTtl(openFd(this), familyOf(this), hops);
  },
  setMulticastLoopback(enable): void {
    checkBoolean('enable', enable);
    setMulticastLoopback(openFd(this), familyOf(this), enable);
  },
  setTtl(hops): void {
    checkInteger('hops', hops, 1, 255);
    setTtl(openFd(this), familyOf(this), hops);
  },
  setBroadcast(enable): void {
    checkBoolean('enable', enable);
    familyOf(this);
    setBroadcast(openFd(this), enable);
  },
};

/** Gives them to the objects of a class. */
export function addReachMethods(prototype: ReachPart): void {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(methods))) {
    Object.defineProperty(prototype, name, { ...property, enumerable: false });
  }
}

function changeMembership(socket: ReachPart, change: 'join' | 'leave', group: string, at: string | undefined): void {
  familyOf(socket);
  const target = groupOf(group);
  const through = at === undefined ? undefined : interfaceOf(at, target.family);
  setMembership(openFd(socket), change, target, through);
}

/** @throws IoError ENOTSUP */
function familyOf({ address }: ReachPart): InternetAddress['family'] {
  if (address.family !== 'unix') return address.family;
  throw new IoError('ENOTSUP', 'setsockopt', address.path, 'it is a Unix socket; allowed: UDP sockets');
}

function groupOf(group: string): GroupAddress {
  const version = typeof group === 'string' ? isIP(group) : 0;
  const isGroup = version === 4 ? /^2(2[4-9]|3\d)\./.test(group) : version === 6 && /^ff/i.test(group);
  if (!isGroup || group.includes('%')) {
    throw new TypeError(
      `group: ${shown(group)}; allowed: addresses from 224.0.0.0 to 239.255.255.255, and of ff00::/8`,
    );
  }
  return { family: version === 4 ? 'ipv4' : 'ipv6', address: group };
}

function interfaceOf(at: string, family: InternetAddress['family']): NetworkInterface {
  const found = typeof at === 'string' ? findInterface(at) : undefined;
  if (found === undefined) {
    throw new TypeError(`interface: ${shown(at)}; allowed: the name or an address of an interface of this machine`);
  }
  if (family === 'ipv4' && found.ipv4 === undefined) {
    throw new TypeError(`interface: ${shown(at)}; allowed: interfaces with an IPv4 address`);
  }
  return found;
}
