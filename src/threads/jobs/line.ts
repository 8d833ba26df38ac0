/** The items of a work queue that nobody has, in the order in which they were asked for. */
import type { WorkItem } from './work-item.js';

export class Line {
  /** Given to a receiver that did not begin with them: they are the oldest. */
  private readonly returned: WorkItem[] = [];
  /** A set, so that thousands can be taken back one by one, in whatever order. */
  private readonly items = new Set<WorkItem>();
  /** Stands before the first item, so that those which were taken before are not passed again each time. */
  private cursor = this.items.values();

  get length(): number {
    return this.returned.length + this.items.size;
  }

  add(item: WorkItem): void {
    this.items.add(item);
  }

  /** Puts an item back to where it came from. */
  putBack(item: WorkItem): void {
    this.returned.push(item);
  }

  /** @returns the oldest; undefined if there is none. */
  take(): WorkItem | undefined {
    const returned = this.returned.shift();
    if (returned !== undefined || this.items.size === 0) return returned;
    let next = this.cursor.next();
    if (next.done === true) {
      this.cursor = this.items.values();
      next = this.cursor.next();
    }
    this.items.delete(next.value!);
    return next.value;
  }

  /** @returns whether it was in the line. */
  remove(item: WorkItem): boolean {
    const at = this.returned.indexOf(item);
    if (at < 0) return this.items.delete(item);
    this.returned.splice(at, 1);
    return true;
  }
}
