import type { NodeFacts } from '../../facts.ts';
import { number, replicas } from '../../read-facts.ts';
import type { Found, Rule } from '../../types.ts';

/** A restart of the primary or a broken connection is over by then. */
const GRACE_SECONDS = 60;

export const replicaLinkDown: Rule = {
  id: 'replica-link-down',
  group: 'topology',
  severity: 'error',
  title: 'A replica that receives nothing',
  looksAt: ['INFO master_link_status, master_link_down_since_seconds, master_sync_in_progress'],
  why: 'Its data grows old: reads from it are wrong, and a failover to it loses everything since.',
  fix: 'Read the log of the replica: it says why every second. Usual reasons are the password (masterauth, masteruser), the address, TLS, and a firewall.',
  sources: ['https://valkey.io/topics/replication', 'https://valkey.io/commands/info'],
  find: (facts) =>
    replicas(facts)
      .filter(({ info }) => info?.master_link_status === 'down')
      .map(judge),
};

function judge(node: NodeFacts): Found {
  const { info } = node;
  const from = `${info?.master_host}:${info?.master_port}`;
  const down = number(info, 'master_link_down_since_seconds');
  const up = number(info, 'uptime_in_seconds') ?? 0;
  // A replica that never had a link counts from 1970, or says -1.
  const never = down === undefined || down < 0 || down > up;
  const seconds = never ? up : down;
  const evidence = [
    `master_host:${info?.master_host}`,
    `master_link_status:down`,
    `master_link_down_since_seconds:${info?.master_link_down_since_seconds ?? 'unknown'}`,
    `master_sync_in_progress:${info?.master_sync_in_progress ?? '0'}`,
  ];
  if (info?.master_sync_in_progress === '1')
    return {
      severity: 'note',
      at: node.name,
      message: `It is loading a full copy from ${from} and has no complete data until then.`,
      evidence,
      remedy: 'Wait until master_link_status is up; if it starts over, see the finding on full copies.',
    };
  const since = never ? `since it started ${seconds} s ago` : `for ${seconds} s`;
  return {
    severity: seconds > GRACE_SECONDS ? 'error' : 'warning',
    at: node.name,
    message: `It has received nothing from ${from} ${since}.`,
    evidence,
    remedy: `Read its log for the reason. Check that ${from} answers from there, and that masteruser and masterauth let it in.`,
  };
}
