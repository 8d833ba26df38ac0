/** Files of a directory as answers to requests. */
import { IoError, open, type Directory } from '../../index.js';
import { fileNameOf } from './file-name.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';

/** What `open` says of names that lead to no file of the directory. */
const NOT_THERE = /^E(NOENT|NOTDIR|ISDIR|INVAL|NXIO|XDEV|LOOP|ACCES|NAMETOOLONG)$/;

/** Sends the file that the path names. */
export async function answerFromDirectory(
  directory: Directory,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const name = fileNameOf(request.path, { dotFiles: 'deny' });
  if (name === undefined || name === '') return notFound(response);
  try {
    await using file = await open(name, { beneath: directory });
    const { sizeBytes } = file.statAtOpen;
    response.begin(200, {}, sizeBytes);
    await response.sendFile(file, { offset: 0, length: sizeBytes });
    response.end();
  } catch (error) {
    if (!(error instanceof IoError && NOT_THERE.test(error.code)) || response.hasBegun) throw error;
    notFound(response);
  }
}

function notFound(response: HttpResponse): void {
  response.send(404, { 'Content-Type': 'text/plain' }, 'not found\n');
}
