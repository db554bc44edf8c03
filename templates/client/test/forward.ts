import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { View } from '../src/description.js';

/** Published ports: a second way to servers that know nothing of it and announce the first. */
export async function publish(servers: readonly { readonly port: number }[]) {
  const doors = await Promise.all(servers.map(({ port }) => openDoor(port)));
  const addressMap = Object.fromEntries(
    doors.map((door, index) => [`127.0.0.1:${servers[index]?.port}`, door.address]),
  );
  return {
    view: (seeds: number): View => ({
      addresses: doors.slice(0, seeds).map((door) => door.address),
      addressMap,
    }),
    passed: () => doors.map((door) => door.count()),
    /** Passes nothing on any more through connections made so far, as where a server or the network hangs. */
    hush: () => {
      for (const door of doors) door.hush();
    },
    close: () => {
      for (const door of doors) door.close();
    },
  };
}

async function openDoor(target: number) {
  const sockets: Socket[] = [];
  let hushed = 0;
  const server = createServer((inner) => {
    const outer = connect(target, '127.0.0.1');
    sockets.push(inner, outer);
    inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
    outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
    inner.pipe(outer).pipe(inner);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    count: () => sockets.length / 2,
    hush: () => {
      for (; hushed < sockets.length; hushed++) sockets[hushed]?.unpipe().resume();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
