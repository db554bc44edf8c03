import { directiveFacts } from '../engines/catalogue.ts';
import { type ConfLine, readConf } from '../engines/conf-lines.ts';
import type { Engine } from '../engines/types.ts';
import { parseBytes } from '../model/bytes.ts';
import { type Problem, ProblemError, problem } from '../problem.ts';
import { parseFields, parsePairs } from '../redis/replies.ts';
import { inside } from '../workspace/paths.ts';
import { withScratch } from './scratch.ts';
import { type CheckContext, type Checker, type CheckResult, judge, skipped } from './types.ts';

/** Starts the real server with redis.conf and reads every value back: what it ignored or changed is found. */
export const server: Checker = {
  id: 'server',
  title: 'the server takes redis.conf as it is written',
  applies: () => true,
  run: (context) => orSkipped(() => checkServer(context)),
};

async function checkServer(context: CheckContext): Promise<CheckResult> {
  const { system, root, model } = context;
  const written = lastOfEach(readConf(system.files.read(inside(root, 'conf/redis.conf')) ?? ''));
  return withScratch(context, async (scratch) => {
    const { connection } = await scratch.start('data');
    const values = parsePairs(await connection.call('CONFIG', 'GET', '*'));
    const info = parseFields(await connection.call('INFO', 'server'));
    const version = info.valkey_version ?? info.redis_version ?? '';
    const lines = written.filter((line) => !SET_BY_NODE.has(line.name));
    return judge(
      lines.flatMap((line) => compare(line, values, model.engine)),
      `${lines.length} directives read back from ${model.engine.server} ${version}`,
    );
  });
}

/** A missing or older program is no fault of the stack: the check could not look. */
export async function orSkipped(run: () => Promise<CheckResult>): Promise<CheckResult> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const [first] = error.problems;
    return first?.code.startsWith('local/')
      ? skipped(`${first.message} ${first.remedy}`)
      : judge(error.problems, 'it did not start');
  }
}

/** Every node sets these for itself when it starts. */
const SET_BY_NODE = new Set(['bind', 'port', 'dir', 'aclfile', 'masterauth', 'cluster-port']);

function lastOfEach(lines: readonly ConfLine[]): readonly ConfLine[] {
  const last = new Map<string, ConfLine>();
  for (const line of lines) {
    const before = line.name === 'save' && line.args[0] !== '' ? last.get('save') : undefined;
    last.set(line.name, before ? { ...line, args: [...before.args, ...line.args] } : line);
  }
  return [...last.values()];
}

function compare(
  line: ConfLine,
  values: Readonly<Record<string, string>>,
  engine: Engine,
): readonly Problem[] {
  const facts = directiveFacts(engine, line.name);
  const got = values[line.name] ?? values[facts?.name ?? ''];
  if (got === undefined) return [];
  const wanted = line.args.join(' ');
  const kind = facts?.kind ?? 'string';
  if (normalise(wanted, kind, line.name) === normalise(got, kind, line.name)) return [];
  const at = `conf/redis.conf:${line.line}`;
  return [
    problem(
      'server/value-changed',
      at,
      `${line.name} is '${wanted}' in the file and '${got}' in the server.`,
      'Write the value that the server understands.',
    ),
  ];
}

function normalise(value: string, kind: string, name: string): string {
  if (kind === 'memory' || kind === 'integer')
    return String(value.endsWith('%') ? value : (parseBytes(value) ?? value));
  if (name === 'notify-keyspace-events') return [...value.replace('A', 'g$lshzxetd')].sort().join('');
  return value.trim().replace(/\s+/g, ' ').toLowerCase();
}
