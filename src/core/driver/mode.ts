/** How descriptors are registered with a backend, and which readiness concerns which direction. */
import { END, ERROR, HANGUP, PRIORITY, READABLE, WRITABLE } from '../../backends/contract.js';

/** How descriptors are registered: the lifetime and trigger of DESIGN's table, as one word each. */
export type RegistrationMode = 'level' | 'edge' | 'oneshot';
export const MODES: readonly RegistrationMode[] = ['level', 'edge', 'oneshot'];

export const BOTH = READABLE | WRITABLE;
/** Readiness that lets reads be tried. */
export const READ_CAUSES = READABLE | END | HANGUP | ERROR;
/** Readiness that lets writes be tried. */
export const WRITE_CAUSES = WRITABLE | HANGUP | ERROR;
/** What a look-out for the peer is told of. */
export const ENDS = PRIORITY | HANGUP | ERROR;
