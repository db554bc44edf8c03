import { type ConfLine, readConf } from '../engines/conf-lines.ts';
import type { Engine } from '../engines/types.ts';
import { effectiveLines, SET_BY_NODE, sameValue, shownValue } from '../model/config-values.ts';
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
  const written = effectiveLines(readConf(system.files.read(inside(root, 'conf/redis.conf')) ?? ''));
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

function compare(
  line: ConfLine,
  values: Readonly<Record<string, string>>,
  engine: Engine,
): readonly Problem[] {
  const got = shownValue(engine, values, line.name);
  const wanted = line.args.join(' ');
  if (got === undefined || sameValue(engine, line.name, wanted, got)) return [];
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
