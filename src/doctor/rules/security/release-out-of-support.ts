import { daysLeft, isOver, lineOf, lineToGoTo, supportOf, supportSource } from '../../../engines/support.ts';
import type { Facts } from '../../facts.ts';
import type { Found, Rule } from '../../types.ts';
import { lineFix, type Running, releases } from './releases.ts';

/** From here on it is time to plan. */
const SOON_DAYS = 180;

function judged(facts: Facts, running: Running): Found | undefined {
  const { engine, title, version, at } = running;
  const line = lineOf(version);
  const support = supportOf(engine, version);
  if (!support) return undefined;
  const left = daysLeft(support, facts.atSeconds);
  const ended = isOver(support, facts.atSeconds);
  if (!ended && (left === undefined || left > SOON_DAYS)) return undefined;
  const next = lineToGoTo(engine, version, facts.atSeconds);
  return {
    severity: ended ? 'warning' : 'note',
    at,
    message: ended
      ? `${title} ${line} gets no more fixes: holes that are found from now on stay open.`
      : `${title} ${line} gets security fixes until ${support.until}, ${left} days from now.`,
    evidence: [
      `${title} ${version}`,
      support.over
        ? `${line} is not among the lines that get fixes`
        : `support of ${line} until ${support.until}`,
    ],
    remedy: `Go to ${title} ${next}, replicas first and the primary after a failover. Where a distribution maintains this package itself, ask it how long it will.`,
    fixes: lineFix(facts, next),
  };
}

export const releaseOutOfSupport: Rule = {
  id: 'release-out-of-support',
  group: 'security',
  severity: 'warning',
  title: 'A release line that gets no more fixes',
  looksAt: ['INFO server: redis_version, valkey_version', 'published ends of support'],
  why: 'When a line is no longer supported, holes that are found in it are published and not closed.',
  fix: 'Go to a supported line.',
  sources: [supportSource.redis, 'https://github.com/redis/redis/security/policy', supportSource.valkey],
  find: (facts) =>
    releases(facts).flatMap((running) => {
      const found = judged(facts, running);
      return found ? [found] : [];
    }),
};
