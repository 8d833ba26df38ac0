/** How descriptors are registered with a backend, and which readiness concerns which direction. */
import {
  PEER_END,
  ERROR,
  BOTH_END,
  PRIORITY,
  READABLE,
  WRITABLE,
  type RegistrationMode,
} from '../../backends/contract.js';

/**
 * How a reactor registers the descriptors that it has. An event of a oneshot is its only one, so an edge of its own
 * says nothing more.
 */
export type ReactorMode = Exclude<RegistrationMode, 'oneshot-edge'>;
export const REACTOR_MODES: readonly ReactorMode[] = ['level', 'edge', 'oneshot'];

export const BOTH = READABLE | WRITABLE;
/** Readiness that lets reads be tried. */
export const READ_CAUSES = READABLE | PEER_END | BOTH_END | ERROR;
/** Readiness that lets writes be tried. */
export const WRITE_CAUSES = WRITABLE | BOTH_END | ERROR;
/** What a look-out for the peer is told of. */
export const PEER_CAUSES = PRIORITY | BOTH_END | ERROR;
