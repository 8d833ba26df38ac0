/** The other side of accept-storm.ts: connects as often as it is told to, or counts how often it is served. */
import { connect } from 'node:net';
import process from 'node:process';

interface Order {
  readonly port: number;
  /** Connections to open and keep. */
  readonly count?: number;
  /** Connections to open one after the other, each to be read to its end. */
  readonly served?: number;
}

async function countAnswers(port: number, served: number): Promise<void> {
  let answers = 0;
  for (let number = 0; number < served; number++) {
    const text = await new Promise<string>(resolve => {
      let received = '';
      connect(port, '127.0.0.1')
        .setEncoding('utf8')
        .on('data', (piece: string) => (received += piece))
        .on('error', () => resolve('reset'))
        .on('end', () => resolve(received));
    });
    if (text === 'served') answers++;
  }
  process.send!(answers);
}

process.on('message', ({ port, count = 0, served = 0 }: Order) => {
  for (let number = 0; number < count; number++) connect(port, '127.0.0.1').on('error', () => {});
  if (served > 0) void countAnswers(port, served);
});
