/** What a thread has one of for each name, such as its queues: made when the name is first used. */
import { checkName } from '../messages/checks.js';

export class ByName<Thing extends { end(): void }> {
  private readonly things = new Map<string, Thing>();

  /** @param isClosed whether the endpoint is: what is made after that has ended from the start. */
  constructor(
    private readonly make: (name: string) => Thing,
    private readonly isClosed: () => boolean,
  ) {}

  get size(): number {
    return this.things.size;
  }

  all(): Thing[] {
    return [...this.things.values()];
  }

  /** The one that was made before. */
  get(name: string): Thing | undefined {
    return this.things.get(name);
  }

  /** @throws TypeError that is no name. */
  of(name: string): Thing {
    checkName(name);
    let thing = this.things.get(name);
    if (thing === undefined) {
      this.things.set(name, (thing = this.make(name)));
      if (this.isClosed()) thing.end();
    }
    return thing;
  }
}
