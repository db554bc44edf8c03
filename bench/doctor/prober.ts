import { createConnection } from 'node:net';

/** Asks PING every millisecond, in a process of its own; answers every message with the times since the last one, in ms. */
const [port = 0] = process.argv.slice(2).map(Number);

const PING = Buffer.from('*1\r\n$4\r\nPING\r\n');
const socket = createConnection({ host: '127.0.0.1', port, noDelay: true });
let times: number[] = [];
let asked = 0;

const ask = (): void => {
  asked = performance.now();
  socket.write(PING);
};
socket.on('data', () => {
  times.push(performance.now() - asked);
  setTimeout(ask, 1);
});
socket.once('connect', ask);

process.on('message', () => {
  const sorted = times.sort((a, b) => a - b);
  times = [];
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  process.send?.({ count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) });
});
process.on('disconnect', () => {
  socket.destroy();
  process.kill(process.pid, 'SIGTERM');
});
