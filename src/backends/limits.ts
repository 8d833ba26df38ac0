/** Events of one wait: a batch that fills the array is followed by another, so more room only saves waits. */
export const DEFAULT_MAX_EVENTS = 1024;
