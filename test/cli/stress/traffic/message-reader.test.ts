import { expect } from 'chai';
import fc from 'fast-check';
import { DelayHistogram } from '../../../../src/cli/stress/timing/delay-histogram.js';
import { MessageReader } from '../../../../src/cli/stress/traffic/message-reader.js';
import { Stamp, STAMP_BYTES } from '../../../../src/cli/stress/traffic/stamp.js';
import { BufferList } from '../../../../src/core/memory/buffer-list.js';

const SENT_MS = 1_000;
const MOST = 4_096;

function messageOf(lengthBytes: number): Uint8Array {
  const stamp = new Stamp();
  stamp.write(lengthBytes, SENT_MS);
  const bytes = new Uint8Array(lengthBytes);
  bytes.set(stamp.bytes);
  return bytes;
}

describe('pollux stress: messages of a stream', () => {
  it('are counted and timed, however the stream is cut', () => {
    const lengths = fc.array(fc.integer({ min: STAMP_BYTES, max: 200 }), { maxLength: 12 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 64 }), (each, chunkBytes) => {
        const stream = Buffer.concat(each.map(messageOf));
        const delays = new DelayHistogram();
        const reader = new MessageReader(delays, MOST);
        for (let at = 0; at < stream.length; at += chunkBytes) {
          reader.read(BufferList.from(stream.subarray(at, at + chunkBytes)), SENT_MS + 5);
        }
        expect(reader.messages).to.equal(each.length).and.to.equal(delays.count);
        expect(delays.maxMs).to.equal(each.length === 0 ? 0 : 5);
      }),
    );
  });

  it('a message counts when its last byte has come, and not before', () => {
    const reader = new MessageReader(new DelayHistogram(), MOST);
    const message = messageOf(100);
    reader.read(BufferList.from(message.subarray(0, 99)), SENT_MS);
    expect(reader.messages).to.equal(0);
    reader.read(BufferList.from(message.subarray(99)), SENT_MS);
    expect(reader.messages).to.equal(1);
  });

  it('bytes that are not what was sent are refused', () => {
    for (const bytes of [new Uint8Array(40), messageOf(MOST + 1)]) {
      const reader = new MessageReader(new DelayHistogram(), MOST);
      expect(() => reader.read(BufferList.from(bytes), SENT_MS))
        .to.throw()
        .with.property('code', 'EBADMSG');
    }
  });
});
