import { backendFactory } from 'pollux/backends';
import { describeConformance } from './describe-conformance.js';

describeConformance(backendFactory('io_uring'));
