/** struct sockaddr_in, sockaddr_in6 and sockaddr_un, to and from the form that people read. */
import { isIPv4, isIPv6 } from 'node:net';
import os from 'node:os';
import { kindOf } from '../../base/arguments.js';
import { AF_INET, AF_INET6, AF_UNIX } from '../ffi/constants.js';
import { NativeBlock } from '../ffi/memory.js';
import { hasSockaddrLength, platform } from '../ffi/platform.js';
import { ipv6Text } from './ipv6-text.js';

/** An IP address and a port. */
export interface InternetAddress {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly port: number;
}

/** A path in the file system; a first '\0' makes it a name in Linux's abstract space. Empty for an unbound end. */
export interface UnixAddress {
  readonly family: 'unix';
  readonly path: string;
}

/** The address of a socket. */
export type Address = InternetAddress | UnixAddress;

/** sizeof(struct sockaddr_storage) */
const STORAGE_BYTES = 128;
const IPV4_BYTES = 16;
const IPV6_BYTES = 28;
const UNIX_PATH_OFFSET = 2;
/** sizeof(sun_path), its final NUL included. */
const UNIX_PATH_BYTES = platform === 'linux' ? 108 : 104;

/** The structs of addresses that can't change, so that an answer to a sender costs no parsing of its address. */
const encoded = new WeakMap<Address, Uint8Array>();

/** Room for one address that a call reads or fills, and its socklen_t. */
export class SockaddrBlock {
  private readonly storage = new NativeBlock(STORAGE_BYTES + 8);
  /** Address of the struct. */
  readonly address = this.storage.address;
  /** Address of the socklen_t behind it. */
  readonly lengthAddress = this.storage.address + STORAGE_BYTES;

  get lengthBytes(): number {
    return this.storage.u32[STORAGE_BYTES / 4];
  }

  set lengthBytes(lengthBytes: number) {
    this.storage.u32[STORAGE_BYTES / 4] = Math.min(lengthBytes, STORAGE_BYTES);
  }

  /** A copy of the struct. */
  toBytes(): Uint8Array {
    return this.storage.bytes.slice(0, this.lengthBytes);
  }

  /** Whether the struct is this one. */
  equals(bytes: Uint8Array): boolean {
    const { bytes: own } = this.storage;
    if (bytes.length !== this.lengthBytes) return false;
    for (let index = 0; index < bytes.length; index++) if (bytes[index] !== own[index]) return false;
    return true;
  }

  /** A number that is mostly another for another address. */
  get hash(): number {
    const { u32 } = this.storage;
    let hash = 0;
    for (let word = this.lengthBytes >> 2; word > 0; word--) hash ^= u32[word - 1];
    hash ^= hash >>> 16;
    return hash ^ (hash >>> 8);
  }

  /** Offers the kernel the whole room; to be called before each call that fills it. */
  reset(): void {
    this.storage.u32[STORAGE_BYTES / 4] = STORAGE_BYTES;
  }

  encode(address: Address): void {
    const { bytes, view, u32 } = this.storage;
    const known = encoded.get(address);
    if (known !== undefined) {
      bytes.set(known);
      this.lengthBytes = known.length;
      return;
    }
    bytes.fill(0, 0, STORAGE_BYTES);
    let lengthBytes: number;
    let family: number;
    if (address.family === 'unix') {
      family = AF_UNIX;
      const path = Buffer.from(address.path);
      bytes.set(path, UNIX_PATH_OFFSET);
      // An abstract name is as long as it says; a path ends with its NUL.
      lengthBytes = UNIX_PATH_OFFSET + path.length + (address.path.startsWith('\0') ? 0 : 1);
    } else if (address.family === 'ipv4') {
      family = AF_INET;
      lengthBytes = IPV4_BYTES;
      view.setUint16(2, address.port);
      bytes.set(addressBytes(address.address), 4);
    } else {
      family = AF_INET6;
      lengthBytes = IPV6_BYTES;
      view.setUint16(2, address.port);
      const [host, zone] = address.address.split('%');
      bytes.set(addressBytes(host), 8);
      if (zone !== undefined) view.setUint32(24, zoneIndex(zone) ?? 0, true);
    }
    if (hasSockaddrLength) {
      bytes[0] = lengthBytes;
      bytes[1] = family;
    } else {
      view.setUint16(0, family, true);
    }
    u32[STORAGE_BYTES / 4] = lengthBytes;
  }

  /** `decode` for addresses that will be sent to: the object is frozen, and `encode` need not parse it. */
  decodeForAnswer(): Address {
    const address = Object.freeze(this.decode());
    encoded.set(address, this.toBytes());
    return address;
  }

