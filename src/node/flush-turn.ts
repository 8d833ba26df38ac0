/** Learning that the kernel has taken everything that a connection was given so far. */
import type { WriteSide, WriteTurn } from '../core/operations/write-turns.js';

/** Takes its place in the line of those who write, and writes nothing. */
export class FlushTurn implements WriteTurn {
  readonly sinkName = 'connection';
  readonly bytesSent = 0;
  readonly queuedBytes = 0;
  readonly isHeld = false;

  /** @param onFlushed called once, unless the connection breaks first, which `onClose` tells. */
  constructor(
    private readonly target: WriteSide,
    private readonly onFlushed: () => void,
  ) {}

  begin(): void {
    this.target.endTurn(this);
    this.onFlushed();
  }

  broken(): void {}
}
