/** How many connections each source has now. A source without any costs nothing. */

export class SourceCounts {
  private readonly counts = new Map<string, number>();

  /** @param most of one source. */
  constructor(public most: number) {}

  /** Whether connections are to be counted at all. */
  get isLimited(): boolean {
    return this.most !== Infinity;
  }

  /** How many sources have connections. */
  get size(): number {
    return this.counts.size;
  }

  /** @returns false: the source has as many as it may, and this one is not counted. */
  add(source: string): boolean {
    const count = this.counts.get(source) ?? 0;
    if (count >= this.most) return false;
    this.counts.set(source, count + 1);
    return true;
  }

  /** One that was counted is over. */
  remove(source: string): void {
    const count = this.counts.get(source)!;
    if (count === 1) this.counts.delete(source);
    else this.counts.set(source, count - 1);
  }
}
