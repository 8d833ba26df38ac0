/** Addresses as text. */
import type { Address } from '../../index.js';

/** 'address:port', '[address]:port' or the path. */
export function formatName(address: Address): string {
  if (address.family === 'unix') return address.path;
  const { family, address: host, port } = address;
  return family === 'ipv6' ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The IP address of a client; empty for one that has none, or has gone. */
export function sourceOf(address: Address | undefined): string {
  return address === undefined || address.family === 'unix' ? '' : address.address;
}
