/** Whether a run went well, in a word or in sentences. */
import type { ReactorMode } from '../../core/driver/mode.js';
import type { BackendResult, SideResult } from './result.js';

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
  return {
    backend,
    mode,
    connectionsHeld: client === null ? server!.connections.peak : client.connections.held,
    bytes: counted.bytes,
    mbPerSecond: counted.mbPerSecond,
    lostBytes,
    server,
    client,
    verdict: judge(server, client, lostBytes, expected),
  };
}

function judge(
  server: SideResult | null,
  client: SideResult | null,
  lostBytes: number | null,
  expected: number,
): string {
  const complaints = [...complaintsOf('server', server), ...complaintsOf('client', client)];
  if (lostBytes !== null && lostBytes !== 0) complaints.push(`${lostBytes} bytes were sent and not received`);
  const unserved = server === null || client === null ? 0 : client.connections.opened - server.connections.opened;
  if (unserved > 0) complaints.push(`${unserved} connections were never accepted`);
  const held = client === null ? 0 : client.connections.held;
  if (held < expected) complaints.push(`${held} connections were held of ${expected}`);
  return complaints.length === 0 ? 'ok' : complaints.join('; ');
}

function complaintsOf(name: string, side: SideResult | null): string[] {
  if (side === null) return [];
  const complaints: string[] = [];
  const { connections, bytes, errors } = side;
  // A server that nobody came to has nothing to complain of.
  if (bytes === 0 && (connections.opened > 0 || name === 'client')) complaints.push(`the ${name} moved no byte`);
  for (const [kind, count] of Object.entries(errors)) complaints.push(`${name}: ${count} × ${kind}`);
  return complaints;
}

/** 'ok' if all are. */
export function verdictOf(results: readonly BackendResult[]): string {
  const bad = results.filter(({ verdict }) => verdict !== 'ok');
  return bad.length === 0 ? 'ok' : bad.map(({ backend, verdict }) => `${backend}: ${verdict}`).join('. ');
}
