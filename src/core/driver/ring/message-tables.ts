/** Headers and tables of vectored sends. The kernel reads them as it takes a submission, and not later. */
import { IovecTable } from '../../memory/iovec-table.js';
import { MessageHeader } from '../../../sys/socket/socket.js';

/** Pieces of one send; those that are left follow with the next. */
export const PIECES = 8;
/** Vectored sends of one call. */
const TABLES = 64;

export interface MessageTable {
  readonly iovecs: IovecTable;
  readonly header: MessageHeader;
}

export class MessageTables {
  private readonly tables: MessageTable[] = [];
  private used = 0;

  /** @returns undefined: all are in use until `reuse`. */
  take(): MessageTable | undefined {
    if (this.used === TABLES) return undefined;
    if (this.used === this.tables.length) {
      const iovecs = new IovecTable(PIECES);
      this.tables.push({ iovecs, header: new MessageHeader(iovecs.address) });
    }
    return this.tables[this.used++];
  }

  /** The kernel has taken all submissions. */
  reuse(): void {
    this.used = 0;
  }
}
