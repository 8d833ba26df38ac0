/** The version of this package. */
import { readFileSync } from 'node:fs';
import { packageFile } from '../base/package-file.js';

const manifest = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };

export const version: string = manifest.version;
