import { expect } from 'chai';
import { currentReactor, IoError } from 'pollux';
import { openEndpoint, type Endpoint } from 'pollux/threads';
import { packFailure } from '../../../src/threads/messages/failure.js';
import { endThreads, startThread } from './thread.js';

describe('what another thread throws', () => {
  let endpoint: Endpoint;
  let fails: (number: number) => Promise<unknown>;
  let asks: (name: string, number: number) => Promise<unknown>;

  async function begin(ringBytes?: number): Promise<void> {
    endpoint = openEndpoint({ ringBytes });
    const { peer } = await startThread(endpoint, 'answers');
    asks = (name, number) => peer.request(name, number).catch((failure: unknown) => failure);
    fails = number =>
      peer.request('fails', number).then(
        () => expect.fail('it did not fail'),
        (failure: unknown) => failure,
      );
  }

  afterEach(async () => {
    await endThreads();
    endpoint.close();
    currentReactor().close();
  });

  it('comes with its class, its message, its stack and its cause', async () => {
    await begin();
    const failure = (await fails(0)) as TypeError;
    expect(failure).to.be.instanceOf(TypeError).with.property('message', 'a type');
    expect(failure.stack).to.include('worker-parts.js');
    expect(Object.keys(failure)).to.deep.equal([]);
    const original = new IoError('ECONNREFUSED', 'connect', '127.0.0.1:1');
    expect(failure.cause)
      .to.be.instanceOf(IoError)
      .and.to.include({ ...original, message: original.message });
  });

  it('comes with the errors of an AggregateError, and theirs', async () => {
    await begin();
    const failure = (await fails(10)) as AggregateError;
    expect(failure).to.be.instanceOf(AggregateError).with.property('message', 'all of them');
    const [first, second, third] = failure.errors as Error[];
    expect(first).to.be.instanceOf(TypeError).with.property('message', 'the first');
    expect(second).to.equal('the second');
    expect(third).to.include({ message: 'the third', cause: 3 });
    expect(Object.keys(failure)).to.deep.equal([]);
    const many = (await fails(15)) as AggregateError;
    expect((many.errors as Error[]).map(({ message }) => message))
      .to.have.length(50)
      .and.to.include('number 49');
    const inCircles = (await fails(13)) as AggregateError;
    expect(inCircles.errors[0]).to.have.property('message', 'in circles');
    expect(await fails(14)).to.be.instanceOf(RangeError);
  });

  it('ends no thread if looking at it fails', async () => {
    await begin();
    for (const throws of ['fails', 'throws at once']) {
      expect(await asks(throws, 11)).to.include({ name: 'Error', message: "its message can't be read" });
      expect(await asks(throws, 12)).to.be.instanceOf(Error);
    }
    expect(await asks('then', 0)).to.equal('as promised');
  });

  it('is of the nearest class that there is here, by its own name, with its code', async () => {
    await begin();
    expect(await fails(1))
      .to.be.instanceOf(RangeError)
      .and.to.include({ name: 'Refusal', code: 'E_REFUSED' });
    expect(await fails(1)).not.to.have.property('others');
    expect(await fails(2))
      .to.be.instanceOf(Error)
      .and.to.include({ name: 'AbortError', message: 'gave up', code: 20 });
    expect(await fails(9)).to.include({ code: 'ENOENT', errno: -2, syscall: 'open', path: '/nowhere' });
  });

  it('comes as it is if it is no error, and as an error if it can not', async () => {
    await begin();
    expect(await fails(3)).to.deep.equal({ plain: [1] });
    expect(await fails(4)).to.equal('a text');
    expect(await fails(5)).to.equal(undefined);
    expect(await fails(6))
      .to.be.instanceOf(Error)
      .with.property('message', "it threw what can't be cloned: function");
  });

  it('is cut where it is too long', async () => {
    await begin();
    expect(((await fails(7)) as Error).message).to.equal('x'.repeat(4000));
    expect(((await fails(8)) as Error).message).to.match(/^what it threw has \d+ bytes; allowed: up to 16384$/);
  });

  it('fits the smallest mailbox', async () => {
    await begin(1024);
    expect(packFailure(new TypeError('x'.repeat(1000)), 128).length).to.be.at.most(128);
    expect(await fails(7))
      .to.be.instanceOf(Error)
      .with.property('message', 'x'.repeat(20));
  });
});
