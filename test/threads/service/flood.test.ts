/** As test/long/flood.test.ts, with few threads. */
import { describeFloods } from './describe-floods.js';

describeFloods('a service that is closed in a flood of clients', 2, ['closed']);
