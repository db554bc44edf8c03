import type { NodeFacts } from '../../facts.ts';
import { setting } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';
import { many } from '../../words.ts';
import { reachOf } from './reach.ts';

const REMEDY =
  'Set tls-port with a certificate and port 0, tell clients to use TLS, and set tls-replication yes. Until then let nobody reach the port but through a private network.';

/** Peers on the other side of the Internet: a primary, replicas and clients. */
function strangers({ info, clients }: NodeFacts): readonly string[] {
  const replicas = Object.entries(info ?? {}).flatMap(([name, value]) => {
    const ip = /^slave\d+$/.test(name) ? /(?:^|,)ip=([^,]+)/.exec(value)?.[1] : undefined;
    return ip ? [ip] : [];
  });
  const peers = [info?.master_host ?? '', ...replicas, ...(clients?.groups ?? []).map(({ host }) => host)];
  return [...new Set(peers)].filter((host) => host !== '' && reachOf(host) === 'public');
}

function judged(node: NodeFacts): Found | undefined {
  const port = setting(node, 'tls-port');
  const evidence = port === undefined ? [] : [`tls-port:${port}`];
  if (reachOf(node.at.host) === 'public') {
    return {
      at: node.name,
      message: `It answers without TLS on the public address ${node.at.host}: passwords and data can be read on the way.`,
      evidence: [`connected to ${node.at.host}:${node.at.port} without TLS`, ...evidence],
      remedy: REMEDY,
    };
  }
  const [first, ...more] = strangers(node);
  // Those may use the other port.
  if (!first || (port ?? '0') !== '0') return undefined;
  return {
    severity: 'warning',
    at: node.name,
    message: `It speaks without TLS with ${first}${more.length > 0 ? ` and ${many(more.length, 'more public address', 'more public addresses')}` : ', a public address'}: passwords and data can be read on the way.`,
    evidence: [`peers ${[first, ...more].slice(0, 3).join(', ')}`, ...evidence],
    remedy: REMEDY,
  };
}

export const noTls: Rule = {
  id: 'no-tls',
  group: 'security',
  severity: 'error',
  title: 'Plain text over the Internet',
  looksAt: [
    'how this tool is connected',
    'CONFIG GET tls-port',
    'INFO replication: master_host, slaveN',
    'CLIENT LIST: addr',
  ],
  why: 'Without TLS the password is the first thing on the wire, in plain text, and all data after it. On a public address everybody on the way can read and change it.',
  fix: 'Encrypt with TLS, or keep servers and clients in one private network.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/security/encryption/',
    'https://valkey.io/topics/encryption/',
  ],
  find: ({ nodes }) =>
    nodes.flatMap((node) => {
      const found = node.tls ? undefined : judged(node);
      return found ? [found] : [];
    }),
};
