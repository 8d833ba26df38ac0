/** The bodies of one exchange that go from socket to socket. */
import { Connection } from '../../../../index.js';
import type { SplicingClient } from './exchange-client.js';
import type { IncomingBody } from '../messages/message-body.js';
import { Splice, SPLICE_FROM_BYTES } from './splice.js';
import type { UpstreamLink } from '../links/upstream-link.js';

export class ExchangeSplices {
  /** Bytes of the response that went so. */
  responseBytes = 0;
  private ofRequest: Splice | undefined = undefined;
  private ofResponse: Splice | undefined = undefined;

  constructor(private readonly client: SplicingClient) {}

  get hasRequest(): boolean {
    return this.ofRequest !== undefined;
  }

  get hasResponse(): boolean {
    return this.ofResponse !== undefined;
  }

  /** Of the request, by what is under way. */
  get requestBytes(): number {
    return this.ofRequest?.bytes ?? 0;
  }

  get isBusy(): boolean {
    return this.hasRequest || this.hasResponse;
  }

  get movedBytes(): number {
    return (this.ofRequest?.bytes ?? 0) + (this.ofResponse?.bytes ?? 0);
  }

  /** Whether the rest of a body is long enough, and both ends are sockets of the kernel. */
  isWorth({ leftBytes }: IncomingBody): boolean {
    return leftBytes >= SPLICE_FROM_BYTES && this.client.stream instanceof Connection;
  }

  /** Moves the rest of a request. @param onOver with bytes missing, it was cut short. */
  request(body: IncomingBody, link: UpstreamLink, onOver: (failure: Error | undefined) => void): void {
    const { client } = this;
    client.leave();
    this.ofRequest = new Splice({
      source: client.stream as Connection,
      target: link.connection,
      lengthBytes: body.leftBytes,
      bytesPerSecond: client.bytesPerSecond,
      onOver: (splice, failure) => {
        this.ofRequest = undefined;
        body.leftBytes -= splice.bytes;
        body.takenBytes += splice.bytes;
        client.onSpliced('toUpstream', splice);
        client.listen();
        onOver(failure);
      },
    });
  }

  /** Moves the rest of a response. @param onOver with bytes missing, it was cut short. */
  response(body: IncomingBody, link: UpstreamLink, onOver: (bytes: number, failure: Error | undefined) => void): void {
    const { client } = this;
    link.goOn();
    link.leave();
    this.ofResponse = new Splice({
      source: link.connection,
      target: client.stream as Connection,
      lengthBytes: body.leftBytes,
      bytesPerSecond: client.bytesPerSecond,
      onOver: (splice, failure) => {
        this.endResponse(splice);
        body.leftBytes -= splice.bytes;
        if (!link.isClosed) link.listen();
        onOver(splice.bytes, failure);
      },
    });
  }

  setRate(bytesPerSecond: number): void {
    for (const splice of [this.ofRequest, this.ofResponse]) {
      if (splice !== undefined) splice.bytesPerSecond = bytesPerSecond;
    }
  }

  /** Stops what is under way: bytes that moved are counted. */
  cancel(): void {
    const { ofRequest, ofResponse } = this;
    if (ofRequest !== undefined) {
      ofRequest.cancel();
      this.ofRequest = undefined;
      this.client.onSpliced('toUpstream', ofRequest);
    }
    if (ofResponse !== undefined) {
      ofResponse.cancel();
      this.endResponse(ofResponse);
    }
  }

  private endResponse(splice: Splice): void {
    this.ofResponse = undefined;
    this.responseBytes += splice.bytes;
    const { bodyBytes } = this.client.gateway.counts;
    bodyBytes.spliced += splice.splicedBytes;
    bodyBytes.buffers += splice.bytes - splice.splicedBytes;
    this.client.onSpliced('toClient', splice);
  }
}
