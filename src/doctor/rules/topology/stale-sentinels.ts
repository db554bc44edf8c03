import { place } from '../../../redis/ask.ts';
import type { Facts, SentinelFacts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { inWords } from '../../words.ts';
import { isDown, type Watch, watches } from './members.ts';

/** Sentinels greet each other every two seconds. */
const LONG_MS = 60_000;

export const staleSentinels: Rule = {
  id: 'stale-sentinels',
  group: 'topology',
  severity: 'error',
  title: 'Sentinels that are gone but still counted',
  looksAt: ['SENTINEL SENTINELS flags, last-ok-ping-reply', 'SENTINEL CKQUORUM'],
  why: 'A failover needs the votes of more than half of all Sentinels that were ever met. Those that are gone count and never vote.',
  fix: 'Bring them back, or make the others forget them: `SENTINEL RESET <primary name>` on one Sentinel after the other, half a minute apart.',
  sources: ['https://valkey.io/topics/sentinel'],
  find: (facts) =>
    facts.source === 'spec'
      ? []
      : watches(facts).flatMap((watch) => [...gone(facts, watch), ...unequal(watch)]),
};

type Other = SentinelFacts['others'][number];

const isGone = (facts: Facts, other: Other, downAfterMs: number): boolean =>
  !facts.sentinels.some(({ at }) => place(at) === place(other.at)) &&
  (isDown(other) || other.lastOkMs > Math.max(LONG_MS, 2 * downAfterMs));

function gone(facts: Facts, { primaryName, sentinels, voters }: Watch): readonly Found[] {
  const stale = sentinels.flatMap((one) =>
    one.others.filter((other) => isGone(facts, other, one.downAfterMs)).map((other) => ({ one, other })),
  );
  // A quorum above their number is the finding of another rule.
  const refused = sentinels.filter(({ quorumOk, quorum }) => quorumOk === false && quorum <= voters);
  if (stale.length === 0 && refused.length === 0) return [];
  const places = [...new Set(stale.map(({ other }) => place(other.at)))];
  const majority = Math.floor(voters / 2) + 1;
  const left = voters - places.length;
  const stuck = refused.length > 0 || left < majority;
  const missing = places.length > 0 ? `${inWords(places)} of ${voters} Sentinels no longer answer` : '';
  const consequence = stuck
    ? 'there are too few for a failover'
    : `a failover needs the votes of ${majority}, and ${left} can vote`;
  return [
    {
      severity: stuck ? 'error' : 'warning',
      at: primaryName,
      message: missing
        ? `${missing}: ${consequence}.`
        : 'Sentinels say that there are too few of them for a failover.',
      evidence: [
        ...stale.map(
          ({ one, other }) =>
            `${one.name}: ${place(other.at)} flags=${other.flags.join(',')} last-ok-ping-reply=${other.lastOkMs}`,
        ),
        ...refused.map(({ name }) => `${name}: SENTINEL CKQUORUM ${primaryName} fails`),
      ],
      remedy: `Start them again. If they are gone for good, run \`SENTINEL RESET ${primaryName}\` on one remaining Sentinel after the other, half a minute apart, while the primary is well.`,
      fixes: places.length > 0 ? sentinels.map(({ name }) => reset(name, primaryName)) : [],
    },
  ];
}

export const reset = (at: string, primaryName: string) =>
  ({
    kind: 'command',
    at,
    words: ['SENTINEL', 'RESET', primaryName],
    // Until it has met the others again it cannot take part in a failover.
    live: false,
    effect: 'It forgets all Sentinels and replicas of this primary and meets those that are alive anew.',
  }) as const;

/** A Sentinel that was replaced under a new id is counted twice by those that met both. */
function unequal({ primaryName, sentinels }: Watch): readonly Found[] {
  const counts = new Set(sentinels.map(({ others }) => others.length));
  if (counts.size < 2) return [];
  return [
    {
      severity: 'warning',
      at: primaryName,
      message: `Sentinels do not agree on how many they are: ${inWords(sentinels.map(({ others }) => String(others.length + 1)))}.`,
      evidence: sentinels.map(({ name, others }) => `${name}: num-other-sentinels=${others.length}`),
      remedy: `A Sentinel that just started needs some seconds. If it stays so, \`SENTINEL RESET ${primaryName}\` on those that count too many, one after the other; one that counts too few cannot hear the others over the primary: look at its network and its user.`,
    },
  ];
}
