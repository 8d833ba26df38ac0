/** As test/long/campaigns.test.ts, with few programs. */
import { describeCampaigns } from './describe-campaigns.js';

describeCampaigns('random programs of the lab', { onKernel: 60, onModel: 20, perThread: 5 });