  decode(): Address {
    // The kernel writes nothing for a Unix socket without a name.
    if (this.lengthBytes < UNIX_PATH_OFFSET) return { family: 'unix', path: '' };
    const { bytes, view } = this.storage;
    const family = hasSockaddrLength ? bytes[1] : view.getUint16(0, true);
    if (family === AF_INET) {
      return { family: 'ipv4', address: bytes.subarray(4, 8).join('.'), port: view.getUint16(2) };
    }
    if (family === AF_INET6) {
      const zone = view.getUint32(24, true);
      const address = ipv6Text(bytes.subarray(8, 24)) + (zone === 0 ? '' : `%${zone}`);
      return { family: 'ipv6', address, port: view.getUint16(2) };
    }
    const name = bytes.subarray(UNIX_PATH_OFFSET, Math.max(UNIX_PATH_OFFSET, this.lengthBytes));
    return { family: 'unix', path: Buffer.from(name.subarray(0, nameBytes(name))).toString() };
  }
}

/**
 * The length of a Unix socket's name. A path ends with its NUL. A name of Linux's abstract space begins with one;
 * FreeBSD has none of these, and fills the address of a socket without a name with NULs.
 */
function nameBytes(name: Uint8Array): number {
  const end = name.indexOf(0);
  if (end === 0 && platform === 'linux') return name.length;
  return end < 0 ? name.length : end;
}

/**
 * Checks that an address can be encoded.
 *
 * @throws TypeError naming what is wrong with it.
 */
export function checkAddress(address: Address): void {
  if (address.family === 'unix') {
    checkUnixPath(address.path);
  } else if (address.family === 'ipv4' ? !isIPv4(address.address) : !isIPv6(address.address)) {
    throw new TypeError(`host: '${address.address}' is not an address of family ${address.family}`);
  } else {
    const zone = address.address.split('%')[1];
    if (zone !== undefined && zoneIndex(zone) === undefined) {
      throw new TypeError(`host: '${address.address}': there is no zone or interface '${zone}'`);
    }
  }
}

function checkUnixPath(path: string): void {
  const allowed = `allowed: 1 to ${UNIX_PATH_BYTES - 1} bytes`;
  if (typeof path !== 'string') throw new TypeError(`path: ${kindOf(path)}; allowed: a string`);
  if (path === '') throw new TypeError(`path: ''; ${allowed}`);
  const lengthBytes = Buffer.byteLength(path);
  if (lengthBytes >= UNIX_PATH_BYTES) throw new TypeError(`path: ${lengthBytes} bytes; ${allowed}`);
  if (path.indexOf('\0', 1) > 0)
    throw new TypeError('path: it contains a NUL byte; allowed: none behind the first byte');
  if (path.startsWith('\0') && platform !== 'linux') {
    throw new TypeError('path: an abstract name (a first NUL byte); allowed: on Linux only');
  }
}

/** The number of a zone (RFC 4007): given as it is, or by the name of an interface. */
function zoneIndex(zone: string): number | undefined {
  if (/^\d+$/.test(zone)) return Number(zone);
  return os.networkInterfaces()[zone]?.find(each => each.family === 'IPv6' && each.scopeid > 0)?.scopeid;
}

/** Whether it came from the kernel as it is, by `decodeForAnswer`, and needs no check. */
export function isSenderAddress(address: object): address is Address {
  return encoded.has(address as Address);
}

/** The first argument of socket(2) for a socket that uses such addresses. */
export function domainOf({ family }: Address): number {
  return family === 'unix' ? AF_UNIX : family === 'ipv4' ? AF_INET : AF_INET6;
}

/** Whether it is sure to be on this machine: what is sent there has arrived when the call returns. */
export function isLoopback(address: Address): boolean {
  if (address.family === 'unix') return true;
  return address.family === 'ipv4' ? address.address.startsWith('127.') : address.address === '::1';
}

/** '127.0.0.1:80', '[::1]:80', '/run/x.sock' */
export function formatAddress(address: Address): string {
  if (address.family === 'unix') return address.path.startsWith('\0') ? `@${address.path.slice(1)}` : address.path;
  return address.family === 'ipv4' ? `${address.address}:${address.port}` : `[${address.address}]:${address.port}`;
}

/** The bytes of an IP address in network order: 4, or 16. @param address one that is valid, without a zone. */
export function addressBytes(address: string): Uint8Array {
  return address.includes(':') ? ipv6Bytes(address) : Uint8Array.from(address.split('.'), Number);
}

function ipv6Bytes(text: string): Uint8Array {
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const plain = embedded
    ? `${embedded[1]}${hex(Number(embedded[2]) * 256 + Number(embedded[3]))}:${hex(Number(embedded[4]) * 256 + Number(embedded[5]))}`
    : text;
  const [head, tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const bytes = new Uint8Array(16);
  groups.forEach((group, index) => {
    const value = parseInt(group, 16);
    bytes[2 * index] = value >> 8;
    bytes[2 * index + 1] = value & 0xff;
  });
  return bytes;
}

function hex(value: number): string {
  return value.toString(16);
}
