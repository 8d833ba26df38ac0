/** A step that the target has no means for: its scenario is left out, with this as the reason. */
export class Unsupported extends Error {}
