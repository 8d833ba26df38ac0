/** As test/api/accept/owners.test.ts, for as many rounds as it takes to meet a window of a few instructions. */
import { describeTerminations } from '../api/accept/describe-terminations.js';

describeTerminations('threads that are terminated at random in a long flood of clients', 500);
