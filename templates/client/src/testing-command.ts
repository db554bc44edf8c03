import { connect } from 'node:net';

/** What a server says: a text, a number, nothing, or a list of these. */
export type Answer = string | number | null | readonly Answer[];

/** Sends one command on a connection of its own; rejects with the words of the server, or where it says nothing in time. */
export function command(port: number, words: readonly string[], withinMs = 2000): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = Buffer.alloc(0);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const fail = (error: Error): void => end(() => reject(error));
    const timer = setTimeout(() => fail(new Error(`port ${port} said nothing for ${withinMs} ms`)), withinMs);
    socket.on('error', fail);
    socket.on('close', () => fail(new Error(`port ${port} closed the connection`)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const read = readAnswer(received, 0);
      if (read === undefined) return;
      const { answer } = read;
      if (answer instanceof Error) fail(answer);
      else end(() => resolve(answer));
    });
    socket.write(`*${words.length}\r\n${words.map(encode).join('')}`);
  });
}

const encode = (word: string): string => `$${Buffer.byteLength(word)}\r\n${word}\r\n`;

interface Read {
  readonly answer: Answer | Error;
  /** Where the next one begins. */
  readonly end: number;
}

/** Reads an answer in the second version of the protocol; undefined where it has not arrived as a whole. */
function readAnswer(bytes: Buffer, start: number): Read | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('utf8', start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes.toString('latin1', start, start + 1)) {
    case '-':
      return { answer: new Error(line), end };
    case ':':
      return { answer: Number(line), end };
    case '$':
      return readText(bytes, end, Number(line));
    case '*':
      return readList(bytes, end, Number(line));
    default:
      return { answer: line, end };
  }
}

function readText(bytes: Buffer, start: number, length: number): Read | undefined {
  if (length < 0) return { answer: null, end: start };
  const end = start + length;
  return bytes.length < end + 2 ? undefined : { answer: bytes.toString('utf8', start, end), end: end + 2 };
}

function readList(bytes: Buffer, start: number, length: number): Read | undefined {
  if (length < 0) return { answer: null, end: start };
  const answers: Answer[] = [];
  let end = start;
  while (answers.length < length) {
    const read = readAnswer(bytes, end);
    if (read === undefined) return undefined;
    answers.push(read.answer instanceof Error ? read.answer.message : read.answer);
    end = read.end;
  }
  return { answer: answers, end };
}
