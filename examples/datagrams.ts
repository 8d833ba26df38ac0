/** A clock that answers datagrams, and somebody who asks it: node dist/examples/datagrams.js [PORT] */
import process from 'node:process';
import { bindDatagram } from 'pollux';

const clock = await bindDatagram({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) });

clock.onDatagram = (bytes, from) => {
  const answer = bytes.toString() === 'time?' ? new Date().toISOString() : 'ask for the time';
  // No room means that the answer is dropped, as the network might have done.
  clock.trySend(answer, from);
};
clock.onError = failure => console.error(failure.message);
process.once('SIGINT', () => void clock.close());
console.log(`listening on 127.0.0.1:${clock.port}`);

const asker = await bindDatagram({ host: '127.0.0.1' });
await asker.connect({ host: 'localhost', port: clock.port });
for (const question of ['time?', 'weather?']) {
  await asker.send(question);
  const { bytes } = await asker.receive();
  console.log(`${question} ${bytes.toString()}`);
}
await asker.close();
