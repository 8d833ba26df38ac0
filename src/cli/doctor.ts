/** `pollux doctor`: what works on this machine, why not what does not, and what to do about it. */
import process from 'node:process';
import { Command } from 'commander';
import { examine } from './doctor/examination.js';
import { renderExamination } from './doctor/rendering.js';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say which backends and features work here, why not, how to fix it, and which limits will bite')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', '\nExits 0 if Pollux runs here, 1 if not, 2 on bad usage. docs/cli.md describes the JSON.')
    .action(({ json }: { json?: boolean }) => {
      const findings = examine();
      process.stdout.write(`${json ? JSON.stringify(findings) : renderExamination(findings)}\n`);
      process.exitCode = findings.verdict === 'ok' ? 0 : 1;
    });
}
