import type { Severity } from '../../../problem.ts';
import type { Facts } from '../../facts.ts';
import type { Fix, Found, Rule } from '../../types.ts';
import { inWords, many } from '../../words.ts';
import { type Watch, watches } from './members.ts';

export const wrongQuorum: Rule = {
  id: 'wrong-quorum',
  group: 'topology',
  severity: 'error',
  title: 'A quorum that does not suit the Sentinels',
  looksAt: ['SENTINEL MASTER quorum, num-other-sentinels, down-after-milliseconds'],
  why: 'With a quorum above their number no failover ever starts. With 1 a single Sentinel with a bad network starts one. With fewer than three Sentinels the loss of one ends failover.',
  fix: 'Run three or five Sentinels on machines of their own, with a quorum of more than half, the same on each: `SENTINEL SET <primary name> quorum <n>`.',
  sources: ['https://valkey.io/topics/sentinel', 'https://valkey.io/topics/sentinel-clients'],
  find: (facts) =>
    watches(facts).flatMap((watch) => [
      ...few(facts, watch),
      ...quorum(facts, watch),
      ...different(facts, watch),
    ]),
};

const placeOf = ({ source }: Facts, primaryName: string): string =>
  source === 'spec' ? 'topology' : primaryName;

function few(facts: Facts, { primaryName, voters }: Watch): readonly Found[] {
  if (voters >= 3 && voters % 2 === 1) return [];
  const evidence = [`num-other-sentinels=${voters - 1}`];
  const fixes = specFix(
    facts,
    'topology.sentinels',
    String(voters + 1 + (voters % 2)),
    'One more loss is survived.',
  );
  if (voters >= 3)
    return [
      {
        severity: 'note',
        at: placeOf(facts, primaryName),
        message: `${voters} Sentinels survive no more losses than ${voters - 1}, and can split in half.`,
        evidence,
        remedy: `Run ${voters + 1} or ${voters - 1}.`,
        fixes,
      },
    ];
  return [
    {
      severity: 'warning',
      at: placeOf(facts, primaryName),
      message:
        voters === 1
          ? 'There is one Sentinel: when it is gone, or the machine that it shares, nobody fails over.'
          : 'There are two Sentinels and both must vote: when one is gone, nobody fails over.',
      evidence,
      remedy: 'Run three, each on a machine of its own.',
      fixes,
    },
  ];
}

function specFix(facts: Facts, path: string, value: string, effect: string): readonly Fix[] {
  return facts.model ? [{ kind: 'spec', path, value, effect }] : [];
}

function quorum(facts: Facts, { primaryName, sentinels, voters }: Watch): readonly Found[] {
  const majority = Math.floor(voters / 2) + 1;
  const wrong = sentinels.filter((one) => one.quorum > voters || (one.quorum < majority && voters > 1));
  const [worst] = [...wrong].sort((a, b) => b.quorum - a.quorum);
  if (!worst) return [];
  const effect = `${majority} of ${voters} Sentinels must agree that the primary is down.`;
  const fixes = facts.model
    ? specFix(facts, 'topology.quorum', String(majority), effect)
    : wrong.map(({ name }): Fix => {
        const words = ['SENTINEL', 'SET', primaryName, 'quorum', String(majority)];
        return { kind: 'command', at: name, words, live: true, effect };
      });
  return [
    {
      severity: severityOf(worst.quorum, voters),
      at: placeOf(facts, primaryName),
      message: meaning(worst.quorum, voters),
      evidence: wrong.map(
        (one) => `${one.name}: quorum=${one.quorum} num-other-sentinels=${one.others.length}`,
      ),
      remedy: facts.model
        ? `Set topology.quorum to ${majority}.`
        : `Set the quorum to ${majority} on every Sentinel.`,
      fixes,
    },
  ];
}

function severityOf(n: number, voters: number): Severity {
  if (n > voters) return 'error';
  return n <= 1 ? 'warning' : 'note';
}

function meaning(n: number, voters: number): string {
  if (n > voters)
    return `The quorum is ${n} and there are ${many(voters, 'Sentinel')}: no failover ever starts.`;
  if (n <= 1)
    return `The quorum is 1 of ${voters}: one Sentinel with a bad network starts a failover of a healthy primary.`;
  return `The quorum is ${n} of ${voters}, less than half: a minority declares the primary down, and others then vote on it.`;
}

function different(facts: Facts, { primaryName, sentinels }: Watch): readonly Found[] {
  const settings = { quorum: 'quorum', downAfterMs: 'down-after-milliseconds' } as const;
  return (['quorum', 'downAfterMs'] as const).flatMap((key): readonly Found[] => {
    const values = [...new Set(sentinels.map((one) => one[key]))].sort((a, b) => a - b);
    if (values.length < 2) return [];
    return [
      {
        severity: 'warning',
        at: placeOf(facts, primaryName),
        message: `Sentinels differ in ${settings[key]}: ${inWords(values.map(String))}.`,
        evidence: sentinels.map((one) => `${one.name}: ${settings[key]}=${one[key]}`),
        remedy: `Each judges by its own: set the same on all with \`SENTINEL SET ${primaryName} ${settings[key]} <value>\`.`,
      },
    ];
  });
}
