import { humanBytes } from '../../../model/bytes.ts';
import { place } from '../../../redis/ask.ts';
import { neededBuffer } from '../buffers.ts';
import type { BufferLimit } from '../facts.ts';
import { type Rule, stops, warns } from '../types.ts';

/** Who only follows cannot be copied from without its primary's writes, nor be held. */
export const sourceIsPrimary: Rule = ({ facts, totals, more }) => {
  if (!more.foreign) return [];
  const replicas = facts.nodes.filter(({ replication }) => replication?.role === 'replica');
  return replicas.map(({ at, replication }) =>
    stops(
      'source-is-replica',
      place(at),
      `It is a replica of ${replication?.follows ? place(replication.follows) : 'another server'}${totals.primaries.length > replicas.length ? '' : ', where the writes go'}.`,
      'Name the primary instead.',
    ),
  );
};

/** One server takes over from one; where several share the data, no one of them has it. */
export const sourceIsOne: Rule = ({ facts, more }) => {
  if (!more.foreign) return [];
  return facts.nodes.flatMap(({ at, cluster }) =>
    cluster && cluster.shards > 1
      ? [
          stops(
            'source-is-cluster',
            place(at),
            `It is one of ${cluster.shards} primaries of a cluster, each with a part of the data.`,
            'Use RedisShake or RIOT, or gather all slots on one server first (redis-cli --cluster rebalance with weights).',
          ),
        ]
      : [],
  );
};

/** Speaking TLS takes a certificate of one's own, which the nodes of a stack without TLS have not. */
export const sourceTls: Rule = ({ facts, after, more }) =>
  more.foreign && more.foreignTls && !after.spec.security.tls
    ? facts.nodes.map(({ at }) =>
        stops(
          'source-tls',
          place(at),
          'It speaks TLS, and the nodes of this stack have no certificates to speak it with.',
          'Make the stack with --tls, or give the address of a port without TLS.',
        ),
      )
    : [];

/** A stack that is not in step has a failure of its own to get over first. */
export const replicasInStep: Rule = ({ facts }) =>
  facts.nodes.flatMap(({ at, replication }) => {
    if (replication?.role === 'replica' && !replication.linkUp)
      return [
        stops(
          'replica-unlinked',
          place(at),
          'It is a replica without a link to its primary.',
          'Wait until `status` shows it linked; its log says what hinders it.',
        ),
      ];
    const behind = (replication?.followers ?? []).filter(
      ({ state, behindBytes }) => state !== 'online' || behindBytes > BEHIND_BYTES,
    );
    return behind.map((one) =>
      warns(
        'replica-behind',
        place(at),
        `Its replica ${one.at} is ${one.state === 'online' ? `${humanBytes(one.behindBytes)} behind` : `not in step (${one.state})`}.`,
        'Wait until it has caught up; a copy beside it makes both slower.',
      ),
    );
  });

/** More than what is on its way at any moment under many writes. */
const BEHIND_BYTES = 8 * 2 ** 20;

/** Where the buffer overflows, the source drops the new replica, and the copy begins again, without end. */
export const bufferHolds: Rule = ({ totals, route, estimate }) => {
  if (route.copies + route.newReplicas === 0) return [];
  return totals.primaries.flatMap(({ at, load, replication }) => {
    const limit = replication?.bufferLimit;
    if (!load || !limit) return [];
    const seconds = Math.max(estimate.copySeconds.high, estimate.growSeconds.high);
    const needed = neededBuffer(load.writtenBytesPerSecond, seconds);
    if (!overflows(limit, needed, seconds)) return [];
    return [
      warns(
        'output-buffer',
        place(at),
        `Clients write ${load.exact ? 'about' : 'up to'} ${humanBytes(load.writtenBytesPerSecond)}/s, so that up to ${humanBytes(needed)} pile up while a copy is made. client-output-buffer-limit for replicas is ${inWords(limit)}: it would be cut off and begin again.`,
        `Raise it for the time of the migration: CONFIG SET client-output-buffer-limit "replica ${wide(needed)} ${wide(needed)} 60".`,
      ),
    ];
  });
};

function overflows(
  { hardBytes, softBytes, softSeconds }: BufferLimit,
  needed: number,
  seconds: number,
): boolean {
  if (hardBytes > 0 && needed > hardBytes) return true;
  return softBytes > 0 && needed > softBytes && seconds > softSeconds;
}

/** Twice as much, in whole MiB as a directive writes it. */
const wide = (bytes: number): string => `${Math.ceil((2 * bytes) / 2 ** 20)}mb`;

const inWords = ({ hardBytes, softBytes, softSeconds }: BufferLimit): string =>
  [
    ...(hardBytes > 0 ? [humanBytes(hardBytes)] : []),
    ...(softBytes > 0 ? [`${humanBytes(softBytes)} for ${softSeconds} s`] : []),
  ].join(', or ');
