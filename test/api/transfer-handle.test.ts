import { expect } from 'chai';
import { Transfer, type TransferEngine, type TransferFailure } from '../../src/api/transfer.js';
import { TransferAccount } from '../../src/core/transfers/account.js';
import { Pace } from '../../src/core/transfers/pace.js';
import { IoError } from '../../src/sys/io-error.js';

/** Notes what it is told, and settles when the test says so. */
class RecordingEngine implements TransferEngine {
  readonly account = new TransferAccount('buffers');
  readonly pace = new Pace();
  readonly told: string[] = [];
  startFailure: Error | undefined = undefined;
  onSettled: (failure: Error | undefined) => void = () => {};

  start(): void {
    this.told.push('start');
    if (this.startFailure !== undefined) throw this.startFailure;
  }

  pause(): void {
    this.told.push('pause');
  }

  resume(): void {
    this.told.push('resume');
  }

  paceChanged(): void {
    this.told.push(`pace ${this.pace.bytesPerSecond}`);
  }

  cancel(reason: Error): void {
    this.told.push(`cancel ${reason.message}`);
    this.onSettled(reason);
  }
}

async function failureOf(transfer: Transfer): Promise<TransferFailure> {
  return transfer.then(
    () => expect.fail('it went well'),
    failure => failure,
  );
}

describe('Transfer', () => {
  it('gives its account when awaited, and lets it be read meanwhile', async () => {
    const engine = new RecordingEngine();
    const transfer = new Transfer(engine);
    engine.account.bytesOut = 7;
    expect(transfer.account.bytes).to.equal(7);
    engine.account.bytesOut = 9;
    engine.onSettled(undefined);
    expect((await transfer).bytes).to.equal(9);
  });

  it('fails with the error of the engine, which carries the account', async () => {
    const engine = new RecordingEngine();
    const transfer = new Transfer(engine);
    const broken = new IoError('EPIPE', 'sendfile');
    engine.account.bytesOut = 5;
    engine.onSettled(broken);
    const failure = await failureOf(transfer);
    expect(failure).to.equal(broken);
    expect(failure.transfer).to.equal(transfer.account);
  });

  it('fails with what start throws', async () => {
    const engine = new RecordingEngine();
    engine.startFailure = new RangeError('offset');
    expect(await failureOf(new Transfer(engine))).to.equal(engine.startFailure);
  });

  it('passes pause, resume and rates on, until it is settled', async () => {
    const engine = new RecordingEngine();
    const transfer = new Transfer(engine);
    transfer.pause();
    transfer.bytesPerSecond = 1000;
    transfer.resume();
    engine.onSettled(undefined);
    transfer.pause();
    transfer.resume();
    transfer.bytesPerSecond = 2000;
    transfer.cancel();
    expect(engine.told).to.deep.equal(['start', 'pause', 'pace 1000', 'resume']);
    expect(transfer.bytesPerSecond).to.equal(2000);
    await transfer;
  });

  it('is cancelled with ECANCELED, or with the reason given, whatever it is', async () => {
    const plain = new Transfer(new RecordingEngine());
    plain.cancel();
    expect(await failureOf(plain)).to.include({ code: 'ECANCELED' });

    const reason = new Error('enough');
    const explained = new Transfer(new RecordingEngine());
    explained.cancel(reason);
    expect(await failureOf(explained)).to.equal(reason);

    const odd = new Transfer(new RecordingEngine());
    odd.cancel('stop');
    expect(await failureOf(odd)).to.equal('stop');
  });

  it('is cancelled by a signal, and does not begin with one aborted before', async () => {
    const controller = new AbortController();
    const engine = new RecordingEngine();
    const transfer = new Transfer(engine, { signal: controller.signal });
    controller.abort();
    const failure = await failureOf(transfer);
    expect(failure).to.equal(controller.signal.reason);
    expect(failure.transfer).to.equal(transfer.account);

    const idle = new RecordingEngine();
    expect(await failureOf(new Transfer(idle, { signal: controller.signal }))).to.equal(controller.signal.reason);
    expect(idle.told).to.deep.equal([]);
  });

  it('leaves the signal alone once settled, and survives a frozen reason', async () => {
    const controller = new AbortController();
    const engine = new RecordingEngine();
    const transfer = new Transfer(engine, { signal: controller.signal });
    engine.onSettled(undefined);
    await transfer;
    controller.abort();
    expect(engine.told).to.deep.equal(['start']);

    const frozen = Object.freeze(new Error('frozen'));
    const other = new Transfer(new RecordingEngine());
    other.cancel(frozen);
    expect(await failureOf(other)).to.equal(frozen);
  });
});
