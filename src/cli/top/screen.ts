/** The live view: a frame that is written over the last one, and keys. */
import process from 'node:process';
import { createLogUpdate } from 'log-update';
import type { ProcessSnapshot } from '../../observe/process-snapshot.js';
import { paintFor } from './palette.js';
import { ratesBetween, type ProcessRates } from './rates.js';
import { renderFrame, SORTS, type Sort } from './rendering.js';

/** After so many milliseconds without a line the view says so: a thread that hangs sends none. */
const SILENCE_MS = 2500;
const LOOK_MS = 500;
const [INTERRUPT, ESCAPE] = ['\u0003', '\u001b'];

export class Screen {
  private readonly update = createLogUpdate(process.stdout);
  private readonly paint = paintFor(process.stdout);
  private last: ProcessSnapshot | undefined = undefined;
  private rates: ProcessRates | undefined = undefined;
  private isPaused = false;
  private heardMs = performance.now();
  private readonly timer = setInterval(() => this.draw(), LOOK_MS);
  private readonly onResize = () => {
    this.update.clear();
    this.draw();
  };
  private readonly onKey = (key: string) => this.press(key);

  /** @param quit called once somebody has had enough. */
  constructor(
    private sort: Sort,
    private readonly quit: () => void,
  ) {
    process.stdout.on('resize', this.onResize);
    if (process.stdin.isTTY) process.stdin.setRawMode(true).setEncoding('utf8').on('data', this.onKey).resume();
    process.once('SIGTERM', this.quit);
    process.once('SIGINT', this.quit);
    this.draw();
  }

  show(frame: ProcessSnapshot): void {
    this.heardMs = performance.now();
    if (!this.isPaused) this.rates = ratesBetween(frame, this.last ?? frame);
    this.last = frame;
    this.draw();
  }

  /** Leaves the last frame, and the terminal as it was. */
  close(): void {
    clearInterval(this.timer);
    process.stdout.off('resize', this.onResize);
    process.off('SIGTERM', this.quit);
    process.off('SIGINT', this.quit);
    if (process.stdin.isTTY) process.stdin.off('data', this.onKey).setRawMode(false).pause();
    this.draw('');
    this.update.done();
  }

  private press(key: string): void {
    if (key === 'q' || key === INTERRUPT || key === ESCAPE) this.quit();
    if (key === 's') this.sort = SORTS[(SORTS.indexOf(this.sort) + 1) % SORTS.length];
    if (key === 'p' || key === ' ') this.isPaused = !this.isPaused;
    this.draw();
  }

  private draw(footer = this.footer()): void {
    const { columns = 80, rows = 24 } = process.stdout;
    const { paint, sort, rates } = this;
    const lines =
      rates === undefined
        ? [paint('dim', ' waiting for the first line …')]
        : renderFrame(rates, { columns, rows: rows - 3, sort, paint });
    this.update([...lines, '', footer].join('\n'));
  }

  private footer(): string {
    const { paint, isPaused, sort } = this;
    const silentMs = performance.now() - this.heardMs;
    const keys = [
      ['q', 'quit'],
      ['s', `sort: ${sort}`],
      ['p', isPaused ? 'go on' : 'pause'],
    ].map(([key, text]) => `${paint('inverse', ` ${key} `)} ${text}`);
    const state = isPaused
      ? paint('yellow', 'paused')
      : silentMs > SILENCE_MS
        ? paint('red', `no answer for ${Math.round(silentMs / 1000)} s`)
        : '';
    return ` ${keys.join('   ')}   ${state}`;
  }
}
