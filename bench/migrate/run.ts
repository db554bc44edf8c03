import { parseArgs } from 'node:util';
import { type Engine, engine, newest } from '../../tests/support/engines.ts';
import { migrateByImport } from './import.ts';
import { migrateOurs } from './ours.ts';
import type { Round, Settings } from './round.ts';

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '2000' },
    engine: { type: 'string' },
    client: { type: 'string', default: 'emitted' },
    rows: { type: 'string', default: 'ours,copy,stopped' },
  },
});

const settings: Settings = {
  engine: chosen(values.engine),
  keys: Number(values.keys),
  rate: Number(values.rate),
  client: oneOf(['emitted', 'ioredis', 'node-redis'], values.client),
};

const say = (text: string): void => void process.stderr.write(`  ${text}\n`);

const ROWS = {
  ours: () => migrateOurs(settings, say),
  move: () => migrateByImport(settings, 'move', say),
  copy: () => migrateByImport(settings, 'copy', say),
  stopped: () => migrateByImport(settings, 'stopped', say),
} satisfies Readonly<Record<string, () => Promise<Round>>>;

const { name, version } = settings.engine;
console.log(
  `standalone to a cluster of 3 with a replica each: ${settings.keys} keys, ${settings.rate} writes/s, ${name} ${version}, Node ${process.versions.node}\n`,
);
const rounds: Round[] = [];
for (const row of values.rows.split(','))
  rounds.push(await ROWS[oneOf(['ours', 'move', 'copy', 'stopped'], row)]());

const ms = (value: number | undefined): string => (value === undefined ? '-' : `${Math.round(value)} ms`);
const COLUMNS: readonly (readonly [string, (round: Round) => string])[] = [
  ['way', ({ title }) => title],
  ['total', ({ totalMs }) => `${(totalMs / 1000).toFixed(1)} s`],
  ['no write for', ({ clientGapMs }) => ms(clientGapMs)],
  ['slowest write', ({ slowestMs }) => ms(slowestMs)],
  ['switch, on the server', ({ switchMs }) => ms(switchMs)],
  ['longest stall later', ({ laterMs }) => ms(laterMs)],
  ['p99', ({ p99Ms }) => ms(p99Ms)],
  ['acknowledged', ({ acknowledged }) => String(acknowledged)],
  ['failed calls', ({ failed }) => String(failed)],
  ['lost', ({ lost }) => String(lost)],
  ['resurrected', ({ resurrected }) => String(resurrected)],
  ['stale', ({ stale }) => String(stale)],
  ['counters short', ({ short }) => String(short)],
  ['data as it was', ({ isSame }) => (isSame ? 'yes' : 'no')],
  ['', ({ note }) => note],
];
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
console.log(line(COLUMNS.map(([head]) => head)));
console.log(line(COLUMNS.map(() => '---')));
for (const round of rounds) console.log(line(COLUMNS.map(([, cell]) => cell(round))));

function chosen(text: string | undefined): Engine {
  if (text === undefined) return newest('redis');
  const [name = '', line = ''] = text.split(':');
  return engine(oneOf(['redis', 'valkey'], name), line);
}

function oneOf<const Name extends string>(names: readonly Name[], text: string): Name {
  const found = names.find((one) => one === text);
  if (found === undefined) throw new Error(`${text} is none of ${names.join(', ')}`);
  return found;
}
