import { gates, selectFactory } from '../../../examples/backend/select-backend.js';
import { describeConformance } from './describe-conformance.js';

describeConformance(selectFactory, { gates });
