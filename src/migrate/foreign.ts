import { ProblemError, problem } from '../problem.ts';
import { openConnection } from '../redis/connection.ts';
import type { Files } from '../system.ts';
import { inside } from '../workspace/paths.ts';
import { type JournalData, NEXT_FOLDER } from './journal.ts';
import type { Context, Source } from './step.ts';
import type { Origin } from './steps/copy.ts';

/** Where new nodes find the login of the foreign server: beside their configuration, and gone with it. */
const PASSWORD = `${NEXT_FOLDER}/conf/source`;
const AUTHORITY = `${NEXT_FOLDER}/conf/source-ca.crt`;

type From = NonNullable<JournalData['from']>;

export interface Foreign {
  readonly from: From;
  readonly password: string;
  /** The certificate authority, as text. */
  readonly ca: string | undefined;
}

/** A server by its URL: `redis://user@host:port`, or `rediss://` with TLS. Rejects with `migrate/bad-source`. */
export function parseSource(url: string): { readonly from: From; readonly password: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '')
    throw new ProblemError(badSource(url.replace(/:[^:@/]*@/, ':…@')));
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const user = decodeURIComponent(parsed.username) || 'default';
  const port = Number(parsed.port || 6379);
  return {
    from: { host, port, user, tls: parsed.protocol === 'rediss:' },
    password: decodeURIComponent(parsed.password),
  };
}

const badSource = (url: string) =>
  problem(
    'migrate/bad-source',
    '--from',
    `'${url}' is no address of a server.`,
    'Write for instance --from redis://app@old.example:6379, and put the password into REDIS_SOURCE_PASSWORD.',
  );

export function sourceOf({ from, password, ca }: Foreign): Source {
  const { host, port, user: username, tls } = from;
  return { host, port, credentials: { username, password, ...(tls ? { tls: { ca: ca ?? '' } } : {}) } };
}

/** Keeps the login for new nodes, and for a run that goes on later. */
export function rememberSource(files: Files, root: string, { password, ca }: Foreign): void {
  // A container reads it as another user; the folder above is closed to others.
  files.write(inside(root, PASSWORD), `${password}\n`, 0o644);
  if (ca !== undefined) files.write(inside(root, AUTHORITY), ca, 0o644);
}

/** As an earlier run has kept it. */
export function rememberedSource(files: Files, root: string, from: From): Source {
  const password = (files.read(inside(root, PASSWORD)) ?? '').trimEnd();
  return sourceOf({ from, password, ca: files.read(inside(root, AUTHORITY)) });
}

/** The foreign server as something to copy from. */
export function foreignOrigin({ source, ground, journal }: Context, folder: string): Origin {
  if (source === undefined) throw new Error('there is no foreign server');
  const { host, port, credentials } = source;
  const { username, tls } = credentials;
  const isOurs = ground.after.spec.security.tls;
  return {
    name: `${host}:${port}`,
    inside: { host, port },
    open: () => openConnection({ host, port }, credentials, 10_000),
    env: {
      STACK_ADOPT_USER: username === 'default' ? '' : username,
      STACK_ADOPT_SECRET: `${folder}/source`,
      ...((tls !== undefined) === isOurs ? {} : { STACK_ADOPT_TLS: tls ? 'yes' : 'no' }),
      ...(journal.data().from?.ca ? { STACK_ADOPT_CA: `${folder}/source-ca.crt` } : {}),
    },
  };
}
