/** Smoke programs of accept models: each serves connections by two workers. */
import { connect, IoError } from '../../../index.js';
import type { AcceptModel, Runtime } from '../../../threads.js';
import { Inapplicable, type Check } from '../check.js';
import { expectEqual } from './expect.js';
import { LOOPBACK, readAll } from './ground.js';
import { endWorkers, withWorkers } from './workers.js';

const CONNECTIONS = 40;
const MODELS: readonly AcceptModel[] = ['reuseport', 'exclusive', 'acceptor', 'combined'];

async function serve(runtime: Runtime, accept: AcceptModel): Promise<string> {
  const service = await runtime.listen({ ...LOOPBACK, accept }).catch((error: unknown) => {
    if (error instanceof IoError && error.code === 'ENOTSUP') throw new Inapplicable(error.message);
    throw error;
  });
  for (let number = 0; number < CONNECTIONS; number++) {
    const client = await connect(service.address);
    client.end(`${number}`);
    const answer = Buffer.from(await readAll(client)).toString();
    expectEqual(answer.replace(/^[01] /, ''), `${number}`, 'the answer of a worker');
    await client.close();
  }
  const accepted = service.spread().map(worker => worker.accepted);
  const sum = accepted.reduce((total, count) => total + count, 0);
  expectEqual(sum, CONNECTIONS, 'connections accepted');
  await service.close();
  return accepted.join(' and ');
}

export const acceptModels: readonly Check[] = [
  ...MODELS.map(model => withWorkers(`two workers serve by the model '${model}'`, runtime => serve(runtime, model))),
  endWorkers('their runtime ends'),
];
