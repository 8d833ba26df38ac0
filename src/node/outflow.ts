/** Bytes on their way from a stream to a connection, whose writer is told when the kernel has taken them. */
import type { Connection } from '../api/stream/connection.js';
import { AsyncScope } from '../core/reactor/async-scope.js';
import { FlushTurn } from './flush-turn.js';

/** A connection is given long chunks in such pieces, since what it can't send at once it copies. */
export const PIECE_BYTES = 256 * 1024;

type Told = (error?: Error) => void;

export class Outflow {
  private readonly scope = new AsyncScope('POLLUX_OUTFLOW');
  private pieces: readonly Uint8Array[] = [];
  /** Bytes of the first piece that the connection has. */
  private givenBytes = 0;
  private told: Told | undefined = undefined;

  constructor(private readonly connection: Connection) {}

  /**
   * @param told called once: when the kernel has all, or with what prevented that. Until then nothing else is given.
   */
  give(pieces: readonly Uint8Array[], told: Told): void {
    this.pieces = pieces;
    this.givenBytes = 0;
    this.told = told;
    this.advance();
  }

  /** Has FIN follow what was given. */
  end(told: Told): void {
    this.give([], error => {
      if (error === undefined) this.connection.end();
      told(error);
    });
  }

  /** The connection is closed: calls that wait are told. */
  breakOff(error: Error): void {
    this.settle(error);
  }

  /** Gives the connection what it takes without keeping anything, then waits until the kernel has taken the rest. */
  private advance(): void {
    const { connection } = this;
    let index = 0;
    try {
      while (connection.queuedBytes === 0) {
        const piece = this.pieces[index];
        if (piece === undefined) return this.settle(undefined);
        const mostBytes = Math.min(PIECE_BYTES, connection.terms.limits.maxQueuedBytes);
        const end = Math.min(this.givenBytes + mostBytes, piece.length);
        connection.send(end === piece.length && this.givenBytes === 0 ? piece : piece.subarray(this.givenBytes, end));
        // It broke within the call: onClose tells.
        if (connection.isClosed) return;
        this.givenBytes = end === piece.length ? 0 : end;
        if (this.givenBytes === 0) index++;
      }
      this.pieces = this.pieces.slice(index);
      connection.writes.takeTurn(new FlushTurn(connection.writes, () => this.scope.run(this.advance, this)));
    } catch (error) {
      this.settle(error as Error);
    }
  }

  private settle(error: Error | undefined): void {
    const { told } = this;
    this.pieces = [];
    this.told = undefined;
    told?.(error);
  }
}
