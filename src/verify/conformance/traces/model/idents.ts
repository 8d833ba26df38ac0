/** What the ident of a change or an event stands for. */
import { bsdSignal, bsdSignalName } from '../names.js';
import type { TracedKevent } from '../trace.js';
import type { Scene } from './scene.js';

export function identOf(scene: Scene, ident: TracedKevent['ident'], filter: TracedKevent['filter']): bigint {
  if (typeof ident === 'number') return BigInt.asUintN(64, BigInt(ident));
  if (filter === 'SIGNAL') return BigInt(bsdSignal(ident));
  if (ident === 'forked') return BigInt(scene.forked?.pid ?? -1);
  const child = scene.children.get(ident);
  if (child !== undefined) return BigInt(child.process.pid);
  if (/^-?\d+$/.test(ident)) return BigInt.asUintN(64, BigInt(ident));
  return BigInt(scene.fd(ident));
}

/** The other way round. */
export function nameOf(scene: Scene, ident: bigint, filter: TracedKevent['filter']): TracedKevent['ident'] {
  const number = Number(BigInt.asIntN(64, ident));
  if (filter === 'SIGNAL') return bsdSignalName(number) ?? number;
  if (filter === 'PROC') {
    if (scene.forked?.pid === number) return 'forked';
    return [...scene.children].find(([, { process }]) => process.pid === number)?.[0] ?? number;
  }
  return scene.names.nameOf(number) ?? number;
}
