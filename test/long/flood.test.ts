/** As test/threads/service/flood.test.ts, with many threads, and with runtimes that are stopped. */
import { describeFloods } from '../threads/service/describe-floods.js';

describeFloods('a service that ends in a flood of clients', 4, ['closed', 'stopped']);
