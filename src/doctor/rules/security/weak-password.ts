import type { Found, Rule } from '../../types.ts';
import { guardedOf, isAdministrator, type KnownUser, namesOf, reachesData, withPassword } from './acl.ts';
import { isExposed } from './reach.ts';

/** What a user is good for, for somebody who has guessed its password. */
function gain(user: KnownUser): string {
  if (isAdministrator(user)) return 'everything';
  if (reachesData(user)) return 'its keys';
  return guardedOf(user).length > 0 ? 'the server' : 'what it may ask';
}

export const weakPassword: Rule = {
  id: 'weak-password',
  group: 'security',
  severity: 'error',
  title: 'Passwords that everybody tries first',
  looksAt: ['ACL LIST: hashes of passwords, held against a short list and the names of the users'],
  why: 'A server answers many thousand logins a second and locks nobody out, so a password from the usual lists is found at once.',
  fix: 'Give the user a long random password, as ACL GENPASS makes them.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/security/',
    'https://redis.io/docs/latest/commands/acl-genpass/',
    'https://valkey.io/topics/security/',
  ],
  find: (facts) =>
    withPassword(facts)
      .filter(({ weak }) => weak)
      .map((user): Found => {
        const grave = user.nodes.some(isExposed) && (reachesData(user) || guardedOf(user).length > 0);
        return {
          severity: grave ? 'error' : 'warning',
          at: `user ${user.name}`,
          message: `A password of ${user.name} is one of those that are tried first; whoever guesses it gets ${gain(user)}.`,
          evidence: [`user ${user.name}: hash of a common password`, `on ${namesOf(user.nodes)}`],
          remedy: facts.model
            ? `Run \`create-redis-stack rotate\`: it makes a new one and changes it without a stop.`
            : `Add a long one that ACL GENPASS makes (ACL SETUSER ${user.name} '>new'), move its clients, then take the old one away (ACL SETUSER ${user.name} '<old').`,
        };
      }),
};
