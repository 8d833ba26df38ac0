/** The system calls that copy between files. An object, so that a test can be the kernel. */
import { cloneRange, copyRange, seek } from '../../../sys/file/file-copy.js';
import { pread, pwrite } from '../../../sys/file/file-io.js';
import { punchHole } from '../../../sys/file/file-space.js';
import { fstat } from '../../../sys/file/file-stat.js';

/** Their results are told in a later turn; below 0 they are errnos with their sign turned. */
export interface FileCopyCalls {
  readonly cloneRange: typeof cloneRange;
  readonly copyRange: typeof copyRange;
  readonly seek: typeof seek;
  readonly pread: typeof pread;
  readonly pwrite: typeof pwrite;
  readonly punchHole: typeof punchHole;
  readonly fstat: typeof fstat;
}

export const nativeFileCopyCalls: FileCopyCalls = { cloneRange, copyRange, seek, pread, pwrite, punchHole, fstat };
