/** A program as a script that anyone with the package can run. */
import type { Program } from './program.js';

/** What the script imports, quoted: an entry of the package, which nothing here may import by that name. */
const LAB = "'pollux/testing'";

/**
 * @param unbatched whether it takes a wait after each step to show.
 * @returns the text of an ES module; it exits 1 as long as the program breaks a promise.
 */
export function scriptOf(program: Program, subject: string, unbatched = false): string {
  const steps = program.steps.map(step => `    ${JSON.stringify(step)},`).join('\n');
  return `import { runProgram, subjectNamed } from ${LAB};

// Ends 2n and 2n + 1 belong to channel n. Interest: 1 READABLE, 2 WRITABLE, 3 both.
const program = {
  maxEvents: ${program.maxEvents},
  channels: ${JSON.stringify(program.channels)},
  steps: [
${steps}
  ],
};
const { violation } = runProgram(subjectNamed('${subject}'), program${unbatched ? ', { unbatched: true }' : ''});
console.log(violation === undefined ? 'no violation' : \`step \${violation.step}: \${violation.message}\`);
process.exitCode = violation === undefined ? 0 : 1;
`;
}
