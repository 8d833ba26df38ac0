/** A file as the answer to a request: whole, in parts, or not at all, as the request and the versions have it. */
import { randomBytes } from 'node:crypto';
import { BufferList } from '../../index.js';
import type { HttpRequest } from '../http/http-request.js';
import type { HttpResponse } from '../http/http-response.js';
import { preferredForm } from './content-coding.js';
import { allowsRange, evaluate } from './preconditions.js';
import { contentRange, selectRanges, type ByteRange } from './ranges.js';
import type { FileResource } from './resource.js';
import type { ServedFile } from './served-file.js';

/** A request with what it is answered by. */
export interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  /** Fields of this answer alone, each line with its end: what depends on who asks. */
  readonly extra: string;
}

/**
 * Answers GET or HEAD with a file.
 *
 * @returns undefined if all was sent by this call; otherwise a promise that resolves when it has been.
 * @throws (by the promise) RangeError, IoError EBADF, and the response has not begun: the file is not what it was. What
 *   else `sendFile` throws: the response broke.
 */
export function deliver(resource: FileResource, exchange: Exchange): Promise<void> | undefined {
  const { request } = exchange;
  const form = formFor(resource, request);
  if (!request.isConditional) return deliverWhole(form, exchange);
  const verdict = evaluate(request, form);
  if (verdict === 'not modified') return sendHead(304, '', form, exchange);
  if (verdict === 'failed') return sendHead(412, 'Content-Length: 0\r\n', form, exchange);
  const asked = request.method === 'GET' && allowsRange(request, form) ? request.get('range') : undefined;
  const selection = selectRanges(asked, form.sizeBytes);
  if (selection === 'whole') return deliverWhole(form, exchange);
  if (selection === 'nothing') {
    return sendHead(416, `Content-Range: bytes */${form.sizeBytes}\r\nContent-Length: 0\r\n`, form, exchange);
  }
  return selection.length === 1 ? deliverPart(form, selection[0], exchange) : deliverParts(form, selection, exchange);
}

/**
 * Answers with a file in the place of what was asked for: whatever the request says of versions and parts is of no
 * account.
 */
export function deliverPage(status: number, resource: FileResource, exchange: Exchange): Promise<void> | undefined {
  const form = formFor(resource, exchange.request);
  return deliverAs(status, form, exchange);
}

function formFor({ forms }: FileResource, request: HttpRequest): ServedFile {
  return forms.length === 1 ? forms[0] : preferredForm(request.get('accept-encoding'), forms);
}

function deliverWhole(form: ServedFile, exchange: Exchange): Promise<void> | undefined {
  const { request, response, extra } = exchange;
  if (extra !== '') return deliverAs(200, form, exchange);
  const { minorVersion } = request;
  const { keepAlive } = response;
  if (request.method === 'HEAD') {
    response.sendWhole(200, form.head(minorVersion, keepAlive), 0);
    return undefined;
  }
  const message = form.message(minorVersion, keepAlive);
  if (form.file !== undefined) {
    return response.sendWholeFile(200, form.file, { offset: 0, length: form.sizeBytes, before: message });
  }
  response.sendWhole(200, message, form.sizeBytes);
  return undefined;
}

/** As `deliverWhole`, with a head that was not prepared. */
function deliverAs(status: number, form: ServedFile, exchange: Exchange): Promise<void> | undefined {
  const fields = `Content-Length: ${form.sizeBytes}\r\n${status === 200 ? 'Accept-Ranges: bytes\r\n' : ''}`;
  if (exchange.request.method === 'HEAD') return sendHead(status, fields, form, exchange);
  return sendRange(
    headOf(status, fields, form, exchange),
    { offset: 0, length: form.sizeBytes },
    form,
    exchange.response,
    status,
  );
}

function headOf(status: number, fields: string, form: ServedFile, { request, response, extra }: Exchange): Buffer {
  const head = form.headFor(status, request.minorVersion, response.keepAlive);
  return Buffer.from(`${head}${fields}${extra}\r\n`, 'latin1');
}

function sendHead(status: number, fields: string, form: ServedFile, exchange: Exchange): undefined {
  exchange.response.sendWhole(status, headOf(status, fields, form, exchange), 0);
}

function deliverPart(form: ServedFile, range: ByteRange, exchange: Exchange): Promise<void> | undefined {
  const fields = `Content-Range: ${contentRange(range, form.sizeBytes)}\r\nContent-Length: ${range.length}\r\n`;
  return sendRange(headOf(206, fields, form, exchange), range, form, exchange.response, 206);
}

function sendRange(
  before: Buffer,
  range: ByteRange,
  form: ServedFile,
  response: HttpResponse,
  status: number,
): Promise<void> | undefined {
  if (form.file !== undefined) return response.sendWholeFile(status, form.file, { ...range, before });
  response.sendWhole(status, BufferList.from(before, partOf(form.content!, range)), range.length);
  return undefined;
}

/** As multipart/byteranges. RFC 9110, 14.6 */
function deliverParts(form: ServedFile, ranges: readonly ByteRange[], exchange: Exchange): Promise<void> | undefined {
  const { response } = exchange;
  const boundary = randomBytes(12).toString('hex');
  const type = /^Content-Type: (.*)\r\n/m.exec(form.contentFields)![1];
  const lines = ranges.map(range => {
    const place = `Content-Range: ${contentRange(range, form.sizeBytes)}\r\n\r\n`;
    return Buffer.from(`\r\n--${boundary}\r\nContent-Type: ${type}\r\n${place}`, 'latin1');
  });
  const last = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1');
  const bodyBytes = ranges.reduce((sum, range, index) => sum + lines[index].length + range.length, last.length);
  const head = headOf(206, `Content-Length: ${bodyBytes}\r\n`, form, exchange)
    .toString('latin1')
    .replace(/^Content-Type: .*\r\n/m, `Content-Type: multipart/byteranges; boundary=${boundary}\r\n`);
  const first = Buffer.from(head, 'latin1');
  if (form.file === undefined) {
    const message = BufferList.from(first);
    ranges.forEach((range, index) => message.append(lines[index]).append(partOf(form.content!, range)));
    response.sendWhole(206, message.append(last), bodyBytes);
    return undefined;
  }
  const parts = ranges.map((range, index) => ({
    ...range,
    before: index === 0 ? Buffer.concat([first, lines[0]]) : lines[index],
  }));
  return response.sendWholeParts(206, form.file, { parts, after: last, bodyBytes });
}

function partOf(content: Buffer, { offset, length }: ByteRange): Buffer {
  return content.subarray(offset, offset + length);
}
