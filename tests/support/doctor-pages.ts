import type { ClusterNode, KeyGroup, NodeFacts } from '../../src/doctor/facts.ts';
import type { Answer, Diagnosis, Finding, Rule } from '../../src/doctor/types.ts';
import { factsOf } from './doctor-cases.ts';

/** Text of a stranger that would act if it were ever taken for HTML, a script or a command of a terminal. */
export const HOSTILE = '</script><img src=x onerror="document.title=\'owned\'">\u001b[31m\u202e';

/** Rules of their own, so that what reports look like does not hang on what real rules say. */
export const RULES: readonly Rule[] = [
  rule('no-limit', 'memory', 'error', 'Memory without a limit'),
  rule('large-keys', 'keys', 'warning', 'Keys that are large'),
  rule('small-hashes', 'memory', 'note', 'Hashes that would be smaller'),
];

function rule(id: string, group: Rule['group'], severity: Rule['severity'], title: string): Rule {
  return {
    id,
    group,
    severity,
    title,
    looksAt: ['INFO memory'],
    why: `${title} cost more than they are worth, sooner or later.`,
    fix: 'Follow the general advice for all of them.',
    sources: [
      'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/',
    ],
    find: () => [],
  };
}

export const CHECKLIST: readonly Answer[] = [
  {
    id: 'structure',
    question: 'Is each structure chosen well?',
    answer: 'yes',
    evidence: ['hash: 3,000 keys'],
  },
  {
    id: 'ttl',
    question: 'Do keys that are copies of other data have a TTL?',
    answer: 'no',
    evidence: ['product:*: 2,000 of 2,000 without'],
  },
  {
    id: 'limit',
    question: 'Are a memory limit and an eviction policy set?',
    answer: 'no',
    evidence: ['maxmemory:0'],
  },
  {
    id: 'persistence',
    question: 'Is it decided what is kept on disk?',
    answer: 'yes',
    evidence: ['appendonly:yes', 'appendfsync:everysec'],
  },
  {
    id: 'availability',
    question: 'Does another node take over when one fails?',
    answer: 'yes',
    evidence: [],
  },
  { id: 'pooling', question: 'Do clients keep their connections?', answer: 'yes', evidence: [] },
  {
    id: 'monitoring',
    question: 'Does something watch it?',
    answer: 'unseen',
    evidence: ['CLIENT LIST: not allowed'],
  },
  { id: 'backup', question: 'Are copies kept elsewhere?', answer: 'unseen', evidence: [] },
];

const LIMIT: Finding = {
  id: 'no-limit',
  group: 'memory',
  severity: 'error',
  at: '10.0.0.1:7000',
  message:
    'There is no memory limit: 300 MiB are used, and nothing stops it from taking all 23.5 GiB of the machine.',
  evidence: ['maxmemory:0', 'used_memory:314572800', 'total_system_memory:25276514304'],
  remedy: 'Set maxmemory below what the machine can give.',
  fixes: [
    {
      kind: 'command',
      at: '10.0.0.1:7000',
      words: ['CONFIG', 'SET', 'maxmemory', '768mb'],
      live: true,
      effect: 'writes are refused beyond 768 MiB',
    },
  ],
};

const large = (i: number): Finding => ({
  id: 'large-keys',
  group: 'keys',
  severity: 'warning',
  at: i === 0 ? HOSTILE : `catalogue:${i}:${'very-long-name-'.repeat(i % 7)}`,
  message: `A hash of ${(i + 1) * 12_000} fields takes ${i + 1} MiB: reading it whole stalls everybody else.`,
  evidence: [`HLEN=${(i + 1) * 12_000}`],
  remedy: 'Split it by a part of the field names.',
  fixes: [],
});

const SMALL: Finding = {
  id: 'small-hashes',
  group: 'memory',
  severity: 'note',
  at: 'session:*',
  message: '3,000 sampled hashes of up to 700 fields would be stored compactly with a higher threshold.',
  evidence: ['hash-max-listpack-entries:512'],
  remedy: 'Raise the threshold.',
  fixes: [
    {
      kind: 'spec',
      path: 'server.hash-max-listpack-entries',
      value: '1024',
      effect: 'new hashes of up to 1,024 fields are compact',
    },
  ],
  saves: { bytes: 48_000_000, plusMinus: 2_100_000 },
};

const findings = (large_: number): readonly Finding[] => [
  LIMIT,
  ...Array.from({ length: large_ }, (_, i) => large(i)),
  SMALL,
];

/** A Sentinel group with a few findings, part of which could not be seen. */
export function sentinelGroup(): Diagnosis {
  const facts = factsOf();
  const refused = (what: string, command: string) => ({
    at: '10.0.0.2:7000',
    what,
    why: `NOPERM User probe has no permissions to run the '${command}' command`,
  });
  return {
    facts: {
      ...facts,
      nodes: facts.nodes.map(busy),
      unseen: [refused('settings', 'config|get'), refused('the slow log', 'slowlog|get')],
      silent: [{ at: '10.0.0.3:7000', why: 'connect ECONNREFUSED 10.0.0.3:7000' }],
    },
    checklist: CHECKLIST,
    findings: findings(8),
  };
}

