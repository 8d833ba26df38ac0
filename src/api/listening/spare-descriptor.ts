/**
 * A descriptor kept in reserve by a listener: given up for a moment, it lets a connection be accepted for which there
 * is no descriptor, so that it can be closed instead of waiting for ever.
 */
import { AF_UNIX, SOCK_STREAM } from '../../sys/ffi/constants.js';
import { close } from '../../sys/file/io.js';
import { accept, openSocket } from '../../sys/socket/socket.js';

export class SpareDescriptor {
  private fd = openSpare();

  /** After it could not be opened again: tries to. */
  renew(): void {
    if (this.fd < 0) this.fd = openSpare();
  }

  /**
   * Accepts those who wait, one by one, and closes them.
   *
   * @param listening the descriptor that they wait at. @returns how many there were, up to `most`.
   */
  shed(listening: number, most: number): number {
    let count = 0;
    while (count < most && this.fd >= 0) {
      close(this.fd);
      this.fd = -1;
      const refused = accept(listening);
      if (refused >= 0) {
        close(refused);
        count++;
      }
      this.fd = openSpare();
      if (refused < 0) break;
    }
    return count;
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }
}

/** -1 where not even one is left: then there is none in reserve. */
function openSpare(): number {
  try {
    return openSocket(AF_UNIX, SOCK_STREAM);
  } catch {
    return -1;
  }
}
