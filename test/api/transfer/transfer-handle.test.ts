import { expect } from 'chai';
import { runInNewContext } from 'node:vm';
import type { Transfer } from '../../../src/api/transfer/transfer.js';
import { type TransferEngine, type TransferFailure } from '../../../src/api/transfer/transfer.js';
import { TransferAccount } from '../../../src/core/transfers/account.js';
import { Pace } from '../../../src/core/transfers/pace.js';
import { IoError } from '../../../src/sys/ffi/io-error.js';
import { begun } from '../../support/transfers.js';

/** Notes what it is told, and settles when the test says so. */
class RecordingEngine implements TransferEngine<TransferAccount, undefined> {
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
    const transfer = begun(engine, undefined);
    engine.account.bytesOut = 7;
    expect(transfer.account.bytes).to.equal(7);
    engine.account.bytesOut = 9;
    engine.onSettled(undefined);
    expect((await transfer).bytes).to.equal(9);
  });

  it('fails with the error of the engine, which carries the account', async () => {
    const engine = new RecordingEngine();
    const transfer = begun(engine, undefined);
    const broken = new IoError('EPIPE', 'sendfile');
    engine.account.bytesOut = 5;
    engine.onSettled(broken);
    const failure = await failureOf(transfer);
    expect(failure).to.be.instanceOf(IoError);
    const { code, message, syscall } = broken;
    expect(failure).to.include({ name: 'IoError', code, message, syscall, cause: broken, transfer: transfer.account });
    expect(broken).to.not.have.property('transfer');
  });

  it('fails with what start throws', async () => {
    const engine = new RecordingEngine();
    engine.startFailure = new RangeError('offset');
    const failure = await failureOf(begun(engine, undefined));
    expect(failure).to.be.instanceOf(RangeError);
    expect(failure).to.include({ message: 'offset', cause: engine.startFailure });
  });

  it('passes pause, resume and rates on, until it is settled', async () => {
    const engine = new RecordingEngine();
    const transfer = begun(engine, undefined);
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
    const plain = begun(new RecordingEngine(), undefined);
    plain.cancel();
    expect(await failureOf(plain)).to.include({ code: 'ECANCELED' });

    const reason = new Error('enough');
    const explained = begun(new RecordingEngine(), undefined);
    explained.cancel(reason);
    expect(await failureOf(explained)).to.include({ message: 'enough', cause: reason, transfer: explained.account });

    const odd = begun(new RecordingEngine(), undefined);
    odd.cancel('stop');
    expect(await failureOf(odd)).to.equal('stop');
  });

  it('is cancelled by a signal, and does not begin with one aborted before', async () => {
    const controller = new AbortController();
    const engine = new RecordingEngine();
    const transfer = begun(engine, undefined, { signal: controller.signal });
    controller.abort();
    const failure = await failureOf(transfer);
    expect(failure).to.include({ name: 'AbortError', code: 20, cause: controller.signal.reason as Error });
    expect(failure.transfer).to.equal(transfer.account);

    const idle = new RecordingEngine();
    const late = await failureOf(begun(idle, undefined, { signal: controller.signal }));
    expect(late).to.include({ cause: controller.signal.reason as Error, transfer: idle.account });
    expect(failure.transfer).to.equal(transfer.account);
    expect(idle.told).to.deep.equal([]);
  });

  it('leaves the signal alone once settled, and survives a frozen reason', async () => {
    const controller = new AbortController();
    const engine = new RecordingEngine();
    const transfer = begun(engine, undefined, { signal: controller.signal });
    engine.onSettled(undefined);
    await transfer;
    controller.abort();
    expect(engine.told).to.deep.equal(['start']);

    const frozen = Object.freeze(new Error('frozen'));
    const other = begun(new RecordingEngine(), undefined);
    other.cancel(frozen);
    expect(await failureOf(other)).to.include({ message: 'frozen', cause: frozen, transfer: other.account });
  });

  it('has an error of its own, however many others one error ends', async () => {
    class Mine extends Error {
      override readonly name = 'Mine';
      readonly detail = { of: 'mine' };
    }
    const controller = new AbortController();
    const reason = new Mine('for all', { cause: 'deeper' });
    const engines = [1, 2, 3].map(() => new RecordingEngine());
    const all = engines.map(engine => begun(engine, undefined, { signal: controller.signal }));
    engines.forEach((engine, index) => (engine.account.bytesOut = index));
    controller.abort(reason);
    const failures = await Promise.all(all.map(failureOf));
    expect(failures.map(({ transfer }) => transfer!.bytes)).to.deep.equal([0, 1, 2]);
    for (const failure of failures) {
      expect(failure).to.be.instanceOf(Mine);
      expect(failure).to.include({ name: 'Mine', message: 'for all', detail: reason.detail, cause: reason });
      expect(failure.stack).to.match(/^Mine: for all/);
    }
    expect(reason).to.not.have.property('transfer');
    expect(reason.cause).to.equal('deeper');
  });

  it('takes an error of another realm for one', async () => {
    const reason = runInNewContext("new RangeError('elsewhere')") as Error;
    const transfer = begun(new RecordingEngine(), undefined);
    transfer.cancel(reason);
    expect(await failureOf(transfer)).to.include({ message: 'elsewhere', cause: reason, transfer: transfer.account });
  });
});
