// What Stryker leaves alone: mutants that change nothing, and all but a sample where MUTANTS_SAMPLE asks for one.
import process from 'node:process';

/** Words of the ring at index 0 of what they belong to: to add them and to subtract them is the same. */
const ZEROS = ['STATE', 'CLAIM_START'];

class AddsNothing {
  shouldIgnore(path) {
    const { type, right } = path.node;
    if (type === 'BinaryExpression' && ZEROS.includes(right.name)) return `${right.name} is 0`;
    return undefined;
  }
}

const every = Number(process.env.MUTANTS_SAMPLE ?? 1);

/** One of so many statements and conditions: a first look at an area that would take too long. */
class Sample {
  #seen = 0;

  shouldIgnore(path) {
    const alone =
      path.isExpressionStatement() || path.isReturnStatement() || path.isVariableDeclaration() || path.key === 'test';
    if (!alone || this.#seen++ % every === 0) return undefined;
    return `the sample is one of ${every}`;
  }
}

export const strykerPlugins = [
  { kind: 'Ignore', name: 'adds-nothing', injectableClass: AddsNothing },
  { kind: 'Ignore', name: 'sample', injectableClass: Sample },
];
