/** As test/long/owners.test.ts, for so few rounds that what is always wrong is seen. */
import { describeTerminations } from './describe-terminations.js';

describeTerminations('threads that are terminated at random in a flood of clients', 3);
