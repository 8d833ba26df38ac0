/** How long messages are: one size, a range, several with weights, or an exponential distribution. */
import { Random } from '../../../base/random.js';
import { STAMP_BYTES } from './stamp.js';

/** What a connection may queue at most by default; one message has to fit. */
const MOST_BYTES = 16 * 1024 * 1024;
/** An exponential distribution has no end. One message in nine million would be longer than so many times the mean. */
const MOST_MEANS = 16;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024 };

export const ALLOWED_SIZES =
  `Allowed: bytes (64, 16k), a range (64-4096), exp:MEAN, or several with weights (64:9,16k:1); ` +
  `each from 1 to ${MOST_BYTES}, the mean from ${STAMP_BYTES}; k and m stand for KiB and MiB.`;

interface Range {
  readonly least: number;
  readonly most: number;
  readonly weight: number;
}

/** Plain, so that it travels. */
export interface MessageSizes {
  /** As it was asked for. */
  readonly text: string;
  readonly least: number;
  readonly most: number;
  /** Of an exponential distribution; else the ranges say it. */
  readonly mean?: number;
  readonly ranges: readonly Range[];
}

/** @throws RangeError what is allowed. */
export function parseMessageSizes(text: string): MessageSizes {
  const exponential = /^exp:(.+)$/i.exec(text)?.[1];
  if (exponential !== undefined) {
    const mean = bytesOf(exponential);
    if (mean < STAMP_BYTES) throw new RangeError(ALLOWED_SIZES);
    return { text, least: STAMP_BYTES, most: Math.min(MOST_BYTES, MOST_MEANS * mean), mean, ranges: [] };
  }
  const ranges = text.split(',').map(rangeOf);
  const least = Math.min(...ranges.map(range => range.least));
  const most = Math.max(...ranges.map(range => range.most));
  return { text, least, most, ranges };
}

/** '64-4096:9' */
function rangeOf(text: string): Range {
  const [, from, to, weight] = /^([^-:]+)(?:-([^-:]+))?(?::(\d+))?$/.exec(text) ?? [];
  if (from === undefined || weight === '0') throw new RangeError(ALLOWED_SIZES);
  const least = bytesOf(from);
  const most = to === undefined ? least : bytesOf(to);
  if (most < least) throw new RangeError(ALLOWED_SIZES);
  return { least, most, weight: Number(weight ?? 1) };
}

function bytesOf(text: string): number {
  const [, digits, unit] = /^(\d+)([km]?)$/i.exec(text) ?? [];
  const bytes = digits === undefined ? NaN : Number(digits) * UNITS[unit.toLowerCase()];
  if (!(bytes >= 1 && bytes <= MOST_BYTES)) throw new RangeError(ALLOWED_SIZES);
  return bytes;
}

/** The sizes of one thread's messages, one after another; the same seed makes the same ones. */
export class SizeSource {
  private readonly random: Random;
  private readonly total: number;

  constructor(
    private readonly sizes: MessageSizes,
    seed: number,
  ) {
    this.random = new Random(seed);
    this.total = sizes.ranges.reduce((sum, { weight }) => sum + weight, 0);
  }

  next(): number {
    const { least, most, mean, ranges } = this.sizes;
    if (least === most) return least;
    if (mean !== undefined) {
      const share = (this.random.next() + 1) / 2 ** 32;
      return Math.min(most, Math.max(least, Math.round(-Math.log(share) * mean)));
    }
    const range = ranges.length === 1 ? ranges[0] : this.choose();
    return range.least + this.random.below(range.most - range.least + 1);
  }

  private choose(): Range {
    const { ranges } = this.sizes;
    let left = this.random.below(this.total);
    for (const range of ranges) {
      left -= range.weight;
      if (left < 0) return range;
    }
    return ranges[ranges.length - 1];
  }
}
