/** The model's time: it moves only when somebody waits, and stops at each alarm on the way. */

export interface Alarm {
  readonly atNs: number;
  readonly ring: () => void;
}

/** A kernel that has been up for a while, so that times before "now" exist. */
const UPTIME_NS = 1_000e9;
/** Some day in 2026, in milliseconds since 1970. */
const WALL_CLOCK_MS = 1_790_000_000_000;

export class VirtualClock {
  /** Since boot. */
  nowNs = UPTIME_NS;
  /** In the order in which they ring. */
  private readonly alarms: Alarm[] = [];

  get wallClockMs(): number {
    return WALL_CLOCK_MS + (this.nowNs - UPTIME_NS) / 1e6;
  }

  /** A time of the wall clock as a time since boot. */
  sinceBootNs(wallClockNs: number): number {
    return wallClockNs - WALL_CLOCK_MS * 1e6 + UPTIME_NS;
  }

  /** @param atNs since boot; what lies in the past rings at the next look. */
  set(atNs: number, ring: () => void): Alarm {
    const alarm: Alarm = { atNs, ring };
    let index = this.alarms.length;
    while (index > 0 && this.alarms[index - 1].atNs > atNs) index--;
    this.alarms.splice(index, 0, alarm);
    return alarm;
  }

  cancel(alarm: Alarm | undefined): void {
    const index = alarm === undefined ? -1 : this.alarms.indexOf(alarm);
    if (index >= 0) this.alarms.splice(index, 1);
  }

  /** When the next alarm rings; Infinity without one. */
  get nextNs(): number {
    return this.alarms.length === 0 ? Infinity : this.alarms[0].atNs;
  }

  /** Goes to the next alarm if it rings until then, otherwise to `untilNs`. @returns whether an alarm rang. */
  step(untilNs: number): boolean {
    const alarm = this.alarms[0];
    if (alarm === undefined || alarm.atNs > untilNs) {
      this.nowNs = Math.max(this.nowNs, untilNs);
      return false;
    }
    this.alarms.shift();
    this.nowNs = Math.max(this.nowNs, alarm.atNs);
    alarm.ring();
    return true;
  }
}
