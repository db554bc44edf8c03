import { createConnection, type Socket } from 'node:net';

/**
 * Reads and writes its own keys: as many as are asked for in a second, or, for a rate of 0, as many as the server gives.
 * Then it also has bits counted, which costs the server many times what it costs to ask: so it is the server that is full, and
 * not this process. A process of its own; answers every message with the commands that were answered so far.
 */
const [port = 0, rate = 0] = process.argv.slice(2).map(Number);

const VALUE = 'v'.repeat(64);
const KEYS = 100_000;
const CONNECTIONS = 8;
const ROUNDS_AT_ONCE = 20;
const BITS = 'load:bits';
const BITS_BYTES = 65_536;
const EVERY_MS = 5;
const isFull = rate === 0;
/** Replies are counted by their bytes. Of the eight bits of a `v` five are set. */
const ROUND_BYTES =
  '+OK\r\n'.length + `$64\r\n${VALUE}\r\n`.length + (isFull ? `:${5 * BITS_BYTES}\r\n`.length : 0);
const COMMANDS = isFull ? 3 : 2;

const words = (...all: readonly string[]): string =>
  `*${all.length}\r\n${all.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;

function rounds(count: number): Buffer {
  const texts = Array.from({ length: count }, () => {
    const key = `load:${Math.floor(Math.random() * KEYS)}`;
    return words('SET', key, VALUE) + words('GET', key) + (isFull ? words('BITCOUNT', BITS) : '');
  });
  return Buffer.from(texts.join(''));
}

const perTick = Math.max(1, Math.round((rate * EVERY_MS) / 1000 / 2 / CONNECTIONS));
const atOnce = isFull ? ROUNDS_AT_ONCE : perTick;
const batches = Array.from({ length: 200 }, () => rounds(atOnce));
let next = 0;
const batch = (): Buffer => batches[next++ % batches.length] ?? Buffer.alloc(0);

let bytes = 0;

function saturate(socket: Socket): void {
  let open = atOnce * ROUND_BYTES;
  socket.write(batch());
  socket.on('data', ({ length }) => {
    bytes += length;
    open -= length;
    if (open > 0) return;
    open = atOnce * ROUND_BYTES;
    socket.write(batch());
  });
}

const sockets = Array.from({ length: CONNECTIONS }, () =>
  createConnection({ host: '127.0.0.1', port, noDelay: true }),
);
if (isFull) {
  const [first] = sockets;
  first?.write(words('SET', BITS, 'v'.repeat(BITS_BYTES)));
  first?.once('data', () => sockets.forEach(saturate));
} else {
  for (const socket of sockets)
    socket.on('data', ({ length }) => {
      bytes += length;
    });
  const begun = performance.now();
  let sent = 0;
  setInterval(() => {
    // What a busy machine has made late is made up for.
    const due = Math.floor(((performance.now() - begun) / 1000) * rate);
    while (sent < due) {
      for (const socket of sockets) socket.write(batch());
      sent += CONNECTIONS * atOnce * COMMANDS;
    }
  }, EVERY_MS);
}

process.on('message', () => process.send?.((bytes / ROUND_BYTES) * COMMANDS));
process.on('disconnect', () => {
  for (const socket of sockets) socket.destroy();
  process.exitCode = 0;
  process.kill(process.pid, 'SIGTERM');
});