/** One server of which little is known, in good order. */
export function single(): Diagnosis {
  const facts = factsOf();
  const nodes = facts.nodes
    .slice(0, 1)
    .map((node) => ({ ...busy(node), commands: undefined, keys: undefined, settings: undefined }));
  return {
    facts: { ...facts, nodes, sentinels: [] },
    checklist: CHECKLIST.map((one) => ({ ...one, answer: 'yes' })),
    findings: [],
  };
}

/** Six nodes, one of which is gone, hundreds of forms of names, names that are long or hostile. */
export function cluster(): Diagnosis {
  const facts = factsOf();
  const lines = Array.from({ length: 6 }, (_, i) => line(i));
  const nodes = lines.slice(0, 5).map((self, i): NodeFacts => {
    const [primary, replica] = facts.nodes;
    const base = busy((i < 3 ? primary : replica) ?? (facts.nodes[0] as NodeFacts));
    const own = lines.map((one) => (one.id === self.id ? { ...one, flags: ['myself', ...one.flags] } : one));
    return {
      ...base,
      at: self.at,
      name: `shop-${i + 1}.redis.internal.example.com:${self.at.port}`,
      keys: i < 3 && base.keys ? { ...base.keys, groups: groups(150) } : undefined,
      cluster: { info: { cluster_state: 'ok' }, nodes: own },
    };
  });
  const last = nodes[4] as NodeFacts;
  const lagging = { ...last, info: { ...last.info, master_link_status: 'down' } };
  return {
    facts: {
      ...facts,
      asked: 'rediss://shop-1.redis.internal.example.com:7000',
      nodes: [...nodes.slice(0, 4), lagging],
      sentinels: [],
      silent: [{ at: '10.0.1.6:7000', why: 'no answer within 2 s' }],
    },
    checklist: CHECKLIST,
    findings: findings(300),
  };
}

const line = (i: number): ClusterNode => ({
  id: `${i}`.repeat(40),
  at: { host: `10.0.1.${i + 1}`, port: 7000 },
  hostname: undefined,
  flags: i < 3 ? ['master'] : i === 5 ? ['slave', 'fail'] : ['slave'],
  primaryId: i < 3 ? undefined : `${i - 3}`.repeat(40),
  linkUp: i !== 5,
  slots: [5461, 5462, 5461][i] ?? 0,
  openSlots: [],
});

function groups(count: number): readonly KeyGroup[] {
  const kinds = ['string', 'hash', 'zset', 'list', 'set', 'stream', 'ReJSON-RL'];
  return Array.from({ length: count }, (_, i) => ({
    prefix: i === 3 ? HOSTILE : `tenant:*:${'module-'.repeat(i % 9)}area-${i}:*`,
    type: kinds[i % kinds.length] ?? 'string',
    encoding: 'listpack',
    keys: 30,
    withoutTtl: (i * 7) % 31,
    bytes: Math.round(4_000_000 / (i + 1)),
    squares: (4_000_000 / (i + 1)) ** 2 / 25,
    elements: 300,
    mostElements: 20,
    savings: [],
  }));
}

const COMMANDS = [
  'get',
  'set',
  'hgetall',
  'zrangebyscore',
  'evalsha',
  'keys',
  'xreadgroup',
  'expire',
  'client|setinfo',
  'lrange',
  'ping',
  'incr',
];

/** With statistics of commands as a server of some days has them. */
function busy(node: NodeFacts): NodeFacts {
  const commands = COMMANDS.map((name, i) => ({
    name,
    calls: Math.round(60_000_000 / (i + 1) ** 2),
    usec: Math.round((60_000_000 / (i + 1) ** 2) * (i === 5 ? 900 : 2 + i)),
    rejected: 0,
    failed: 0,
    perSecond: 900 / (i + 1),
    p99Usec: 4,
  }));
  const latency = COMMANDS.map((name, i) => {
    const p50 = 1.003 * (i + 1) ** 2;
    return [
      `latency_percentiles_usec_${name}`,
      `p50=${p50},p99=${p50 * 4},p99.9=${p50 * (i === 5 ? 900 : 12)}`,
    ];
  });
  return {
    ...node,
    info: { ...node.info, ...Object.fromEntries(latency) },
    commands,
    slow: [
      { command: 'KEYS', first: 'session:*', usec: 182_000, atSeconds: 1_789_999_000, client: '10.0.1.1' },
    ],
    latency: [{ event: 'fork', atSeconds: 1_789_990_000, latestMs: 12, worstMs: 140 }],
  };
}

export const PAGES: Readonly<Record<string, () => Diagnosis>> = {
  single,
  'sentinel-group': sentinelGroup,
  cluster,
};
