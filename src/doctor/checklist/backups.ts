import type { Facts } from '../facts.ts';
import { isCache, primaries, setting } from '../read-facts.ts';
import { keeps } from '../rules/keys/keeps.ts';
import { callsOf } from '../rules/patterns/calls.ts';
import type { ChecklistItem } from '../types.ts';
import { period } from '../words.ts';

export const backups: ChecklistItem = {
  id: 'backups',
  question: 'Is data that matters copied away, to where a mistake does not reach?',
  why: 'Replicas repeat a FLUSHALL within a millisecond, and files on the same disk go with the disk. A backup is a copy elsewhere that has been restored once.',
  answer(facts) {
    const { model } = facts;
    if (isLossy(facts)) {
      return { answer: 'yes', evidence: ['A cache needs none: what it holds can be made again.'] };
    }
    if (model?.backup.scheduled) return { answer: 'yes', evidence: [scheduled(model.backup)] };
    const copies = fetched(facts);
    if (copies.length > 0) return { answer: 'yes', evidence: copies };
    if (model)
      return { answer: 'no', evidence: ['backup: not in redis-stack.yaml, and nobody has fetched a copy.'] };
    if (facts.nodes.length > 0 && facts.nodes.every((node) => keeps(node) === false)) {
      return {
        answer: 'no',
        evidence: facts.nodes.map(
          ({ name }) => `${name}: appendonly:no, save:"": there is no file that could be copied`,
        ),
      };
    }
    return { answer: 'unseen', evidence: ['A server does not know whether its files are copied away.'] };
  },
};

/** Nothing here has no other copy: the stack says so, any key may be evicted, or a restart loses all of them anyway. */
const isLossy = (facts: Facts): boolean =>
  isCache(facts) === true &&
  (facts.model !== undefined ||
    primaries(facts).every(
      (node) => setting(node, 'maxmemory-policy')?.startsWith('allkeys') || keeps(node) === false,
    ));

const scheduled = ({ everySeconds, keep, bucket }: NonNullable<Facts['model']>['backup']): string =>
  `backup: every ${period(everySeconds)}, ${keep} kept, to ${bucket === undefined ? 'the folder' : `s3://${bucket.name}`}`;

/** Backups over the network log in as a user of their own, or use SYNC, which replicas have not used for long. */
const fetched = ({ nodes }: Facts): readonly string[] =>
  nodes.flatMap((node) => [
    ...(callsOf(node, 'sync') > 0 ? [`${node.name}: cmdstat_sync:calls=${callsOf(node, 'sync')}`] : []),
    ...(node.clients?.groups ?? [])
      .filter(({ user, name }) => /backup/i.test(`${user} ${name}`))
      .map(({ user, host }) => `${node.name}: client user=${user} addr=${host}`),
  ]);
