import type { StackModel } from '../../../model/types.ts';
import type { Facts } from '../../facts.ts';
import type { Fix, Found, Rule } from '../../types.ts';
import {
  aclLine,
  connectionsOf,
  type Guarded,
  guardedOf,
  isAdministrator,
  type KnownUser,
  knownUsers,
  listed,
  namesOf,
  reachesData,
} from './acl.ts';

/** Fewer may be people with a command line client. */
const APPLICATION_CONNECTIONS = 3;

/** Sentinels and replicas need some of these commands, and no key. */
const worksWithKeys = (user: KnownUser): boolean =>
  reachesData(user) || guardedOf(user).some(({ name }) => name === 'flushall' || name === 'flushdb');

/** `security.allow` is the application's, `security.users.0.allow` that of a further user. */
function allowance(model: StackModel, user: string, names: readonly string[]): Fix | undefined {
  const { security } = model.spec;
  const index = security.users.findIndex(({ name }) => name === user);
  const given = index < 0 ? (user === 'app' ? security.allow : undefined) : security.users[index]?.allow;
  const rest = given?.filter((name) => !names.includes(name));
  if (!given || !rest || rest.length === given.length) return undefined;
  return {
    kind: 'spec',
    path: index < 0 ? 'security.allow' : `security.users.${index}.allow`,
    value: `[${rest.join(', ')}]`,
    effect: `The user ${user} may no longer call ${listed(names.map((name) => name.toUpperCase()))}.`,
  };
}

function fixesOf(facts: Facts, user: KnownUser, commands: readonly Guarded[]): readonly Fix[] {
  if (facts.model) {
    const parents = [...new Set(commands.map(({ name }) => name.split('|')[0] ?? name))];
    const fix = allowance(facts.model, user.name, parents);
    return fix ? [fix] : [];
  }
  return user.nodes.map((node): Fix => {
    const used = node.commands?.some(({ name, calls }) => calls > 0 && commands.some((c) => c.name === name));
    return {
      kind: 'command',
      at: node.name,
      words: ['ACL', 'SETUSER', user.name, ...commands.map(({ name }) => `-${name}`)],
      live: used === false,
      effect: `The user ${user.name} may no longer call them; ACL SAVE or the file of users keeps it that way.`,
    };
  });
}

const upper = ({ name }: Guarded): string => name.toUpperCase().replace('|', ' ');

function someCommands(facts: Facts, user: KnownUser): Found | undefined {
  const commands = guardedOf(user);
  const grave = commands.filter(({ harm }) => harm !== 'stall');
  const [worst] = grave.length > 0 ? grave : commands;
  if (!worst) return undefined;
  const named = commands.slice(0, 4).map(upper);
  const rest = commands.length - named.length;
  const fixes = fixesOf(facts, user, commands);
  const asked = fixes.flatMap((fix) => (fix.kind === 'spec' ? [fix.path] : []))[0];
  return {
    severity: grave.length > 0 ? 'warning' : 'note',
    at: facts.source === 'spec' && asked ? asked : `user ${user.name}`,
    message: `${user.name} may call ${listed(rest > 0 ? [...named, `${rest} more like them`] : named)}. ${upper(worst)} ${worst.does}.`,
    evidence: [aclLine(user), `on ${namesOf(user.nodes)}`],
    remedy: facts.model
      ? 'Take them out of security.allow, or of allow of the user, unless the application cannot work without them; people have the user admin.'
      : `Take them away: ACL SETUSER ${user.name} ${commands.map(({ name }) => `-${name}`).join(' ')}. People who run the servers get a user of their own.`,
    fixes,
  };
}

function applicationAsAdministrator(facts: Facts, user: KnownUser): Found | undefined {
  const connections = connectionsOf(facts, user.name);
  if (connections < APPLICATION_CONNECTIONS) return undefined;
  return {
    at: `user ${user.name}`,
    message: `${connections} connections work as ${user.name}, which may do everything: delete all keys, change every setting and right, and load code.`,
    evidence: [aclLine(user), `${connections} clients user=${user.name}`],
    remedy: `Give the application a user of its own: ACL SETUSER app on '>password' '~*' '&*' +@all -@admin -@dangerous. ${user.name === 'default' ? 'Then switch default off' : `Keep ${user.name} for people`}.`,
  };
}

export const dangerousCommands: Rule = {
  id: 'dangerous-commands',
  group: 'security',
  severity: 'warning',
  title: 'Applications that may call dangerous commands',
  looksAt: ['ACL LIST: rules of each user, in their order', 'CLIENT LIST: user'],
  why: 'A bug or a stolen password of an application does as much harm as its user may. FLUSHALL deletes everything in a moment, KEYS stops everybody, and CONFIG, MODULE, REPLICAOF or ACL hand over the server.',
  fix: 'Applications need +@all -@admin -@dangerous and what they use beside that; one user for people may do everything.',
  sources: [
    'https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/',
    'https://valkey.io/topics/acl/',
  ],
  find: (facts) => {
    const users = knownUsers(facts);
    // A default user without a password, or one that is alone, is for other rules.
    const isOne = ({ name, nopass }: KnownUser) => name !== 'default' || (!nopass && users.length > 1);
    return users
      .filter((user) => isOne(user) && worksWithKeys(user))
      .flatMap((user) => {
        const found = isAdministrator(user)
          ? applicationAsAdministrator(facts, user)
          : someCommands(facts, user);
        return found ? [found] : [];
      });
  },
};
