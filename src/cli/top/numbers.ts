/** Numbers in the few columns that a terminal has for each: three digits and a unit. */

const COUNTS = ['', 'k', 'M', 'G', 'T'];
const BYTES = [' B', ' kB', ' MB', ' GB', ' TB'];

/** '0', '812', '3.21k', '1.20M'. */
export function count(value: number): string {
  return short(value, COUNTS);
}

/** '0 B', '12.4 MB'. */
export function bytes(value: number): string {
  return short(value, BYTES);
}

/** '0.3 ms', '41 ms', '1.2 s'. */
export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`;
  return value >= 10 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}

/** '45 s', '12:03', '2:13:45', '3 d 02:11'. */
export function duration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  const two = (value: number) => String(value).padStart(2, '0');
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}`;
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return minutes > 0 ? `${minutes}:${two(seconds % 60)}` : `${seconds} s`;
}

function short(value: number, units: readonly string[]): string {
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const digits = unit === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return scaled.toFixed(digits) + units[unit];
}
