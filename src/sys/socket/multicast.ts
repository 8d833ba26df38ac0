/** Options of datagram sockets for many receivers: multicast groups, broadcast, and how far a datagram travels. */
import { networkInterfaces } from 'node:os';
import {
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_UNICAST_HOPS,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TTL,
  SOL_SOCKET,
  SO_BROADCAST,
} from '../ffi/constants.js';
import { declare } from '../ffi/libc.js';
import { addressBytes, type InternetAddress } from './sockaddr.js';
import { setOption } from './socket.js';

type Family = InternetAddress['family'];

/** if_nametoindex(3): 0 for a name that no interface has. */
const if_nametoindex = declare<(name: string) => number>('if_nametoindex', 'uint', ['str']);

/** An interface of this machine, by its name or one of its addresses. */
export interface NetworkInterface {
  readonly name: string;
  /** For IPv6 calls. */
  readonly index: number;
  /** For IPv4 calls; undefined where it has none. */
  readonly ipv4: string | undefined;
}

/** @returns undefined: this machine has no such interface. */
export function findInterface(nameOrAddress: string): NetworkInterface | undefined {
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    const ofFamily = addresses.find(({ family }) => family === 'IPv4')?.address;
    const asked = addresses.find(({ address }) => address === nameOrAddress);
    if (name !== nameOrAddress && asked === undefined) continue;
    return { name, index: if_nametoindex(name), ipv4: asked?.family === 'IPv4' ? asked.address : ofFamily };
  }
  // One without an address is not in that list.
  const index = if_nametoindex(nameOrAddress);
  return index === 0 ? undefined : { name: nameOrAddress, index, ipv4: undefined };
}

/**
 * Joins a multicast group, or leaves it.
 *
 * @param at undefined leaves the choice of the interface to the system.
 * @throws IoError EADDRINUSE: joined already; EADDRNOTAVAIL: not joined; ENODEV: no interface for it;
 *   ENOBUFS: too many groups.
 */
export function setMembership(fd: number, change: 'join' | 'leave', group: GroupAddress, at?: NetworkInterface): void {
  if (group.family === 'ipv4') {
    // struct ip_mreq: the group, and an address of the interface.
    const request = Buffer.concat([addressBytes(group.address), addressBytes(at?.ipv4 ?? '0.0.0.0')]);
    setOption(fd, IPPROTO_IP, change === 'join' ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, request);
    return;
  }
  // struct ipv6_mreq: the group, and the index of the interface.
  const request = Buffer.concat([addressBytes(group.address), indexBytes(at?.index ?? 0)]);
  setOption(fd, IPPROTO_IPV6, change === 'join' ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, request);
}

export interface GroupAddress {
  readonly family: Family;
  readonly address: string;
}

/** By which interface datagrams to groups leave; undefined leaves the choice to the system. @throws IoError */
export function setMulticastInterface(fd: number, family: Family, at?: NetworkInterface): void {
  if (family === 'ipv4') setOption(fd, IPPROTO_IP, IP_MULTICAST_IF, addressBytes(at?.ipv4 ?? '0.0.0.0'));
  else setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, at?.index ?? 0);
}

/** Through how many routers a datagram to a group goes, plus one. @throws IoError */
export function setMulticastTtl(fd: number, family: Family, hops: number): void {
  // Of one byte: the BSDs take no other length.
  if (family === 'ipv4') setOption(fd, IPPROTO_IP, IP_MULTICAST_TTL, Uint8Array.of(hops));
  else setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
}

/** Whether members on this machine get what the socket sends to a group. @throws IoError */
export function setMulticastLoopback(fd: number, family: Family, enable: boolean): void {
  if (family === 'ipv4') setOption(fd, IPPROTO_IP, IP_MULTICAST_LOOP, Uint8Array.of(Number(enable)));
  else setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, Number(enable));
}

/** As `setMulticastTtl`, of datagrams to one receiver. @throws IoError */
export function setTtl(fd: number, family: Family, hops: number): void {
  if (family === 'ipv4') setOption(fd, IPPROTO_IP, IP_TTL, hops);
  else setOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops);
}

/** Whether the socket may send to broadcast addresses. @throws IoError */
export function setBroadcast(fd: number, enable: boolean): void {
  setOption(fd, SOL_SOCKET, SO_BROADCAST, Number(enable));
}

function indexBytes(index: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(index).buffer);
}
