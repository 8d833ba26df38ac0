/**
 * Runs a command until it ends or is interrupted, and anew when a file changes or SIGHUP comes:
 * node dist/examples/supervise.js FILE COMMAND [ARGUMENT...]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { watchFile, watchProcess, watchSignal, watchTimer, type TimerWatch } from 'pollux';

if (process.argv.length < 4) {
  console.error('usage: node dist/examples/supervise.js FILE COMMAND [ARGUMENT...]');
  process.exit(2);
}

const [file, command, ...args] = process.argv.slice(2);
let again = false;
let quiet: TimerWatch | undefined;

function start(): ChildProcess {
  const child = spawn(command, args, { stdio: 'inherit' });
  watchProcess(child.pid!, end => {
    console.log(`ended by ${end.signal ?? `exit ${end.exitCode}`}`);
    if (again) running = start();
    else stop();
  });
  console.log(`started ${command}`);
  again = false;
  return child;
}

function restart(): void {
  again = true;
  running.kill();
}

const changing = watchFile(file, { changes: ['write', 'delete'] }, changes => {
  console.log(`changed: ${[...changes].join(', ')}`);
  // Who saves a file writes more than once.
  quiet?.close();
  quiet = watchTimer({ after: 50 }, restart);
});
const hangingUp = watchSignal('SIGHUP', restart);
const interrupting = watchSignal('SIGINT', () => running.kill());

function stop(): void {
  for (const watch of [changing, hangingUp, interrupting, quiet]) watch?.close();
}

let running = start();
