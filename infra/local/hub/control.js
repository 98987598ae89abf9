// The tests' side door: what the hub holds, who reads, and faults to order. Loopback only.
'use strict';

const http = require('node:http');
const { message } = require('rhea');

function startControl(hub) {
  const server = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      try {
        const body = text === '' ? {} : JSON.parse(text);
        answer(response, 200, route(hub, `${request.method} ${request.url}`, body));
      } catch (problem) {
        answer(response, 400, { error: problem.message });
      }
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}

function answer(response, status, value) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function route(hub, call, body) {
  switch (call) {
    case 'GET /state':
      return state(hub);
    case 'POST /faults':
      return setFaults(hub, body);
    case 'POST /append':
      return append(hub, body);
    case 'POST /forget':
      partitionOf(hub, body).forget(body.count);
      return state(hub);
    case 'POST /drop':
      for (const connection of hub.connections) connection.socket?.destroy();
      return {};
    default:
      throw new Error(`no such call: ${call}`);
  }
}

function state({ hubs, faults }) {
  const partitions = [...hubs.values()].flatMap((h) => h.partitions);
  return {
    faults,
    partitions: partitions.map((p) => ({ hub: p.hub, id: p.id, first: p.first, next: p.next })),
    readers: partitions.flatMap((p) =>
      [...p.readers].map((r) => ({ hub: p.hub, partition: p.id, group: r.group, epoch: r.epoch, name: r.name, next: r.next }))
    ),
  };
}

function setFaults({ hubs, faults, pump }, wanted) {
  for (const [name, on] of Object.entries(wanted)) {
    if (!(name in faults) || typeof on !== 'boolean') throw new Error(`no such fault: ${name}`);
    faults[name] = on;
  }
  for (const { partitions } of hubs.values()) for (const { readers } of partitions) readers.forEach(pump);
  return faults;
}

// append stores events as a producer would have, at a time of the caller's choosing.
function append(hub, { bodies, enqueuedAt, properties, ...place }) {
  const partition = partitionOf(hub, place);
  const when = enqueuedAt ? Date.parse(enqueuedAt) : Date.now();
  for (const body of bodies) {
    const content = message.data_section(Buffer.from(body, 'base64'));
    partition.append(message.encode({ application_properties: properties, body: content }), undefined, when);
  }
  partition.readers.forEach(hub.pump);
  return { next: partition.next };
}

function partitionOf({ hubs }, { hub, partition }) {
  const found = hubs.get(String(hub).toLowerCase())?.partitions.find((p) => p.id === String(partition));
  if (!found) throw new Error(`no such partition: ${hub}/${partition}`);
  return found;
}

module.exports = { startControl };
