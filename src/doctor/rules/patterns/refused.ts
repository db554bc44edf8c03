import type { Severity } from '../../../problem.ts';
import type { NodeFacts } from '../../facts.ts';
import { number } from '../../read-facts.ts';

/** An error that commands end with, and what it means. */
export interface Refusal {
  /** Fewer say little: a client that tried once, a failover that passed. */
  readonly least: number;
  readonly severity: Severity;
  /** As a sentence after `<n> commands were refused with X: `. */
  readonly means: string;
  readonly remedy: string;
  /** True where the command had begun: it counts as failed then, else as rejected. */
  readonly began?: true;
  /** True where the reason is still there, so that commands are being refused now. */
  readonly now?: (node: NodeFacts) => boolean;
}

const isFull = ({ info }: NodeFacts): boolean => {
  const limit = number(info, 'maxmemory') ?? 0;
  return limit > 0 && (number(info, 'used_memory') ?? 0) >= limit * 0.98;
};

const saveFails = ({ info }: NodeFacts): boolean =>
  info?.rdb_last_bgsave_status === 'err' || info?.aof_last_write_status === 'err';

const tooFewReplicas = ({ info, settings }: NodeFacts): boolean => {
  const good = number(info, 'min_slaves_good_slaves');
  const wanted = number(settings, 'min-replicas-to-write');
  return good !== undefined && wanted !== undefined && good < wanted;
};

/** By the code that `errorstat_` of INFO counts. What passes by itself, such as LOADING and NOSCRIPT, is not here. */
export const REFUSALS: Readonly<Record<string, Refusal>> = {
  OOM: {
    least: 1,
    severity: 'warning',
    means: 'memory was full and nothing could be evicted, so writes were lost unless clients repeated them',
    remedy:
      'Raise maxmemory, set TTLs, delete what is not needed, or choose an eviction policy where keys may go.',
    now: isFull,
  },
  MISCONF: {
    least: 1,
    severity: 'warning',
    means: 'snapshots or the append-only file could not be written, so the server accepted no writes',
    remedy: 'Look into the log and at the disk: space, permissions, memory for the fork.',
    now: saveFails,
  },
  NOREPLICAS: {
    least: 100,
    severity: 'warning',
    means: 'fewer replicas than min-replicas-to-write were in touch, so the primary accepted no writes',
    remedy:
      'Find out why replicas fell away (log, network, full resynchronizations), and have one more than are needed.',
    now: tooFewReplicas,
  },
  CLUSTERDOWN: {
    least: 1000,
    severity: 'warning',
    means: 'the cluster was not whole',
    remedy: 'See CLUSTER INFO and CLUSTER NODES for slots without a node; give each primary a replica.',
    now: ({ cluster }) => cluster?.info.cluster_state === 'fail',
  },
  READONLY: {
    least: 100,
    severity: 'note',
    means: 'clients wrote to a replica',
    remedy: 'Let clients find the primary through Sentinel or the cluster instead of a fixed address.',
  },
  CROSSSLOT: {
    least: 10,
    severity: 'note',
    means: 'the keys of one command lay in different slots',
    remedy: 'Give keys that are used together the same hash tag: `cart:{42}` and `stock:{42}`.',
  },
  MOVED: {
    least: 10_000,
    severity: 'note',
    means: 'clients asked a node that does not serve the slot',
    remedy: 'Use a client that knows clusters, and keep it for long: it learns the map of slots once.',
  },
  WRONGTYPE: {
    began: true,
    least: 100,
    severity: 'note',
    means: 'a key held another type than the command works on, which points to two uses of one name',
    remedy: 'Find the key with the log of the application, and give each use a prefix of its own.',
  },
  NOPERM: {
    least: 100,
    severity: 'note',
    means: 'a user asked for what it may not',
    remedy: 'See ACL LOG: give the user what it needs, or find out who tries.',
  },
  WRONGPASS: {
    began: true,
    least: 100,
    severity: 'note',
    means: 'somebody logged in with a wrong password',
    remedy: 'See ACL LOG for the addresses: a client with an old password, or somebody who guesses.',
  },
  NOAUTH: {
    least: 1000,
    severity: 'note',
    means: 'clients asked before they had logged in',
    remedy: 'Give the clients and health checks their user and password.',
  },
  BUSY: {
    least: 10,
    severity: 'warning',
    means: 'a script ran for longer than busy-reply-threshold',
    remedy:
      'Find the script with SLOWLOG GET and let it do less a call; SCRIPT KILL ends one that has not written.',
  },
  ERR: {
    began: true,
    least: 10_000,
    severity: 'note',
    means: 'commands were wrong: unknown, with wrong arguments, or on a value that does not fit',
    remedy: 'Look into the logs of the clients for the whole error.',
  },
};

/** Those that make up a share of all commands or are none. */
export const NEED_A_SHARE: Readonly<Record<string, number>> = { MOVED: 0.05, ERR: 0.01 };
