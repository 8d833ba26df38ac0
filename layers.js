// The house, from the ground up: a folder of src may import from the folders before it and from itself, nothing else.
// eslint.config.js and test/layers.test.ts hold this table.
export const layers = ['base', 'sys', 'backends', 'core', 'api', 'node', 'observe', 'threads', 'servers', 'cli'];

/** Beside the stack, for those who write a backend. Of the layers, the command alone may look in. */
export const beside = {
  'verify/model': ['base', 'sys', 'backends'],
  'verify/conformance': ['base', 'sys', 'backends', 'verify/model'],
  'verify/lab': ['base', 'sys', 'backends', 'verify/model', 'verify/conformance'],
};

export const folders = [...layers, ...Object.keys(beside)];

/** What a folder may import from, besides itself. */
export function allowedFor(folder) {
  if (folder === 'cli') return [...folders, ...Object.keys(doors)];
  // The proof that the doors are enough: beside them, servers have the tables of options and what the runtime kept.
  if (folder === 'servers') return ['base', 'index.ts', 'threads.ts', 'node.ts', 'observe.ts'];
  return beside[folder] ?? layers.slice(0, layers.indexOf(folder));
}

/** The doors of the package, and what each may show. `pollux/backends` is backends/index.ts. */
export const doors = {
  'index.ts': ['sys', 'core', 'api'],
  'threads.ts': ['threads'],
  'node.ts': ['node'],
  'observe.ts': ['base', 'core', 'observe'],
  'servers.ts': ['servers'],
  'testing.ts': ['base', 'sys', 'backends', 'verify/model', 'verify/conformance', 'verify/lab'],
};
