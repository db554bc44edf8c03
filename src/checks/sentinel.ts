import { setTimeout as sleep } from 'node:timers/promises';
import { readConf } from '../engines/conf-lines.ts';
import { type Problem, problem } from '../problem.ts';
import type { Connection } from '../redis/connection.ts';
import { parsePairs } from '../redis/replies.ts';
import { inside } from '../workspace/paths.ts';
import { withScratch } from './scratch.ts';
import { orSkipped } from './server.ts';
import { type CheckContext, type Checker, type CheckResult, judge } from './types.ts';

/** Starts a real Sentinel beside a real data node, and sees it log in, watch, and hold the settings of the file. */
export const sentinel: Checker = {
  id: 'sentinel',
  title: 'Sentinel takes sentinel.conf, and can log in to a data node',
  applies: (model) => model.sentinel !== undefined,
  run: (context) => orSkipped(() => checkSentinel(context)),
};

async function checkSentinel(context: CheckContext): Promise<CheckResult> {
  const text = context.system.files.read(inside(context.root, 'conf/sentinel.conf')) ?? '';
  const primaryName = context.model.sentinel?.primaryName ?? '';
  return withScratch(context, async (scratch) => {
    const data = await scratch.start('data');
    const watcher = await scratch.start('sentinel', { STACK_PRIMARY: `127.0.0.1:${data.port}` });
    const facts = await whenWatching(watcher.connection, primaryName);
    return judge(
      [...settings(text, facts), ...access(facts)],
      `watches ${primaryName} with quorum ${facts.quorum}`,
    );
  });
}

/** The first INFO takes a second; a Sentinel that cannot log in never gets one. */
async function whenWatching(
  connection: Connection,
  primaryName: string,
): Promise<Readonly<Record<string, string>>> {
  let facts = parsePairs(await connection.call('SENTINEL', 'MASTER', primaryName));
  for (let attempt = 0; attempt < 50 && !isWatching(facts); attempt++) {
    await sleep(100);
    facts = parsePairs(await connection.call('SENTINEL', 'MASTER', primaryName));
  }
  return facts;
}

/** The run id is empty until the primary has answered INFO: the one sign that cannot be there too early. */
function isWatching({ flags, runid }: Readonly<Record<string, string>>): boolean {
  return flags === 'master' && runid !== undefined && runid !== '';
}

function access(facts: Readonly<Record<string, string>>): readonly Problem[] {
  if (isWatching(facts)) return [];
  return [
    problem(
      'sentinel/cannot-watch',
      'conf/users.acl',
      `Sentinel sees the primary as '${facts.flags}' and gets no INFO from it.`,
      'Let the user `sentinel` in users.acl run what Sentinel needs.',
    ),
  ];
}

function settings(text: string, facts: Readonly<Record<string, string>>): readonly Problem[] {
  return readConf(text).flatMap(({ name, args, line }) => {
    const [option = '', , ...values] = args;
    if (name !== 'sentinel') return [];
    const [field, wanted] = option === 'monitor' ? ['quorum', values[2]] : [option, values[0]];
    const got = facts[field];
    if (got === undefined || got === wanted) return [];
    return [
      problem(
        'sentinel/value-changed',
        `conf/sentinel.conf:${line}`,
        `${option} is '${wanted}' in the file and '${got}' in Sentinel.`,
        'Write the value that Sentinel understands.',
      ),
    ];
  });
}
