import { FAMILIES } from '../engines/releases.ts';
import { accept, type Problem, type Result, refuse } from '../problem.ts';
import { type ParsedSpec, parseSpec } from '../spec/parse.ts';
import type { SpecInput } from '../spec/schema.ts';
import type { Decision, Workload } from '../spec/types.ts';
import { accountForKeys } from './account.ts';
import { readValues } from './read.ts';
import { Reading } from './reading.ts';
import { type Recognised, recognise, where } from './recognise.ts';
import { readData } from './topic-data.ts';
import { readEngine } from './topic-engine.ts';
import { LIMITS, readMemory } from './topic-memory.ts';
import { readSentinelRest, readTargets, readTls } from './topic-rest.ts';
import { accountForSettings, readSettings } from './topic-settings.ts';
import { readTopology } from './topic-topology.ts';
import { readUsers } from './topic-users.ts';
import type { Account, Chart, KeyAccount, Values } from './types.ts';

export interface Imported {
  readonly recognised: Recognised;
  readonly parsed: ParsedSpec;
  /** One for each key of the file, in its order. */
  readonly keys: readonly KeyAccount[];
  /** What the spec has although no key says so: by the chart, by the server, or by this tool's own defaults. */
  readonly implied: readonly Decision[];
  readonly notes: readonly Problem[];
}

export interface ImportOptions {
  /** The file as the user named it. */
  readonly place: string;
  readonly chart: Chart | undefined;
  /** Name of the stack; undefined: what the values say. */
  readonly name: string | undefined;
  /** Name where neither the user nor the values have one. */
  readonly fallback: string;
}

/** A values file as a spec, with an account of every key; or every problem with it. Pure. */
export function importValues(text: string, options: ImportOptions): Result<Imported> {
  const values = readValues(text, options.place);
  if (!values.ok) return values;
  const recognised = recognise(values.value, options.chart);
  if (!recognised.ok) return recognised;
  const reading = new Reading(values.value, recognised.value.chart);
  const input = readAll(reading, options.name);
  if (reading.problems.length > 0) return refuse(...reading.problems);
  const fitted = fitMemory(input, options.fallback, reading.accounts);
  if (!fitted.ok) return refuse(...fitted.problems.map((p) => atItsKey(p, values.value, reading.accounts)));
  return accept({
    recognised: recognised.value,
    parsed: fitted.value.parsed,
    keys: accountForKeys(values.value, recognised.value.chart, fitted.value.accounts),
    implied: [...reading.implied, ...limitFor(fitted.value), ...fitted.value.parsed.decided],
    notes: fitted.notes,
  });
}

function readAll(reading: Reading, name: string | undefined): SpecInput {
  const head = readEngine(reading, name);
  const engine = {
    name: reading.engine,
    version: head.engine?.version ?? FAMILIES[reading.engine].defaultLine,
  };
  const topology = readTopology(reading);
  const settings = readSettings(reading);
  const memory = readMemory(reading, settings);
  const { persistence, databases, taken } = readData(reading, settings, topology.kind !== 'standalone');
  readSentinelRest(reading);
  const security = { tls: readTls(reading), ...readUsers(reading) };
  reading.accounts.push(...accountForSettings(settings, new Map([...memory.taken, ...taken]), engine));
  const workload = workloadFor(memory.spec.eviction ?? 'noeviction');
  const why = 'Guessed from what a full server drops; it decides about the patterns of the client.';
  reading.implied.push({ path: 'workload', value: workload, why });
  return {
    ...head,
    workload: [workload],
    topology,
    memory: memory.spec,
    persistence,
    databases,
    security,
    targets: readTargets(reading),
  };
}

/** What a server is for shows in what it drops when it is full. */
function workloadFor(eviction: string): Workload {
  if (eviction.startsWith('allkeys-')) return 'cache';
  return eviction.startsWith('volatile-') ? 'sessions' : 'primary-data';
}

interface Fitted {
  readonly parsed: ParsedSpec;
  readonly accounts: readonly Account[];
  /** The limit that was chosen for maxmemory, if one was. */
  readonly limit?: string;
}

const TOO_CLOSE = 'memory/too-close';

/** Where a limit is missing, the least that holds `maxmemory`; where the two do not go together, `maxmemory: auto`. */
function fitMemory(input: SpecInput, fallback: string, accounts: readonly Account[]): Result<Fitted> {
  const memory = input.memory ?? {};
  const wanted = memory.maxmemory ?? 'auto';
  const limit = memory.limit === undefined && wanted !== 'auto' ? limitWithRoom(input, fallback) : undefined;
  if (limit !== undefined) {
    const fitted = parsedWith({ ...input, memory: { ...memory, limit } }, fallback, accounts);
    return fitted.ok ? accept({ ...fitted.value, limit }, fitted.notes) : fitted;
  }
  const parsed = parsedWith(input, fallback, accounts);
  if (parsed.ok || !parsed.problems.some((p) => p.code === TOO_CLOSE)) return parsed;
  const why = `${parsed.problems.find((p) => p.code === TOO_CLOSE)?.message ?? ''} It is computed from the limit instead.`;
  const changed = accounts.map(({ to, ...account }): Account => {
    if (to?.startsWith('memory.maxmemory ')) return { ...account, verdict: 'not-possible', why };
    return to === undefined ? account : { ...account, to };
  });
  return parsedWith({ ...input, memory: { ...memory, maxmemory: 'auto' } }, fallback, changed);
}

function limitFor({ limit }: Fitted): readonly Decision[] {
  const why = 'The least of the usual sizes that holds maxmemory, with room for a fork.';
  return limit === undefined ? [] : [{ path: 'memory.limit', value: limit, why }];
}

function parsedWith(input: SpecInput, fallback: string, accounts: readonly Account[]): Result<Fitted> {
  const parsed = parseSpec(input, fallback);
  return parsed.ok ? accept({ parsed: parsed.value, accounts }, parsed.notes) : parsed;
}

function limitWithRoom(input: SpecInput, fallback: string): string | undefined {
  return LIMITS.find((limit) => hasRoom({ ...input, memory: { ...input.memory, limit } }, fallback));
}

function hasRoom(input: SpecInput, fallback: string): boolean {
  const parsed = parseSpec(input, fallback);
  const found = parsed.ok ? parsed.notes : parsed.problems;
  return !found.some((p) => p.code === TOO_CLOSE || p.code === 'memory/no-room-for-fork');
}

/** A problem of the spec, said at the key that it comes from. */
function atItsKey(p: Problem, values: Values, accounts: readonly Account[]): Problem {
  const from = accounts.find(({ to }) => to?.startsWith(`${p.at} `))?.key;
  if (from === undefined) return p;
  const [key = '', directive] = from.split(': ');
  const place = where(values, key.split('.'));
  return { ...p, at: directive === undefined ? place : `${place}: ${directive}` };
}
