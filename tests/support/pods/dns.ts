import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** The addresses of a name, or undefined where there is no such name. */
export type Resolve = (name: string) => readonly string[] | undefined;

const HEADER = 12;
const A = 1;
const NXDOMAIN = 3;
const TTL_SECONDS = 5;

/** The DNS of a cluster: A records of Services and pods as they are now. Silent, it reads questions and drops them. */
export class Dns {
  silent = false;
  readonly #socket: Socket = createSocket('udp4');
  readonly #resolve: Resolve;

  constructor(resolve: Resolve) {
    this.#resolve = resolve;
    this.#socket.on('message', (question, { address, port }) => {
      const answer = this.silent ? undefined : answerTo(question, this.#resolve);
      if (answer) this.#socket.send(answer, port, address);
    });
    // A question that came from nowhere is nobody's loss.
    this.#socket.on('error', () => undefined);
  }

  /** Listens at an address; gives the port. */
  async listen(address: string): Promise<number> {
    this.#socket.bind(0, address);
    await once(this.#socket, 'listening');
    return this.#socket.address().port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

function answerTo(question: Buffer, resolve: Resolve): Buffer | undefined {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = question[at]; length; length = question[at]) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const end = at + 5;
  if (end > question.length) return undefined;
  const addresses = resolve(labels.join('.').toLowerCase());
  const found = question.readUInt16BE(at + 1) === A ? (addresses ?? []) : [];
  const header = Buffer.alloc(HEADER);
  question.copy(header, 0, 0, 2);
  // An authoritative answer, with recursion as if it were there.
  header.writeUInt16BE(0x8580 | (addresses ? 0 : NXDOMAIN), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  return Buffer.concat([header, question.subarray(HEADER, end), ...found.map(record)]);
}

/** One A record of the name in the question. */
function record(address: string): Buffer {
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(0xc000 | HEADER, 0);
  fixed.writeUInt16BE(A, 2);
  fixed.writeUInt16BE(1, 4);
  fixed.writeUInt32BE(TTL_SECONDS, 6);
  fixed.writeUInt16BE(4, 10);
  return Buffer.concat([fixed, Buffer.from(address.split('.').map(Number))]);
}
