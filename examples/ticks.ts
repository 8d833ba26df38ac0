/** Ticks a number of times, a hundred microseconds apart, and says how many wake-ups that took: node dist/examples/ticks.js NUMBER */
import process from 'node:process';
import { watchTimer } from 'pollux';

if (process.argv.length < 3) {
  console.error('usage: node dist/examples/ticks.js NUMBER');
  process.exit(2);
}

const wanted = Number(process.argv[2]);
let ticks = 0;
let wakes = 0;
for await (const expirations of watchTimer({ every: 100, unit: 'us' })) {
  ticks += expirations;
  wakes++;
  if (ticks >= wanted) break;
}
console.log(`${ticks} ticks in ${wakes} wake-ups`);
