/** Nanoseconds of calls into the C library through koffi, as one line of JSON. */
import koffi from 'koffi';

const CALLS = 1_000_000;
const ROUNDS = 3;

const libc = koffi.load(null);
const abs = libc.func('abs', 'int', ['int']) as (value: number) => number;
const readAtAddress = libc.func('read', 'int', ['int', 'uintptr_t', 'size_t']) as (
  fd: number,
  address: number,
  lengthBytes: number,
) => number;
const readIntoArray = libc.func('read', 'int', ['int', 'void *', 'size_t']) as (
  fd: number,
  bytes: Uint8Array,
  lengthBytes: number,
) => number;

const bytes = new Uint8Array(64 * 1024);
const address = Number(koffi.address(bytes));

/** The last of several rounds, when V8 has compiled the loop. */
function nanoseconds(call: () => number): number {
  let elapsed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < CALLS; index++) call();
    elapsed = Number(process.hrtime.bigint() - start);
  }
  return elapsed / CALLS;
}

const result = {
  abs: nanoseconds(() => abs(-3)),
  readAddress: nanoseconds(() => readAtAddress(-1, address, 64)),
  readArray: nanoseconds(() => readIntoArray(-1, bytes, 64)),
  errno: nanoseconds(() => koffi.errno()),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
