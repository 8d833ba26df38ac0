/** Watches that are to keep the process alive, or not to: what argv names. It says 'over' as it exits. */
import process from 'node:process';
import { watchFile, watchProcess, watchSignal, watchTimer, watchUser } from 'pollux';

process.on('exit', () => process.stdout.write('over'));

switch (process.argv[2]) {
  case 'unref':
    watchTimer({ every: 1 }).unref();
    watchSignal('SIGUSR2').unref();
    watchProcess(process.pid).unref();
    watchFile('.').unref();
    watchUser().unref();
    break;
  case 'timer':
    watchTimer({ after: 50 }, () => process.stdout.write('expired, '));
    break;
  case 'closed':
    for (const watch of [watchTimer({ every: 1 }), watchSignal('SIGUSR2'), watchFile('.'), watchUser()]) watch.close();
    break;
  case 'signal': {
    const watch = watchSignal('SIGUSR2', () => {
      process.stdout.write('signal, ');
      watch.close();
    });
    // Nothing of Node's is left to do: the signal has to come through our wait.
    setTimeout(() => {}, 20);
    process.stdout.write('ready, ');
    break;
  }
}
