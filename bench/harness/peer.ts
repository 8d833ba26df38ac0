/** A program to compare with: where it is and which version, or that this machine lacks it. */

export interface InstalledPeer {
  readonly name: string;
  readonly version: string;
  /** What starts it; a benchmark adds its arguments. */
  readonly command: readonly string[];
}

export interface MissingPeer {
  readonly name: string;
  /** 'not installed (what to do about it)'. */
  readonly missing: string;
}

export type Peer = InstalledPeer | MissingPeer;
