// One partition: an append-only log in memory, and the positions that a selector can name in it.
'use strict';

const rhea = require('rhea');
const { types } = rhea;

const MESSAGE_ANNOTATIONS = 0x72;
const POSITION = /^amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time)\s*(>=?)\s*'(.+)'$/;

class Partition {
  constructor(hub, id, retentionMs) {
    this.hub = hub;
    this.id = id;
    this.retentionMs = retentionMs;
    this.events = [];
    this.first = 0; // sequence number of events[0]
    this.nextOffset = 0;
    this.lastEnqueuedAt = 0;
    this.lastOffset = '-1';
    this.readers = new Set();
  }

  get next() {
    return this.first + this.events.length;
  }

  // append stores one encoded AMQP message under this partition's next sequence number. The message
  // is kept byte for byte behind its annotations, so that property types survive the round trip.
  append(encoded, partitionKey, enqueuedAt = Date.now()) {
    const { annotations, rest } = splitAnnotations(encoded);
    const key = partitionKey ?? annotations['x-opt-partition-key'];
    const stamped = {
      ...annotations,
      'x-opt-sequence-number': types.wrap_long(this.next),
      'x-opt-offset': types.wrap_string(String(this.nextOffset)),
      'x-opt-enqueued-time': types.wrap_timestamp(enqueuedAt),
    };
    if (key !== undefined) stamped['x-opt-partition-key'] = types.wrap_string(String(key));
    const writer = new types.Writer();
    writer.write(types.described(types.wrap_ulong(MESSAGE_ANNOTATIONS), types.wrap_symbolic_map(stamped)));
    const bytes = Buffer.concat([writer.toBuffer(), rest]);
    this.events.push({ bytes, offset: this.nextOffset, enqueuedAt });
    this.lastOffset = String(this.nextOffset);
    this.lastEnqueuedAt = enqueuedAt;
    this.nextOffset += bytes.length; // offsets are not sequence numbers, and must not be taken for them
    this.expire();
  }

  expire() {
    if (!this.retentionMs) return;
    const oldest = Date.now() - this.retentionMs;
    let gone = 0;
    while (gone < this.events.length && this.events[gone].enqueuedAt < oldest) gone++;
    this.forget(gone);
  }

  // forget drops the oldest events; their sequence numbers are never given again.
  forget(count) {
    const gone = Math.min(Math.max(count, 0), this.events.length);
    if (gone === 0) return;
    this.events.splice(0, gone);
    this.first += gone;
  }

  at(sequence) {
    return this.events[sequence - this.first];
  }

  // position translates a selector into the sequence number to begin with, or undefined if it cannot.
  position(selector) {
    this.expire();
    const match = POSITION.exec(String(selector).trim());
    if (!match) return undefined;
    const [, field, operator, value] = match;
    if (value === '@latest') return this.next;
    if (field === 'offset' && value === '-1') return this.first;
    const wanted = Number(value);
    if (!Number.isFinite(wanted)) return undefined;
    const reached = (found) => (operator === '>' ? found > wanted : found >= wanted);
    if (field === 'sequence-number') return operator === '>' ? wanted + 1 : wanted;
    const index = this.events.findIndex((e) => reached(field === 'offset' ? e.offset : e.enqueuedAt));
    return index < 0 ? this.next : this.first + index;
  }

  properties() {
    this.expire();
    return {
      name: this.hub,
      type: 'com.microsoft:partition',
      partition: this.id,
      begin_sequence_number: types.wrap_long(this.events.length ? this.first : this.next),
      last_enqueued_sequence_number: types.wrap_long(this.next - 1),
      last_enqueued_offset: this.lastOffset,
      last_enqueued_time_utc: types.wrap_timestamp(this.lastEnqueuedAt),
      is_partition_empty: this.events.length === 0,
    };
  }
}

// splitAnnotations cuts an encoded message behind the sections that a broker may rewrite: header,
// delivery annotations and message annotations come first, in this order (AMQP 1.0, part 3.2).
function splitAnnotations(encoded) {
  const reader = new types.Reader(encoded);
  let annotations = {};
  while (reader.remaining() > 0) {
    const start = reader.position;
    const code = sectionCode(encoded, start);
    if (code > MESSAGE_ANNOTATIONS) return { annotations, rest: encoded.subarray(start) };
    const section = reader.read();
    if (code === MESSAGE_ANNOTATIONS) annotations = types.unwrap_map_simple(section);
  }
  return { annotations, rest: Buffer.alloc(0) };
}

function sectionCode(buffer, start) {
  const small = buffer[start + 1] === 0x53; // smallulong, else a full ulong of eight bytes
  return small ? buffer[start + 2] : buffer[start + 9];
}

module.exports = { Partition };
