// A stand-in for Azure Event Hubs: AMQP 1.0 on the loopback, events in memory, gone with the process.
// It answers what the azeventhubs client asks: claims, management, sending, receiving with owners.
'use strict';

const rhea = require('rhea');
const { parseArgs } = require('node:util');
const { Partition } = require('./partition.js');
const { startControl } = require('./control.js');

const BATCH_FORMAT = 0x80013700; // each data section of such a message is one encoded message
const MAX_MESSAGE_SIZE = 1024 * 1024;
const MAX_READERS = 5; // without an owner level, per partition and consumer group
const STOLEN = 'amqp:link:stolen';

const { values: args } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    hubs: { type: 'string', default: 'entra-logs:2' }, // name:partitions, comma-separated
    groups: { type: 'string', default: '$Default' },
    'retention-ms': { type: 'string', default: '0' },
    'stop-with-stdin': { type: 'boolean', default: false },
  },
});

const createdAt = Date.now();
const groups = new Set(args.groups.split(',').map((g) => g.toLowerCase()));
const hubs = new Map(
  args.hubs.split(',').map((entry) => {
    const [name, count] = entry.split(':');
    const partitions = Array.from({ length: Number(count) }, (_, i) => new Partition(name, String(i), Number(args['retention-ms'])));
    return [name.toLowerCase(), { name, partitions, turn: 0 }];
  })
);
const faults = { swallow: false, refuse: false, withhold: false, unauthorized: false, silent: false };
const connections = new Set();
const replies = new Map(); // reply-to address -> the link that carries answers there

const container = rhea.create_container({ id: 'hub' });
container.sasl_server_mechanisms.enable_anonymous();
container.on('connection_open', ({ connection }) => connections.add(connection));
container.on('disconnected', ({ connection }) => {
  connections.delete(connection);
  forgetReaders((reader) => reader.sender.connection === connection);
});
for (const trouble of ['error', 'connection_error', 'session_error', 'sender_error', 'receiver_error']) {
  container.on(trouble, () => {}); // clients that go away without a goodbye are everyday business here
}

// A client opened a link to send to us.
container.on('receiver_open', ({ receiver }) => {
  const address = receiver.target?.address ?? '';
  agreeOnSettlement(receiver);
  receiver.local.attach.max_message_size = MAX_MESSAGE_SIZE;
  const service = serviceFor(address);
  const destination = service ? null : parseAddress(address);
  if (!service && (!destination || destination.group)) {
    return refuse(receiver, 'amqp:not-found', `The messaging entity '${address}' could not be found.`);
  }
  receiver.set_source(receiver.source);
  receiver.set_target(receiver.target);
  receiver.take = service ?? ((message, format) => store(destination, message, format));
});

container.on('message', ({ receiver, message, format, delivery }) => {
  const refusal = receiver.take(message, format, receiver);
  if (refusal) delivery.reject(refusal);
  else delivery.accept();
});

// A client opened a link to receive from us.
container.on('sender_open', ({ sender }) => {
  const address = sender.source?.address ?? '';
  agreeOnSettlement(sender);
  if (serviceFor(address)) {
    sender.set_source(sender.source);
    sender.set_target(sender.target);
    replies.set(sender.target.address, sender);
    return;
  }
  const place = parseAddress(address);
  if (!place?.group || !place.partition) {
    return refuse(sender, 'amqp:not-found', `The messaging entity '${address}' could not be found.`);
  }
  sender.local.attach.snd_settle_mode = 1; // the client never settles: unsettled deliveries would pile up
  admit(sender, place);
});

container.on('sendable', ({ sender }) => sender.reader && pump(sender.reader));
container.on('sender_close', ({ sender }) => forgetSender(sender));
container.on('session_close', ({ session }) => {
  forgetReaders((reader) => reader.sender.session === session);
  for (const [address, sender] of replies) if (sender.session === session) replies.delete(address);
});

function forgetSender(sender) {
  if (sender.target?.address) replies.delete(sender.target.address);
  sender.reader?.partition.readers.delete(sender.reader);
}

function forgetReaders(isGone) {
  for (const { partitions } of hubs.values()) {
    for (const { readers } of partitions) for (const reader of readers) if (isGone(reader)) readers.delete(reader);
  }
}

// go-amqp compares the answer with what it asked for, and fails on any difference.
function agreeOnSettlement(link) {
  link.local.attach.snd_settle_mode = link.snd_settle_mode;
  link.local.attach.rcv_settle_mode = link.rcv_settle_mode;
}

function refuse(link, condition, description) {
  link.close({ condition, description }); // attached without source and target, then detached: refused
}

// parseAddress reads `hub`, `hub/Partitions/p` and `hub/ConsumerGroups/g/Partitions/p`.
function parseAddress(address) {
  const parts = address.split('/');
  const hub = hubs.get(parts[0].toLowerCase());
  if (!hub) return null;
  if (parts.length === 1) return { hub };
  const [group, id] = parts.length === 5 ? [parts[2], parts[4]] : [undefined, parts[2]];
  if (group !== undefined && !groups.has(group.toLowerCase())) return null;
  const partition = hub.partitions.find((p) => p.id === id);
  return partition ? { hub, partition, group: group?.toLowerCase() } : null;
}

function store({ hub, partition }, message, format) {
  if (faults.refuse) return { condition: 'com.microsoft:server-busy', description: 'refused on request' };
  if (faults.swallow) return null;
  const batch = format === BATCH_FORMAT;
  const envelope = batch ? rhea.message.decode(message) : message;
  const encoded = batch ? [envelope.body.content].flat() : [rhea.message.encode(message)];
  const key = envelope.message_annotations?.['x-opt-partition-key'];
  const target = partition ?? choosePartition(hub, key);
  for (const each of encoded) target.append(each, key);
  for (const reader of target.readers) pump(reader);
  return null;
}

