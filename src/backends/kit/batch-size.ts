/** Events of one wait: a batch that fills the array is followed by another, so more room only saves waits. */
export const DEFAULT_MAX_EVENTS = 1024;
/** More than a wait ever has; each takes about 40 bytes of memory from the beginning. */
export const MAX_EVENTS = 65_536;
