import { backendFactory } from '../../src/backends/select.js';
import { describeConformance } from './describe-conformance.js';

describeConformance(backendFactory('epoll'));
