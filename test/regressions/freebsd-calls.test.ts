/** Calls that FreeBSD's kernel answers otherwise than Linux's, played here and asked for there. */
import { lacksFreebsd, runOnFreebsd, type Outcomes } from '../support/freebsd-libc.js';
import { programs } from '../support/freebsd-programs.js';

describe('the answers of FreeBSD', () => {
  let outcomes: Outcomes;

  before(async function () {
    const reason = lacksFreebsd();
    if (reason === undefined) outcomes = await runOnFreebsd('support/freebsd-programs.js');
    else this.skip();
  });

  for (const title of Object.keys(programs)) {
    it(title, () => {
      const failure = outcomes[title];
      if (failure !== undefined) throw new Error(failure);
    });
  }
});
