import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { parseFields } from '../../src/redis/replies.ts';
import { engine, newest } from '../../tests/support/engines.ts';
import { type Server, startServer } from '../../tests/support/servers.ts';
import { PLANTED, plant, useKeys } from './planted.ts';

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    engine: { type: 'string', default: '' },
    tools: { type: 'string', default: 'doctor,bigkeys,memkeys,hotkeys,memory-doctor' },
    sample: { type: 'string', default: '10000' },
  },
});

const run = promisify(execFile);
const file = (name: string): string => fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
const say = (text: string): void => void process.stderr.write(`  ${text}\n`);
const [name = 'redis', line = ''] = values.engine.split(':');
const on = line === '' ? newest('redis') : engine(name as 'redis' | 'valkey', line);

/** The server has a processor for itself; everything else, which inherits it from here, shares the other ones. */
async function pin(pid: number | undefined, others: boolean): Promise<void> {
  const count = cpus().length;
  if (pid === undefined || count < 2) return;
  await run('taskset', ['-a', '-cp', others ? `1-${count - 1}` : '0', String(pid)]).catch(() => undefined);
}

async function helper(script: string, ...words: readonly string[]): Promise<ChildProcess> {
  const child = fork(file(script), [...words]);
  await pin(child.pid, true);
  return child;
}

async function ask<T>(child: ChildProcess): Promise<T> {
  const answer = once(child, 'message');
  child.send('now');
  const [said] = await answer;
  return said as T;
}

type Tool = (server: Server) => Promise<string>;

const cli =
  (...words: readonly string[]): Tool =>
  async ({ engine: { cli: program }, port }) => {
    const { stdout } = await run(program, ['-p', String(port), ...words], { maxBuffer: 1 << 28 });
    return stdout;
  };

const TOOLS: Readonly<Record<string, Tool>> = {
  nothing: async () => {
    await sleep(5000);
    return '';
  },
  doctor: async ({ port }) => {
    const { stdout } = await run(process.execPath, [file('look-once'), String(port), values.sample], {
      maxBuffer: 1 << 28,
    });
    return stdout;
  },
  bigkeys: cli('--bigkeys'),
  memkeys: cli('--memkeys'),
  hotkeys: cli('--hotkeys'),
  'memory-doctor': cli('MEMORY', 'DOCTOR'),
};

interface Window {
  readonly seconds: number;
  /** Processor time of the server, in ms. */
  readonly cpuMs: number;
  readonly perSecond: number;
  readonly longestMs: number;
  /** The slowest single command of the tool, as the server has timed it. */
  readonly slowest: { readonly command: string; readonly usec: number };
  readonly out: string;
}

const OF_THE_LOAD = new Set(['get', 'set', 'bitcount', 'ping', 'keys', 'eval', 'config|resetstat']);

async function watch(
  server: Server,
  tool: Tool,
  load: ChildProcess | undefined,
  prober: ChildProcess,
): Promise<Window> {
  await server.cli('CONFIG', 'RESETSTAT');
  await useKeys(server);
  const cpu = async (): Promise<number> => {
    const info = parseFields(await server.cli('INFO', 'cpu'));
    return 1000 * (Number(info.used_cpu_user) + Number(info.used_cpu_sys));
  };
  await ask(prober);
  const [cpuBefore, before, begun] = [await cpu(), load ? await ask<number>(load) : 0, performance.now()];
  const out = await tool(server);
  const [seconds, after, cpuAfter] = [
    (performance.now() - begun) / 1000,
    load ? await ask<number>(load) : 0,
    await cpu(),
  ];
  const { max } = await ask<{ max: number }>(prober);
  return {
    seconds,
    cpuMs: cpuAfter - cpuBefore,
    perSecond: (after - before) / seconds,
    longestMs: max,
    slowest: slowestOf(parseFields(await server.cli('INFO', 'latencystats'))),
    out,
  };
}

function slowestOf(info: Readonly<Record<string, string>>): Window['slowest'] {
  const all = Object.entries(info).flatMap(([field, value]) => {
    const command = /^latency_percentiles_usec_(.+)$/.exec(field)?.[1];
    const usec = Number(/p100=([\d.]+)/.exec(value)?.[1] ?? 0);
    return command === undefined || OF_THE_LOAD.has(command) ? [] : [{ command, usec }];
  });
  return all.reduce((most, one) => (one.usec > most.usec ? one : most), { command: '-', usec: 0 });
}

interface Row {
  readonly tool: string;
  readonly window: Window;
  /** The same server without the tool, before and after. */
  readonly quiet: readonly Window[];
}

