/** A thread that does to the one that has the runtime whatever has a callback there, as it is asked. */
import { bindDatagram, connect, listen, type Address } from 'pollux';
import { currentWorker } from 'pollux/threads';

const { endpoint, owner } = currentWorker();
// Of calls that nobody has defined.
owner.onFailure = () => {};

endpoint.answer('say', () => {
  for (let count = 0; count < 2; count++) {
    void owner.sender('words').send(count);
    void owner.sender('late').send(count);
    void owner.request('question', count).catch(() => {});
    owner.schedule('call', count);
    void endpoint.topic('news').publish(count);
  }
});

endpoint.answer<Address>('move', async ({ value }) => {
  for (let count = 0; count < 2; count++) {
    await (await connect(value)).moveTo(owner);
    await (await listen({ host: '127.0.0.1' })).moveTo(owner);
    await (await bindDatagram({ host: '127.0.0.1' })).moveTo(owner);
  }
});

endpoint.answer('fail', () => {
  setImmediate(() => {
    throw new Error('the thread was asked to');
  });
});
