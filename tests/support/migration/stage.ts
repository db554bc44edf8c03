import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Address } from '../../../src/model/types.ts';
import { createStack, type NodeRow, type Stack } from '../../live/stack.ts';
import type { Engine } from '../engines.ts';
import { passwordIn } from '../open-model.ts';
import { freeBase } from '../ports.ts';
import { until } from '../until.ts';
import { type Execution, startCommand } from './execution.ts';
import { bundle } from './judge.ts';
import type { EmittedTarget, Library, Login, PlainTarget } from './types.ts';

/** What a journal says of a migration that is under way. */
export interface JournalView {
  readonly done: readonly string[];
  readonly begun?: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly places: Readonly<Record<string, { readonly port: number }>>;
}

/** A stack that runs natively and is to be migrated, and what applications know of it. */
export interface Stage {
  readonly stack: Stack;
  readonly admin: Login;
  /** All servers with data that run now. */
  dataNodes(): Promise<readonly Address[]>;
  /** What an application with a plain client is configured with, from how the stack is now. */
  plain(driver: Library): Promise<PlainTarget>;
  /** What an application with the client of the stack is deployed with now; it keeps that whatever becomes of the files. */
  emitted(): Promise<EmittedTarget>;
  /** Begins the command with `--yes`; it runs on while the test looks on. */
  migrate(...flags: readonly string[]): Execution;
  journal(): JournalView | undefined;
  /** From now on the commands find this engine first, as after an installation. */
  install(engine: Engine): void;
  dispose(): Promise<void>;
}

export const KEY_PREFIX = 'shop:';

/** Creates a stack and starts it. */
export async function openStage(engine: Engine, ...flags: readonly string[]): Promise<Stage> {
  const stage = await createStage(engine, ...flags);
  try {
    await stage.stack.up();
    return stage;
  } catch (error) {
    await stage.dispose();
    throw error;
  }
}

/** Creates a stack and leaves it at that. */
export async function createStage(engine: Engine, ...flags: readonly string[]): Promise<Stage> {
  // Low enough that no outgoing connection takes the port of a node that starts later.
  const stack = await createStack(engine, '--port', String(await freeBase()), ...flags);
  const programs: { dispose(): void }[] = [];
  return {
    stack,
    admin: loginAs(stack, 'admin'),
    dataNodes: async () => (await rows(stack)).filter(({ role }) => role !== 'sentinel').map(addressOf),
    plain: async (driver) => plainTarget(stack, driver),
    emitted: async () => {
      const program = await bundle(join(stack.dir, 'client/src/index.ts'));
      programs.push(program);
      return { driver: 'emitted', module: program.path, env: environmentOf(stack), keyPrefix: KEY_PREFIX };
    },
    migrate: (...more) => startCommand(stack, 'migrate', stack.dir, '--yes', ...more),
    journal: () => readJournal(stack),
    install: ({ bin }) => {
      // The commands of the stack read this very object.
      Object.assign(stack.env, { PATH: [bin, stack.env.PATH].join(delimiter) });
    },
    dispose: async () => {
      for (const program of programs) program.dispose();
      // A migration that was cut off has nodes of two stacks.
      for (const { name } of readNodes(stack)) await stack.signal(name);
      await stack.dispose();
    },
  };
}

const addressOf = ({ host, port }: NodeRow): Address => ({ host, port });

export function loginAs({ dir }: Stack, username: string): Login {
  return { username, password: passwordIn(dir, username) };
}

async function rows(stack: Stack): Promise<readonly NodeRow[]> {
  return (await stack.status()).nodes;
}

async function plainTarget(stack: Stack, driver: Library): Promise<PlainTarget> {
  const { topology, nodes } = await stack.status();
  const login = loginAs(stack, 'app');
  const of = (...roles: readonly NodeRow['role'][]) =>
    nodes.filter(({ role }) => roles.includes(role)).map(addressOf);
  if (topology === 'cluster') return { driver, login, kind: 'cluster', seeds: of('primary', 'replica') };
  if (topology === 'sentinel') {
    const sentinels = of('sentinel');
    return { driver, login, kind: 'sentinel', sentinels, sentinelLogin: login, primaryName: 'mymaster' };
  }
  const [at] = of('primary');
  if (at === undefined) throw new Error('there is no primary');
  return { driver, login, kind: 'standalone', at };
}

/** The files that an application is started with. */
function environmentOf({ dir }: Stack): Readonly<Record<string, string>> {
  const read = (path: string) => parseEnv(readFileSync(join(dir, path), 'utf8')) as Record<string, string>;
  return { ...read('.env'), ...read('.redis-stack/run/env') };
}

function readJournal({ dir }: Stack): JournalView | undefined {
  const path = join(dir, '.redis-stack/migrate/journal.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as JournalView;
  } catch {
    // Not begun, over, or being replaced at this moment.
    return undefined;
  }
}

/** Waits until the journal says so; looks often, since a step may last for milliseconds. */
export function untilJournal(
  stage: Stage,
  what: string,
  is: (journal: JournalView) => boolean,
): Promise<boolean> {
  return until(
    what,
    () => {
      const journal = stage.journal();
      return journal !== undefined && is(journal);
    },
    { timeoutMs: 90_000, everyMs: 3 },
  );
}

/** The nodes that were started and not stopped, those of a migration included. */
export function readNodes({ dir }: Pick<Stack, 'dir'>): readonly { readonly name: string }[] {
  try {
    const text = readFileSync(join(dir, '.redis-stack/run/native.json'), 'utf8');
    return (JSON.parse(text) as { nodes: { name: string }[] }).nodes;
  } catch {
    // Nothing was ever started, or all of it was stopped.
    return [];
  }
}
