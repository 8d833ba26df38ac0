/** What this kernel and runtime offer beyond the backends, and what Pollux makes of it. */
import process from 'node:process';
import { backendNames, openBackend } from '../../backends/registry.js';
import { eventSourcesOf } from '../../backends/sources/choice.js';
import { CHANGED_WRITE } from '../../backends/sources/contract.js';
import { listen as listenOn, bind, openSocket } from '../../sys/socket/socket.js';
import { AF_INET6, SOCK_STREAM } from '../../sys/ffi/constants.js';
import { hasEventfd } from '../../sys/poll/eventfd.js';
import { close } from '../../sys/file/io.js';
import type { IoError } from '../../sys/ffi/io-error.js';
import { obstacleToNodeLoop } from '../../sys/ffi/node-loop.js';
import { platform, runtime } from '../../sys/ffi/platform.js';

export interface FeatureFinding {
  readonly name: string;
  /** Whether the machine has it. */
  readonly available: boolean;
  /** Whether this version of Pollux uses it where it is there. */
  readonly used: boolean;
  readonly reason: string;
  /** null where nothing needs or nothing can be done. */
  readonly fix: string | null;
}

export function examineFeatures(): FeatureFinding[] {
  // What is a backend already is reported as one.
  const backends = backendNames();
  return [kqueue(), eventLoop(), wakeUp(), eventSources(), ipv6()].filter(({ name }) => !backends.includes(name));
}

const NO_DRIVER = 'detected; this version has no driver for it yet';

function kqueue(): FeatureFinding {
  const name = 'kqueue';
  if (platform === 'linux') {
    return { name, available: false, used: false, reason: 'no kqueue on Linux; epoll does its work here', fix: null };
  }
  return { name, available: true, used: false, reason: NO_DRIVER, fix: null };
}

function eventLoop(): FeatureFinding {
  const name = 'event loop';
  const obstacle = obstacleToNodeLoop();
  return obstacle === undefined
    ? { name, available: true, used: true, reason: `turns run inside libuv's loop of ${runtime}`, fix: null }
    : {
        name,
        available: false,
        used: false,
        reason: `the loop of ${runtime} can't be looked into (${obstacle}); waits are bounded to 16 ms instead`,
        fix: 'run on Node where idle CPU or timers within a few milliseconds matter',
      };
}

function wakeUp(): FeatureFinding {
  return {
    name: 'eventfd',
    available: hasEventfd,
    used: hasEventfd,
    reason: hasEventfd
      ? 'wakes a waiting thread with one descriptor'
      : 'none here; a pipe wakes a waiting thread instead',
    fix: null,
  };
}

/** One of each is opened and closed again, with the backend that runs everywhere. */
function eventSources(): FeatureFinding {
  const name = 'event sources';
  try {
    const backend = openBackend('poll');
    try {
      const sources = eventSourcesOf(backend);
      const opened = [
        () => sources.timer({ kind: 'after', amount: 1, unit: 's' }),
        () => sources.process(process.pid),
        () => sources.file('/', CHANGED_WRITE),
        () => sources.user(),
      ];
      for (const open of opened) open().close();
      return { name, available: true, used: true, reason: `${sources.means} work`, fix: null };
    } finally {
      backend.close();
    }
  } catch (error) {
    const full = (error as IoError).syscall === 'inotify_init1' && platform === 'linux';
    const fix = full ? 'sysctl -w fs.inotify.max_user_instances=1024' : null;
    return { name, available: false, used: false, reason: (error as Error).message, fix };
  }
}

function ipv6(): FeatureFinding {
  const name = 'IPv6';
  try {
    const fd = openSocket(AF_INET6, SOCK_STREAM);
    try {
      bind(fd, { family: 'ipv6', address: '::1', port: 0 });
      listenOn(fd, 1);
    } finally {
      close(fd);
    }
    return { name, available: true, used: true, reason: 'listens on ::1', fix: null };
  } catch (error) {
    const fix = platform === 'linux' ? 'sysctl -w net.ipv6.conf.all.disable_ipv6=0' : null;
    return { name, available: false, used: false, reason: (error as Error).message, fix };
  }
}
