/** Whether a run went well, in a word or in sentences. */
import type { ReactorMode } from '../../core/driver/mode.js';
import type { BackendResult, DatagramLoss, SideResult } from './result.js';

/**
 * @param server null where it ran elsewhere; so `client`. At least one is given.
 * @param expected how many connections must have been held.
 */
export function resultOf(
  backend: string,
  mode: ReactorMode,
  server: SideResult | null,
  client: SideResult | null,
  expected = 0,
): BackendResult {
  // What arrived is what was moved; the client's own count stands in where nobody here saw it arrive.
  const counted = (server ?? client)!;
  const lostBytes = server === null || client === null ? null : client.bytes - server.bytes;
  const datagrams = server === null || client === null ? null : lossOf(server, client);
  return {
    backend,
    mode,
    connectionsHeld: client === null ? server!.connections.peak : client.connections.held,
    bytes: counted.bytes,
    mbPerSecond: counted.mbPerSecond,
    lostBytes,
    datagrams,
    server,
    client,
    verdict: judge(server, client, { lostBytes, datagrams, expected }),
  };
}

function judge(
  server: SideResult | null,
  client: SideResult | null,
  found: Pick<BackendResult, 'lostBytes' | 'datagrams'> & { readonly expected: number },
): string {
  const { lostBytes, datagrams, expected } = found;
  const complaints = [...complaintsOf('server', server), ...complaintsOf('client', client)];
  if (datagrams !== null) complaints.push(...complaintsOfLoss(datagrams));
  else if (lostBytes !== null && lostBytes !== 0) complaints.push(`${lostBytes} bytes were sent and not received`);
  const unserved =
    server === null || client === null || datagrams !== null
      ? 0
      : client.connections.opened - server.connections.opened;
  if (unserved > 0) complaints.push(`${unserved} connections were never accepted`);
  const held = client === null ? 0 : client.connections.held;
  if (held < expected) complaints.push(`${held} connections were held of ${expected}`);
  return complaints.length === 0 ? 'ok' : complaints.join('; ');
}

function lossOf(server: SideResult, client: SideResult): DatagramLoss | null {
  if (server.datagrams === null || client.datagrams === null) return null;
  const { sent, refused } = client.datagrams;
  const { received, truncated, dropped } = server.datagrams;
  return { sent, refused, received, dropped, unaccounted: sent - received - truncated - (dropped ?? 0) };
}

/** The kernel may drop datagrams, and says so. What it has not dropped must have come, and once. */
function complaintsOfLoss({ dropped, unaccounted }: DatagramLoss): string[] {
  if (unaccounted < 0) return [`${-unaccounted} datagrams were received and not sent`];
  return unaccounted > 0 && dropped !== null ? [`${unaccounted} datagrams were neither received nor dropped`] : [];
}

function complaintsOf(name: string, side: SideResult | null): string[] {
  if (side === null) return [];
  const complaints: string[] = [];
  const { connections, bytes, errors } = side;
  // A server that nobody came to has nothing to complain of.
  if (bytes === 0 && (connections.opened > 0 || name === 'client')) complaints.push(`the ${name} moved no byte`);
  if (side.leftOpen > 0) complaints.push(`the ${name} left ${side.leftOpen} descriptors open`);
  for (const [kind, count] of Object.entries(errors)) complaints.push(`${name}: ${count} × ${kind}`);
  return complaints;
}

/** 'ok' if all are. */
export function verdictOf(results: readonly BackendResult[]): string {
  const bad = results.filter(({ verdict }) => verdict !== 'ok');
  return bad.length === 0 ? 'ok' : bad.map(({ backend, verdict }) => `${backend}: ${verdict}`).join('. ');
}