/** Every tool between two windows of nothing, round after round. */
async function rows(
  server: Server,
  rate: number | undefined,
  tools: readonly string[],
): Promise<readonly Row[]> {
  const load = rate === undefined ? undefined : await helper('load', String(server.port), String(rate));
  const prober = await helper('prober', String(server.port));
  await sleep(2000);
  const all: Row[] = [];
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      let before = await watch(server, TOOLS.nothing as Tool, load, prober);
      for (const tool of tools) {
        const window = await watch(server, TOOLS[tool] as Tool, load, prober);
        const after = await watch(server, TOOLS.nothing as Tool, load, prober);
        all.push({ tool, window, quiet: [before, after] });
        say(`round ${round + 1}: ${tool} ${window.seconds.toFixed(1)} s`);
        before = after;
      }
    }
  } finally {
    load?.disconnect();
    prober.disconnect();
  }
  return all;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => a + b, 0) / Math.max(1, numbers.length);
const table = (cells: readonly (readonly string[])[]): void => {
  for (const [i, row] of cells.entries()) {
    console.log(`| ${row.join(' | ')} |`);
    if (i === 0) console.log(`| ${row.map(() => '---').join(' | ')} |`);
  }
  console.log('');
};

function report(title: string, all: readonly Row[], tools: readonly string[], hasLoad: boolean): void {
  console.log(`${title}\n`);
  const head = [
    'tool',
    'takes',
    'processor time of the server',
    'part of its time',
    'throughput with it',
    'the same without, again',
    'longest wait of a PING',
    'without',
    'slowest command',
  ];
  const lines = tools.map((tool) => {
    const mine = all.filter((row) => row.tool === tool);
    const of = (pick: (row: Row) => number): number => median(mine.map(pick));
    const idle = ({ quiet }: Row): number => mean(quiet.map(({ cpuMs, seconds }) => cpuMs / seconds));
    const own = (row: Row): number => row.window.cpuMs - idle(row) * row.window.seconds;
    const slowest = mine.reduce(
      (most, { window }) => (window.slowest.usec > most.usec ? window.slowest : most),
      { command: '-', usec: 0 },
    );
    const ratio = (row: Row): number =>
      row.window.perSecond / mean(row.quiet.map(({ perSecond }) => perSecond));
    const noise = ({ quiet: [a, b] }: Row): number => (b?.perSecond ?? 0) / (a?.perSecond ?? 1);
    const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
    return [
      tool,
      `${of(({ window }) => window.seconds).toFixed(1)} s`,
      hasLoad ? '-' : `${of(own).toFixed(0)} ms`,
      hasLoad ? '-' : percent(of((row) => own(row) / row.window.seconds / 1000)),
      hasLoad ? percent(of(ratio)) : '-',
      hasLoad ? percent(of(noise)) : '-',
      `${of(({ window }) => window.longestMs).toFixed(1)} ms`,
      `${of(({ quiet }) => mean(quiet.map(({ longestMs }) => longestMs))).toFixed(1)} ms`,
      `${slowest.command} ${(slowest.usec / 1000).toFixed(2)} ms`,
    ];
  });
  table([head, ...lines]);
}

function reportFound(all: readonly Row[], tools: readonly string[]): void {
  console.log('What each tool shows of the problems that were put there\n');
  const out = (tool: string): string => all.find((row) => row.tool === tool)?.window.out ?? '';
  table([
    ['problem', ...tools],
    ...PLANTED.map(({ problem, inDoctor, inOthers }) => [
      problem,
      ...tools.map((tool) => ((tool === 'doctor' ? inDoctor : inOthers).test(out(tool)) ? 'yes' : 'no')),
    ]),
  ]);
}

const server = await startServer({
  engine: on,
  directives: [
    ['maxmemory', '8gb'],
    ['maxmemory-policy', 'allkeys-lfu'],
    ['hash-max-listpack-entries', '128'],
    ['latency-tracking-info-percentiles', '50', '99', '100'],
  ],
});
try {
  await pin(server.pid, false);
  await pin(process.pid, true);
  say(`filling ${values.keys} keys`);
  await plant(server, Number(values.keys));
  const tools = values.tools.split(',');
  console.log(
    `${await server.cli('DBSIZE')} keys, ${on.name} ${on.version}, Node ${process.versions.node}, ${values.rounds} rounds\n`,
  );
  const idle = await rows(server, undefined, tools);
  report('Without load', idle, tools, false);
  report(`At ${values.rate} commands a second`, await rows(server, Number(values.rate), tools), tools, true);
  report('At as many commands as the server can do', await rows(server, 0, tools), tools, true);
  reportFound(idle, tools);
} finally {
  await server.dispose();
}
