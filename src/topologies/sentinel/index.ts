import { tlsDirectives } from '../../model/directives.ts';
import type { Directive, SentinelModel, StackNode } from '../../model/types.ts';
import { sentinelUsers } from '../../model/users.ts';
import { type Problem, problem } from '../../problem.ts';
import { defaultQuorum, defaultReplicas, defaultSentinels } from '../../spec/defaults.ts';
import type { SentinelTopology, StackSpec } from '../../spec/types.ts';
import { hostIn, LAST_NUMBERS } from '../subnet.ts';
import type { TopologyDefinition } from '../types.ts';

export const PRIMARY_NAME = 'mymaster';

/** Sentinel ports lie this far above those of the data nodes: 6379 and 26379. */
const PORT_DISTANCE = 20_000;

function settings(spec: StackSpec): SentinelTopology {
  if (spec.topology.kind !== 'sentinel') throw new Error('not a sentinel topology');
  return spec.topology;
}

function nodes(spec: StackSpec): readonly StackNode[] {
  const { replicas, sentinels } = settings(spec);
  const { port, subnet } = spec.network;
  const data = Array.from({ length: replicas + 1 }, (_, i): StackNode => {
    const base = {
      name: `node-${i + 1}`,
      shard: 1,
      ip: hostIn(subnet, LAST_NUMBERS.data + i),
      port: port + i,
    };
    return i === 0 ? { ...base, role: 'primary' } : { ...base, role: 'replica', follows: 'node-1' };
  });
  const watchers = Array.from(
    { length: sentinels },
    (_, i): StackNode => ({
      name: `sentinel-${i + 1}`,
      role: 'sentinel',
      shard: 0,
      ip: hostIn(subnet, LAST_NUMBERS.sentinels + i),
      port: port + PORT_DISTANCE + i,
    }),
  );
  return [...data, ...watchers];
}

function sentinelModel(spec: StackSpec): SentinelModel {
  const { quorum } = settings(spec);
  const s = (section: string, name: string, args: readonly string[], why: string): Directive => ({
    section,
    name: 'sentinel',
    args: [name, PRIMARY_NAME, ...args],
    why,
  });
  const [primary] = nodes(spec);
  if (!primary) throw new Error('a sentinel topology has a primary');
  return {
    primaryName: PRIMARY_NAME,
    quorum,
    users: sentinelUsers(spec),
    directives: [
      s(
        'what is watched',
        'monitor',
        [primary.ip, String(primary.port), String(quorum)],
        `The primary at the first start, by address: a silent DNS server must not stop a failover. ${quorum} Sentinels must agree that it is down.`,
      ),
      s(
        'failover',
        'down-after-milliseconds',
        ['5000'],
        'Long enough for a fork or a slow disk, short enough for an outage that people forgive.',
      ),
      s('failover', 'failover-timeout', ['30000'], 'A failed failover is tried again after twice this time.'),
      s(
        'failover',
        'parallel-syncs',
        ['1'],
        'After a failover one replica at a time resynchronises; the others keep serving reads.',
      ),
      s(
        'failover',
        'master-reboot-down-after-period',
        ['30000'],
        'A primary that restarts and stays in LOADING longer than this is failed over.',
      ),
      s(
        'access',
        'auth-user',
        ['sentinel'],
        'Sentinel logs in to the data nodes as its own ACL user; its password is added when it starts.',
      ),
      ...tlsDirectives(spec),
    ],
  };
}

function directives(spec: StackSpec): readonly Directive[] {
  const { replicas } = settings(spec);
  if (replicas < 2) return [];
  return [
    {
      section: 'replication',
      name: 'min-replicas-to-write',
      args: ['1'],
      why: 'A primary that was cut off from every replica stops taking writes that a failover would lose.',
    },
    {
      section: 'replication',
      name: 'min-replicas-max-lag',
      args: ['10'],
      why: 'Seconds since a replica was heard of for it to count; bounds what a partition can lose.',
    },
  ];
}

function problems(spec: StackSpec): readonly Problem[] {
  const { sentinels, quorum, replicas } = settings(spec);
  const majority = Math.floor(sentinels / 2) + 1;
  const found: Problem[] = [];
  const add = (code: string, at: string, message: string, remedy: string) =>
    found.push(problem(code, at, message, remedy));
  if (replicas < 1) {
    add(
      'topology/no-replica',
      'topology.replicas',
      'Sentinel has nothing to fail over to without a replica.',
      'Set topology.replicas to 1 or more (2 is a good start), or choose standalone.',
    );
  }
  if (sentinels % 2 === 0) {
    add(
      'topology/even-sentinels',
      'topology.sentinels',
      `${sentinels} Sentinels tolerate no more losses than ${sentinels - 1}, and can split in half.`,
      `Use ${Math.min(9, sentinels + 1)} Sentinels.`,
    );
  }
  if (sentinels < 3) {
    add(
      'topology/few-sentinels',
      'topology.sentinels',
      `With ${sentinels} Sentinel${sentinels === 1 ? '' : 's'} the loss of one ends automatic failover.`,
      'Use 3 Sentinels.',
    );
  }
  if (quorum > sentinels) {
    add(
      'topology/quorum-unreachable',
      'topology.quorum',
      `Quorum is ${quorum} but there are only ${sentinels} Sentinels.`,
      `Add Sentinels or lower the quorum to ${majority}.`,
    );
  } else if (quorum < majority) {
    add(
      'topology/quorum-below-majority',
      'topology.quorum',
      `A quorum of ${quorum} of ${sentinels} lets a minority declare the primary down.`,
      `Set topology.quorum to ${majority}.`,
    );
  }
  return found;
}

export const sentinel: TopologyDefinition = {
  kind: 'sentinel',
  title: 'Sentinel',
  meaning:
    'one primary, replicas, and Sentinels that fail over in seconds. For data that fits one node and must stay up.',
  settings: ['replicas', 'sentinels', 'quorum'],
  sizeQuestions: [
    {
      setting: 'replicas',
      message: 'Replicas of the primary',
      choices: [
        { value: 2, meaning: 'one may restart while writes still reach a replica; the usual choice' },
        { value: 1, meaning: 'the least; a restart of the replica leaves the primary alone' },
        { value: 3, meaning: 'one more to read from, or for a third zone' },
        { value: 4, meaning: 'many readers' },
      ],
    },
  ],
  complete: (given, decisions) => {
    const sentinels = decisions.take('topology.sentinels', given.sentinels, defaultSentinels);
    return {
      kind: 'sentinel',
      replicas: decisions.take('topology.replicas', given.replicas, () => defaultReplicas('sentinel')),
      sentinels,
      quorum: decisions.take('topology.quorum', given.quorum, () => defaultQuorum(sentinels)),
    };
  },
  problems,
  nodes,
  directives,
  sentinel: sentinelModel,
  joins: false,
  clientEntry: (node) => node.role === 'sentinel',
};
