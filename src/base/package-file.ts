/** Files that come with the package, wherever the module that asks for them has been bundled to. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** @param path from the root of the package. */
export function packageFile(path: string): URL {
  // The package's own name: its package.json lies at its root.
  const manifest = createRequire(import.meta.url).resolve('pollux/package.json');
  return new URL(path, pathToFileURL(manifest));
}
