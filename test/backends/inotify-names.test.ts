/** What is refused to a file is told of the file, and not of the way by which the kernel is led to it. */
import { expect } from 'chai';
import { openBackend } from '../../src/backends/index.js';
import { InotifyQueues, type QueueMember } from '../../src/backends/sources/inotify-queue.js';
import { IN_MODIFY } from '../../src/sys/poll/inotify.js';
import { IoError } from '../../src/sys/ffi/io-error.js';

describe('what inotify refuses', function () {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('names the path that the user gave', () => {
    const backend = openBackend();
    const member: QueueMember = { watcher: undefined, isClosed: false, title: 'movie.mp4', onRecord: () => {} };
    const failure = failureOf(() => new InotifyQueues(backend).join(member, '/proc/self/fd/999999', IN_MODIFY));
    backend.close();
    expect(failure).to.include({ code: 'ENOENT', target: 'movie.mp4' });
    expect(failure.message).to.include('inotify_add_watch movie.mp4').and.not.to.include('/proc');
  });
});

function failureOf(run: () => unknown): IoError {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(IoError);
    return error as IoError;
  }
  throw new Error('nothing was refused');
}
