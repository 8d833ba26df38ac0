/** Places as people type them: '8080', '127.0.0.1:8080', '[::1]:8080', '/run/app.socket'. */
import { InvalidArgumentError } from 'commander';
import type { ProxyListenOptions, UpstreamOptions } from '../../servers.js';

const PLACE = /^(?:(?:\[([\da-f:.]+)\]|([^\s:,[\]]+)):)?(\d{1,5})$/i;

export function listenPlace(text: string): ProxyListenOptions {
  return place(text, 0);
}

/** Behind commas: 'weight=2', 'max=100', 'backup'. */
export function upstreamPlace(text: string): UpstreamOptions {
  const [where, ...words] = text.split(',');
  const options: { -readonly [Name in keyof UpstreamOptions]: UpstreamOptions[Name] } = place(where, 1);
  for (const word of words) {
    const [, name, number] = /^(weight|max)=(\d{1,9})$/.exec(word) ?? [];
    if (word === 'backup') options.backup = true;
    else if (name === 'weight') options.weight = Number(number);
    else if (name === 'max') options.maxConnections = Number(number);
    else throw new InvalidArgumentError(`Allowed behind a place: weight=NUMBER, max=NUMBER, backup; not '${word}'.`);
  }
  return options;
}

function place(text: string, leastPort: 0 | 1): { path: string } | { host?: string; port: number } {
  if (text.startsWith('/')) return { path: text };
  const [, address, name, digits] = PLACE.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < leastPort || port > 65_535) {
    throw new InvalidArgumentError('Allowed: PORT, HOST:PORT, [ADDRESS]:PORT, or the whole path of a Unix socket.');
  }
  const host = address ?? name;
  return host === undefined ? { port } : { host, port };
}
