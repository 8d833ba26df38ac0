import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import { allowedFor, folders, layers } from './layers.js';

// What test runners replace while a program runs: see src/base/runtime-functions.ts.
const replaceable = ['setImmediate', 'clearImmediate', 'setTimeout', 'clearTimeout', 'setInterval', 'queueMicrotask'];
const kept = 'Tests replace it: use what src/base/runtime-functions.ts keeps.';
const keptRules = {
  'no-restricted-globals': ['error', ...[...replaceable, 'performance'].map(name => ({ name, message: kept }))],
  'no-restricted-properties': ['error', { object: 'process', property: 'nextTick', message: kept }],
};

function layerRule(layer) {
  const forbidden = folders.filter(other => other !== layer && !allowedFor(layer).includes(other));
  const patterns = [];
  if (forbidden.length > 0) {
    patterns.push({
      regex: `^(\\.\\./)+(src/)?(verify/)?(${forbidden.map(folder => folder.replace('verify/', '')).join('|')})/`,
      message: `src/${layer} may import only from: ${[layer, ...allowedFor(layer)].join(', ')}.`,
    });
    patterns.push({ regex: '^pollux(/|$)', message: 'Inside src, import by relative path.' });
  }
  if (layer !== 'sys') patterns.push({ regex: '^koffi$', message: 'Only src/sys may import koffi.' });
  const paths =
    layers.includes(layer) && layer !== 'cli'
      ? ['node:timers', 'node:timers/promises', 'node:perf_hooks'].map(name => ({ name, message: kept }))
      : [];
  return { files: [`src/${layer}/**/*.ts`], rules: { 'no-restricted-imports': ['error', { paths, patterns }] } };
}

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'docs/', 'node_modules/'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked.map(config => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json' } },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      // What was caught is unknown to the compiler and an Error in fact.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['test/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'], rules: { 'max-lines': 'off' } },
  {
    // The runner of Node waits for its tests itself.
    files: ['examples/testing.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: 'test', package: 'node:test' }] },
      ],
    },
  },
  { files: ['**/*.js'], languageOptions: { globals: { process: 'readonly', URL: 'readonly', console: 'readonly' } } },
  {
    // Runs in browsers.
    files: ['src/servers/monitor/page/*.js'],
    languageOptions: { globals: { document: 'readonly', addEventListener: 'readonly', EventSource: 'readonly' } },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "BinaryExpression[operator='instanceof'][right.name=/^(Uint8Array|Array|ArrayBuffer|SharedArrayBuffer|URL|Date|Map|Set|AbortSignal)$/]",
          message: 'Another realm has a class of its own: ask for the kind (base/kinds.ts, Array.isArray).',
        },
      ],
    },
  },
  ...folders.map(layerRule),
  { files: layers.filter(layer => layer !== 'cli').map(layer => `src/${layer}/**/*.ts`), rules: keptRules },
  { files: ['src/base/runtime-functions.ts'], rules: { 'no-restricted-imports': 'off' } },
);
