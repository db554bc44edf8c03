import type { StackModel } from '../../../model/types.ts';
import { differences } from '../../drift.ts';
import type { Facts } from '../../facts.ts';
import { primaries } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords, TO_THE_FILES } from '../../words.ts';
import { watches } from './members.ts';

const DECISIVE: ReadonlySet<string> = new Set([
  'appendfsync',
  'cluster-require-full-coverage',
  'maxmemory',
  'maxmemory-policy',
  'min-replicas-to-write',
  'protected-mode',
  'stop-writes-on-bgsave-error',
]);

export const differsFromModel: Rule = {
  id: 'differs-from-model',
  group: 'topology',
  severity: 'warning',
  title: 'Servers that are not what redis-stack.yaml says',
  looksAt: ['CONFIG GET *', 'ACL LIST', 'INFO', 'SENTINEL MASTER quorum', 'redis-stack.yaml'],
  why: 'What was set by hand is gone with the next start or the next update, and what was decided in the file is not in force.',
  fix: `${TO_THE_FILES} What is to stay belongs into redis-stack.yaml or into conf/redis.conf.`,
  sources: ['https://valkey.io/commands/config-set', 'https://valkey.io/topics/config'],
  find: (facts) => {
    const { model } = facts;
    if (!model || facts.source === 'spec') return [];
    return [
      ...settings(facts, model),
      ...shape(facts, model),
      ...users(facts, model),
      ...releases(facts, model),
    ];
  },
};

const REMEDY = `${TO_THE_FILES} What is to stay belongs into redis-stack.yaml or conf/redis.conf.`;

function settings(facts: Facts, model: StackModel): readonly Found[] {
  const all = facts.nodes.flatMap((node) => differences(node, model));
  if (all.length === 0) return [];
  const names = [...new Set(all.map(({ name }) => name))];
  const decisive = names.filter((name) => DECISIVE.has(name));
  return [
    {
      severity: decisive.length > 0 ? 'warning' : 'note',
      at: facts.asked,
      message: `${inWords([...decisive, ...names])} ${names.length === 1 ? 'is' : 'are'} not what redis-stack.yaml leads to.`,
      evidence: all.map(
        ({ node, name, wanted, got }) => `${node}: ${name}=${got || '""'}, decided: ${wanted || '""'}`,
      ),
      remedy: REMEDY,
    },
  ];
}

function shape(facts: Facts, model: StackModel): readonly Found[] {
  const of = (role: string) => model.nodes.filter((node) => node.role === role).length;
  const sentinels = new Set(facts.sentinels.map(({ name }) => name)).size;
  const wanted = {
    nodes: of('primary') + of('replica'),
    primaries: of('primary'),
    sentinels: of('sentinel'),
  };
  const got = { nodes: facts.nodes.length, primaries: primaries(facts).length, sentinels };
  // Who does not answer, and who serves nothing, are findings of other rules.
  const judged =
    facts.silent.length > 0
      ? []
      : (['nodes', 'sentinels', ...(model.joins ? (['primaries'] as const) : [])] as const);
  // None at all: the user may not ask Sentinels.
  const wrong = judged.filter((what) => got[what] > 0 && wanted[what] !== got[what]);
  const quorums = watches(facts).flatMap((watch) =>
    watch.sentinels.filter((one) => one.quorum !== model.sentinel?.quorum),
  );
  const odd: readonly Found[] = quorums.slice(0, 1).map(({ primaryName, quorum }) => ({
    at: primaryName,
    message: `The quorum is ${quorum}, and redis-stack.yaml says ${model.sentinel?.quorum}.`,
    evidence: quorums.map((one) => `${one.name}: quorum=${one.quorum}`),
    remedy: `\`SENTINEL SET ${primaryName} quorum ${model.sentinel?.quorum}\` on each of them.`,
  }));
  if (wrong.length === 0) return odd;
  return [
    {
      at: facts.asked,
      message: `${inWords(wrong.map((what) => `${got[what]} ${what} instead of ${wanted[what]}`))} answered.`,
      evidence: [...facts.nodes, ...facts.sentinels].map(
        (one) => `${one.name}: ${'role' in one ? one.role : 'sentinel'}`,
      ),
      remedy:
        'Start what is missing: `create-redis-stack status` shows each node, `create-redis-stack up` starts them.',
    },
    ...odd,
  ];
}

function users(facts: Facts, model: StackModel): readonly Found[] {
  const planned = model.users.map(({ name }) => name);
  return facts.nodes.flatMap((node): readonly Found[] => {
    const present = node.users?.filter(({ on }) => on).map(({ name }) => name);
    const missing = present && planned.filter((name) => !present.includes(name));
    const extra = present?.filter((name) => name !== 'default' && !planned.includes(name)) ?? [];
    const words = [
      ...(missing?.length ? [`${inWords(missing)} of redis-stack.yaml cannot log in`] : []),
      ...(extra.length ? [`${inWords(extra)} can log in and is not in redis-stack.yaml`] : []),
    ];
    if (words.length === 0) return [];
    return [
      {
        severity: missing?.length ? 'warning' : 'note',
        at: node.name,
        message: `On this node ${words.join('; ')}.`,
        evidence: [`ACL LIST: ${present?.join(' ')}`],
        remedy: `${REMEDY} Users belong into security.users.`,
      },
    ];
  });
}

function releases({ nodes }: Facts, { spec }: StackModel): readonly Found[] {
  const { name, version } = spec.engine;
  return nodes
    .filter(
      ({ software }) =>
        software && (software.name !== name || !`${software.version}.`.startsWith(`${version}.`)),
    )
    .map((node) => ({
      at: node.name,
      message: `It runs ${node.software?.title} ${node.software?.version}, and redis-stack.yaml says ${name} ${version}.`,
      evidence: [`${node.software?.name} ${node.software?.version}`],
      remedy: 'Restart it with the release of the stack, or set engine.version to the one that is to run.',
    }));
}
