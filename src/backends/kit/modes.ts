/**
 * The modes of a registration, and what each of them means: whether one event disarms it, and whether it reports by
 * edge.
 */
import type { RegistrationMode } from '../contract.js';

/** The modes that a registration can have. */
export const REGISTRATION_MODES: readonly RegistrationMode[] = ['level', 'edge', 'oneshot', 'oneshot-edge'];

/** Whether the first event disarms the registration. The other modes are persistent. */
export function isOneshot(mode: RegistrationMode): boolean {
  return mode === 'oneshot' || mode === 'oneshot-edge';
}

/** Whether a condition is reported when it begins. The other modes report it as long as it holds. */
export function isEdge(mode: RegistrationMode): boolean {
  return mode === 'edge' || mode === 'oneshot-edge';
}
