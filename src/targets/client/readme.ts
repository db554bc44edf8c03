import examples from 'templates:client/examples';
import type { StackModel } from '../../model/types.ts';
import { passwordEnv } from '../../model/users.ts';
import type { Pattern } from '../../spec/types.ts';
import { errorRows } from './errors.ts';
import { LIBRARIES } from './libraries.ts';
import { PATTERN_FACTS } from './patterns.ts';
import { type ClientFiles, packageName } from './sources.ts';

/** What README.md.hbs is filled with. `files` are those of the client itself. */
export function clientReadmeView(model: StackModel, files: ClientFiles) {
  const { name, client, topology } = model.spec;
  return {
    name,
    packageName: packageName(),
    library: LIBRARIES[client.library].title,
    topology: topology.kind,
    connectExample: example('connect'),
    observeExample: example('observe'),
    environment: environment(model.spec.security.tls, model.sentinel !== undefined),
    keyPrefix: `${name}:`,
    hasPatterns: client.patterns.length > 0,
    patterns: client.patterns.map(patternView),
    errors: errorRows(files),
    limits: knownLimits(client.patterns),
  };
}

function patternView(pattern: Pattern) {
  const { title, module, meaning, limits } = PATTERN_FACTS[pattern];
  const sentence = `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`;
  return { anchor: pattern, title, module, meaning, sentence, limits, example: example(pattern) };
}

/** An example as an application would write it: it imports the package, not a path in this repository. */
function example(name: string): string {
  const text = examples[`${name}.ts`];
  if (text === undefined) throw new Error(`no example ${name}.ts among the templates`);
  return text.replace("'../src/index.js'", `'${packageName()}'`).trimEnd();
}

function environment(tls: boolean, watched: boolean) {
  return [
    { name: passwordEnv('app'), meaning: 'the password of the user; stands in `.env`' },
    {
      name: 'REDIS_PASSWORD_FILE',
      meaning:
        'a file whose first line is the password, such as `.secrets/app`, or a secret of a container; goes before the variable, and a running client moves when it changes',
    },
    ...(watched
      ? [
          {
            name: 'REDIS_SENTINEL_PASSWORD_FILE',
            meaning: 'the same for the Sentinels, where their password is another one',
          },
        ]
      : []),
    { name: 'REDIS_USER', meaning: 'another user than `app`' },
    {
      name: 'REDIS_VIEW',
      meaning:
        '`host` (default) on the machine that publishes the ports, `network` inside the Compose network',
    },
    {
      name: 'REDIS_ADDRESSES',
      meaning: '`host:port,host:port` in place of either view, until the stack moves',
    },
    ...(tls
      ? [
          {
            name: 'REDIS_TLS_CA',
            meaning: 'the file with the certificate authority of the stack, `.secrets/tls/ca.crt`; needed',
          },
          {
            name: 'REDIS_TLS',
            meaning: '`on` trusts the authorities of the system in its place; `off` does not encrypt',
          },
        ]
      : [
          { name: 'REDIS_TLS', meaning: '`on` encrypts, and trusts the authorities of the system' },
          { name: 'REDIS_TLS_CA', meaning: 'a file with another certificate authority; encrypts as well' },
        ]),
    { name: 'REDIS_TLS_CERT', meaning: 'a file with the certificate of the client' },
    { name: 'REDIS_TLS_KEY', meaning: 'a file with its key' },
    {
      name: 'REDIS_TLS_SERVER_NAME',
      meaning: 'the name in the certificate of the server, where it is not the address',
    },
  ];
}

const CACHES: readonly Pattern[] = ['cache-aside', 'local-tier'];

const KNOWN_LIMITS: readonly { readonly of?: readonly Pattern[]; readonly text: string }[] = [
  {
    text: 'A write that Redis has acknowledged is as durable as the persistence and the replicas of the stack make it; a failover can lose the last ones.',
  },
  {
    text: 'Calls that are repeated through an outage are at least once: a lost answer looks like a lost command.',
  },
  {
    of: CACHES,
    text: 'Leases are kept in Redis: a failover that loses the last writes can lose one, and with it the fence against an old load, until the lifetime of the entry ends.',
  },
  {
    of: CACHES,
    text: 'A load that began before an invalidation still gives its old value to those who were waiting for it; nobody else gets it.',
  },
  {
    of: CACHES,
    text: 'A loader has to read from where the change is visible already. The lag of a database replica is not fenced: read from its primary after a write.',
  },
  {
    of: CACHES,
    text: 'Without Redis the load goes to the source: one load at a time for a key in each process; `maxLoads` bounds those of all keys together.',
  },
  {
    of: ['jobs'],
    text: 'BullMQ keeps its connections, so a process with jobs does not move to a new password by itself: restart it while `create-redis-stack rotate` has both accepted. A job that is cut off is run again.',
  },
  {
    of: ['jobs'],
    text: 'Nor does it follow a stack that becomes another one: deploy a process with jobs anew when `create-redis-stack migrate` has switched. Until then its calls fail or wait.',
  },
  {
    of: ['pubsub'],
    text: 'While a stack moves, publishers and listeners do so one after the other, within about a second: what is published meanwhile may be missed.',
  },
];

function knownLimits(patterns: readonly Pattern[]): readonly string[] {
  return KNOWN_LIMITS.filter(({ of }) => of === undefined || of.some((p) => patterns.includes(p))).map(
    ({ text }) => text,
  );
}
