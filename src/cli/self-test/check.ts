/** What a check of `pollux self-test` is: a sentence, and a program that finds out whether it is true. */

/** One check. It runs in the process of its part. */
export interface Check {
  readonly name: string;
  /**
   * @returns what people may want to know of it, such as the path that bytes took.
   * @throws Inapplicable this machine has no means for it. @throws Error it failed, of this.
   */
  run(): Outcome | Promise<Outcome>;
}

type Outcome = string | void;

/** Thrown by a check that this machine has no means for, with the reason. */
export class Inapplicable extends Error {}

/** What a part of the run is asked for. */
export interface PartOrder {
  readonly area: string;
  /** Null where the area is about no backend. */
  readonly backend: string | null;
  /** The URL of a module that registers the backend. */
  readonly module: string | null;
  /** Checks before this one have been run, by a process that was ended. */
  readonly from: number;
}

export type Status = 'pass' | 'fail' | 'skip';

/** What the process of a part says, a line of JSON each. */
export type PartMessage =
  | { readonly say: 'checks'; readonly names: readonly string[] }
  | { readonly say: 'begin'; readonly index: number }
  | {
      readonly say: 'end';
      readonly index: number;
      readonly status: Status;
      readonly reason: string | null;
      readonly durationMs: number;
    };
