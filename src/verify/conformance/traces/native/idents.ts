/** What the ident of a change or an event stands for on this machine. */
import { constants } from 'node:os';
import type { TracedKevent } from '../trace.js';
import type { NativeScene } from './scene.js';

export function identOf(scene: NativeScene, ident: TracedKevent['ident'], filter: TracedKevent['filter']): bigint {
  if (typeof ident === 'number') return BigInt.asUintN(64, BigInt(ident));
  if (filter === 'SIGNAL') return BigInt(constants.signals[ident as NodeJS.Signals]);
  if (/^-?\d+$/.test(ident)) return BigInt.asUintN(64, BigInt(ident));
  return BigInt(scene.fd(ident));
}

/** The other way round. */
export function nameOf(scene: NativeScene, ident: bigint, filter: TracedKevent['filter']): TracedKevent['ident'] {
  const number = Number(BigInt.asIntN(64, ident));
  if (filter !== 'SIGNAL') return scene.names.nameOf(number) ?? number;
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? number;
}
