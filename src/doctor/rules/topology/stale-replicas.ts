import { dataNodes } from '../../../model/build.ts';
import { place } from '../../../redis/ask.ts';
import type { Facts } from '../../facts.ts';
import type { Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';
import { isDown, nodeAt, watches } from './members.ts';
import { reset } from './stale-sentinels.ts';

export const staleReplicas: Rule = {
  id: 'stale-replicas',
  group: 'topology',
  severity: 'warning',
  title: 'Replicas that Sentinel knows and nobody finds',
  looksAt: ['SENTINEL REPLICAS flags'],
  why: 'Sentinel never forgets a replica by itself: it goes on dialling it, tells clients of it, and makes whatever answers at that address a replica of this primary, which empties it.',
  fix: 'Bring the replica back. If it is gone for good, `SENTINEL RESET <primary name>` on one Sentinel after the other.',
  sources: ['https://valkey.io/topics/sentinel'],
  find: (facts) =>
    watches(facts).flatMap(({ primaryName, sentinels }) => {
      const gone = sentinels.flatMap(({ name, replicas }) =>
        replicas
          .filter((replica) => isDown(replica) && !nodeAt(facts, replica.at))
          .map((replica) => ({ name, ...replica })),
      );
      if (gone.length === 0) return [];
      const places = [...new Set(gone.map(({ at }) => place(at)))];
      const nobody = places.length === 1 ? 'which does not answer' : 'which do not answer';
      return [
        {
          at: primaryName,
          message: `Sentinel knows ${many(places.length, 'replica')} at ${inWords(places)}, ${nobody}.`,
          evidence: gone.map(({ name, at, flags }) => `${name}: ${place(at)} flags=${flags.join(',')}`),
          ...(isShort(facts)
            ? { remedy: '`create-redis-stack up` starts what does not run.' }
            : {
                remedy: `Start it again. If it is gone for good, run \`SENTINEL RESET ${primaryName}\` on one Sentinel after the other, half a minute apart, while the primary is well.`,
                fixes: sentinels.map((one) => reset(one.name, primaryName)),
              }),
        },
      ];
    }),
};

/** True where redis-stack.yaml has more data nodes than have answered: one that Sentinel misses is to come back. */
const isShort = ({ model, nodes }: Facts): boolean =>
  model !== undefined && nodes.length < dataNodes(model.nodes).length;