function choosePartition(hub, key) {
  if (key === undefined) return hub.partitions[hub.turn++ % hub.partitions.length];
  let hash = 0;
  for (const byte of Buffer.from(String(key))) hash = (hash * 31 + byte) >>> 0;
  return hub.partitions[hash % hub.partitions.length];
}

// admit applies the service's rules about owners: a reader with an owner level (epoch) displaces
// those with an equal, a lower or no level; beside an owner, lower levels and none are refused.
function admit(sender, { hub, partition, group }) {
  const level = sender.properties?.['com.microsoft:epoch'];
  const epoch = level === undefined || level === null ? null : Number(level);
  const name = sender.properties?.['com.microsoft:receiver-name'] ?? sender.name;
  const next = partition.position(selectorOf(sender));
  if (next === undefined) return refuse(sender, 'amqp:invalid-field', 'the selector names no position');

  const rivals = [...partition.readers].filter((r) => r.group === group);
  const owner = rivals.find((r) => r.epoch !== null);
  if (owner && epoch === null) {
    return refuse(sender, STOLEN, `At least one receiver for the endpoint is created with epoch of '${owner.epoch}', and so non-epoch receiver is not allowed. Either reconnect with a higher epoch, or make sure all epoch receivers are closed or disconnected.`);
  }
  if (owner && owner.epoch > epoch) {
    return refuse(sender, STOLEN, `Receiver '${owner.name}' with a higher epoch '${owner.epoch}' already exists. Receiver '${name}' with epoch ${epoch} cannot be created. Make sure you are creating receiver with increasing epoch value to ensure connectivity, or ensure all old epoch receivers are closed or disconnected.`);
  }
  if (epoch === null && rivals.length >= MAX_READERS) {
    return refuse(sender, 'amqp:resource-limit-exceeded', `Exceeded the maximum number of allowed receivers per partition in a consumer group which is ${MAX_READERS}.`);
  }
  for (const rival of epoch === null ? [] : rivals) {
    partition.readers.delete(rival);
    rival.sender.close({ condition: STOLEN, description: `New receiver '${name}' with higher epoch of '${epoch}' is created hence current receiver '${rival.name}' with epoch '${rival.epoch}' is getting disconnected.` });
  }
  sender.set_source(sender.source);
  sender.set_target(sender.target);
  sender.reader = { sender, hub: hub.name, partition, group, epoch, name, next, scheduled: false };
  partition.readers.add(sender.reader);
}

function selectorOf(sender) {
  const filter = sender.source.filter?.['apache.org:selector-filter:string'];
  return filter?.value ?? filter ?? "amqp.annotation.x-opt-offset > '@latest'";
}

// pump hands a reader what its credit allows, then lets the connection write before it goes on.
function pump(reader) {
  const { sender, partition } = reader;
  if (reader.scheduled || faults.withhold || !partition.readers.has(reader)) return;
  reader.next = Math.max(reader.next, partition.first); // what retention took is passed over
  let sent = 0;
  while (reader.next < partition.next && sender.sendable() && sent < sender.credit) {
    sender.send(partition.at(reader.next).bytes, undefined, 0);
    reader.next++;
    sent++;
  }
  if (sent === 0) return;
  reader.scheduled = true;
  setImmediate(() => {
    reader.scheduled = false;
    pump(reader);
  });
}

function serviceFor(address) {
  if (address === '$cbs') return answerClaim;
  if (address.endsWith('$management')) return answerManagement;
  return null;
}

function answerClaim(request) {
  if (faults.silent) return null;
  reply(request, faults.unauthorized ? 401 : 202, faults.unauthorized ? 'refused on request' : 'Accepted');
  return null;
}

function answerManagement(request) {
  if (faults.silent) return null;
  const asked = request.application_properties ?? {};
  const hub = hubs.get(String(asked.name).toLowerCase());
  const partition = hub?.partitions.find((p) => p.id === asked.partition);
  if (hub && asked.type === 'com.microsoft:eventhub') reply(request, 200, 'OK', hubProperties(hub));
  else if (partition && asked.type === 'com.microsoft:partition') reply(request, 200, 'OK', partition.properties());
  else reply(request, 404, 'The messaging entity could not be found.');
  return null;
}

function hubProperties(hub) {
  return {
    name: hub.name,
    type: 'com.microsoft:eventhub',
    created_at: rhea.types.wrap_timestamp(createdAt),
    partition_count: rhea.types.wrap_int(hub.partitions.length),
    partition_ids: rhea.types.wrap_array(hub.partitions.map((p) => p.id), 0xb1),
    georeplication_factor: rhea.types.wrap_int(1),
  };
}

function reply(request, code, description, body = null) {
  replies.get(request.reply_to)?.send({
    correlation_id: request.message_id,
    application_properties: { 'status-code': rhea.types.wrap_int(code), 'status-description': description },
    body,
  });
}

const server = container.listen({ host: '127.0.0.1', port: Number(args.port), autoaccept: false, tcp_no_delay: true });
server.on('listening', async () => {
  const control = await startControl({ hubs, faults, connections, pump });
  process.stdout.write(`${JSON.stringify({ amqp: `127.0.0.1:${server.address().port}`, control })}\n`);
});
server.on('error', (problem) => {
  process.stderr.write(`hub: cannot listen on 127.0.0.1:${args.port}: ${problem.message}\n`);
  process.exit(2);
});
if (args['stop-with-stdin']) process.stdin.on('end', () => process.exit(0)).resume();
