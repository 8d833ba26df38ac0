/** As test/verify/lab/campaigns.test.ts, with hundreds of programs. */
import { describeCampaigns } from '../verify/lab/describe-campaigns.js';

describeCampaigns('hundreds of random programs of the lab', { onKernel: 300, onModel: 100, perThread: 30 });
