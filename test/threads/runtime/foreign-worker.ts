/** The first module of a worker that runs on a backend from outside: the backend is registered before Pollux starts its reactor. */
import '../../../examples/backend/select-backend.js';
import 'pollux/worker';
