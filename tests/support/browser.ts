import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { tool } from './engines.ts';
import { leash } from './leash.ts';
import { end } from './process.ts';

/** What a machine that has a browser of its own calls it. */
const NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chrome'];

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--hide-scrollbars',
  '--remote-debugging-pipe',
];

function program(): string {
  try {
    return tool('chromium');
  } catch (error) {
    const folders = (process.env.PATH ?? '').split(delimiter);
    const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(canRun);
    if (!found) throw error;
    return found;
  }
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface View {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

/** A page that is open. */
export interface Page {
  /** Errors that scripts threw, what was written to the console, and what the policy refused. */
  readonly complaints: readonly string[];
  /** Addresses that were asked for after the page itself. */
  readonly requests: readonly string[];
  show(view: View): Promise<void>;
  /** The value of an expression in the page, as JSON carries it. */
  value<T>(expression: string): Promise<T>;
  /** A picture of all of it, as PNG. */
  picture(): Promise<Buffer>;
  close(): Promise<void>;
}

/** A headless Chromium, spoken to through pipes: it needs no port and no library. */
export async function openPage(file: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'redis-stack-browser-'));
  const child = spawn(program(), [...FLAGS, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  leash(child);
  const complaints: string[] = [];
  const requests: string[] = [];
  const heard = ({ method, params = {} }: Message) => {
    if (
      method === 'Runtime.exceptionThrown' ||
      method === 'Runtime.consoleAPICalled' ||
      method === 'Log.entryAdded'
    )
      complaints.push(JSON.stringify(params));
    if (method === 'Network.requestWillBeSent') requests.push((params.request as { url: string }).url);
  };
  const call = speaker(child, heard);
  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  const ask = (method: string, params: object = {}) => call(method, params, String(sessionId));
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await ask(`${domain}.enable`);
  const address = pathToFileURL(file).href;

  const page: Page = {
    complaints,
    requests,
    async show({ width, scheme }) {
      const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 };
      await ask('Emulation.setDeviceMetricsOverride', metrics);
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await ask('Emulation.setEmulatedMedia', { features });
      await ask('Page.navigate', { url: address });
      await page.value(
        `new Promise((resolve) => { const look = () => document.readyState === 'complete' && location.protocol === 'file:' ? requestAnimationFrame(() => setTimeout(resolve, 50)) : setTimeout(look, 10); look(); })`,
      );
      requests.splice(0, requests.length, ...requests.filter((url) => url !== address));
    },
    async value<T>(expression: string) {
      const asked = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await ask('Runtime.evaluate', asked);
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value: T }).value;
    },
    async picture() {
      const asked = { format: 'png', captureBeyondViewport: true };
      const { data } = await ask('Page.captureScreenshot', asked);
      return Buffer.from(String(data), 'base64');
    },
    async close() {
      await end(child, 'SIGTERM');
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return page;
}

type Call = (
  method: string,
  params: object,
  sessionId?: string,
) => Promise<Readonly<Record<string, unknown>>>;

/** Messages are JSON with a zero byte behind each. */
function speaker(child: ChildProcess, heard: (message: Message) => void): Call {
  const waiting = new Map<number, (message: Message) => void>();
  const [into, from] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const gone = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`The browser ended with ${code}`)));
    child.once('error', reject);
  });
  gone.catch(() => undefined);
  // A browser that ends takes its pipes along; its end is what is reported.
  for (const end of [into, from]) end.on('error', () => undefined);
  let rest = '';
  from.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id === undefined) heard(message);
      else waiting.get(message.id)?.(message);
    }
  });
  let last = 0;
  return (method, params, sessionId) => {
    last += 1;
    const id = last;
    const answer = new Promise<Readonly<Record<string, unknown>>>((resolve, reject) => {
      waiting.set(id, ({ result = {}, error }) => {
        waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result);
      });
    });
    into.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return Promise.race([answer, gone]);
  };
}
