/** Errors that end a transfer may be anybody's: whatever they are, each transfer is told its end, by an error of its own. */
import { expect } from 'chai';
import type { Transfer } from '../../src/api/transfer/transfer.js';
import { TransferAccount } from '../../src/core/transfers/account.js';
import { Pace } from '../../src/core/transfers/pace.js';
import { begun } from '../support/transfers.js';

class Hidden extends Error {
  readonly #code = 'EHIDDEN';

  get code(): string {
    return this.#code;
  }

  override get name(): string {
    return `Hidden ${this.#code}`;
  }

  get transfer(): string {
    return 'mine';
  }
}

const boo = {
  get(): never {
    throw new Error('boo');
  },
};

const REASONS: Readonly<Record<string, () => Error>> = {
  'a frozen error': () => Object.freeze(new TypeError('frozen')),
  'a frozen error of another transfer': () =>
    Object.freeze(Object.assign(new Error('first'), { transfer: 1, code: 7 })),
  'an error that has its properties from fields of its own': () => new Hidden('hidden'),
  'an error whose code throws': () => Object.defineProperty(new Error('said'), 'code', boo),
  'an error whose message throws': () => Object.defineProperty(new Error('said'), 'message', boo),
  'an error whose name throws': () => Object.defineProperty(new Error('said'), 'name', boo),
};

function cancelled(): Transfer {
  const engine = {
    account: new TransferAccount('buffers'),
    pace: new Pace(),
    onSettled: (() => {}) as (failure: Error | undefined) => void,
    start() {},
    pause() {},
    resume() {},
    paceChanged() {},
    cancel(reason: Error) {
      engine.onSettled(reason);
    },
  };
  return begun(engine, undefined);
}

function read(error: Error, key: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

describe('a transfer that is cancelled', () => {
  for (const [what, make] of Object.entries(REASONS)) {
    it(`by ${what} is told so`, async () => {
      const reason = make();
      const before = read(reason, 'transfer');
      const transfer = cancelled();
      transfer.cancel(reason);
      const failure = await transfer.then(
        () => expect.fail('it went well'),
        (error: Error & { transfer?: object }) => error,
      );
      expect(failure).to.not.equal(reason);
      expect(failure.cause).to.equal(reason);
      expect(failure.transfer).to.equal(transfer.account);
      expect(failure).to.be.instanceOf(reason.constructor);
      for (const key of ['name', 'code']) expect(read(failure, key)).to.equal(read(reason, key));
      expect(failure.message).to.equal(read(reason, 'message') ?? '');
      expect(read(reason, 'transfer')).to.equal(before);
    });
  }

  it('by null is rejected with it', async () => {
    const transfer = cancelled();
    transfer.cancel(null);
    expect(await transfer.catch((reason: unknown) => ({ reason }))).to.deep.equal({ reason: null });
  });
});
