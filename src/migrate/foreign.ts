import { ProblemError, problem } from '../problem.ts';
import { openConnection } from '../redis/connection.ts';
import { parseServerUrl, withoutPassword } from '../redis/server-url.ts';
import type { Files } from '../system.ts';
import { inside } from '../workspace/paths.ts';
import { type JournalData, NEXT_FOLDER } from './journal.ts';
import type { Context, Source } from './step.ts';
import type { Origin } from './steps/copy.ts';

/** Where new nodes find the login of the foreign server: beside their configuration, and gone with it. */
const PASSWORD = `${NEXT_FOLDER}/conf/source`;
const AUTHORITY = `${NEXT_FOLDER}/conf/source-ca.crt`;
const CERTIFICATE = `${NEXT_FOLDER}/conf/source.crt`;
const KEY = `${NEXT_FOLDER}/conf/source.key`;

type From = NonNullable<JournalData['from']>;

export interface Foreign {
  readonly from: From;
  readonly password: string;
  /** The certificate authority, as text. */
  readonly ca: string | undefined;
  /** A certificate that the server asks its clients for, and its key, as texts. */
  readonly own: { readonly cert: string; readonly key: string } | undefined;
}

/** A server by its URL: `redis://user@host:port`, or `rediss://` with TLS. Rejects with `migrate/bad-source`. */
export function parseSource(url: string): { readonly from: From; readonly password: string } {
  const parsed = parseServerUrl(url);
  if (!parsed) throw new ProblemError(badSource(withoutPassword(url)));
  const { password, ...from } = parsed;
  return { from, password };
}

const badSource = (url: string) =>
  problem(
    'migrate/bad-source',
    '--from',
    `'${url}' is no address of a server.`,
    'Write for instance --from redis://app@old.example:6379, and put the password into REDIS_SOURCE_PASSWORD.',
  );

export function sourceOf({ from, password, ca = '', own }: Foreign): Source {
  const { host, port, user: username, tls } = from;
  const trust = { ca, ...(own ? { own } : {}) };
  return { host, port, credentials: { username, password, ...(tls ? { tls: trust } : {}) } };
}

/** Keeps the login for new nodes, and for a run that goes on later. */
export function rememberSource(files: Files, root: string, { password, ca, own }: Foreign): void {
  // A container reads it as another user; the folder above is closed to others.
  files.write(inside(root, PASSWORD), `${password}\n`, 0o644);
  if (ca !== undefined) files.write(inside(root, AUTHORITY), ca, 0o644);
  if (own === undefined) return;
  files.write(inside(root, CERTIFICATE), own.cert, 0o644);
  files.write(inside(root, KEY), own.key, 0o644);
}

/** As an earlier run has kept it. */
export function rememberedSource(files: Files, root: string, from: From): Source {
  const password = (files.read(inside(root, PASSWORD)) ?? '').trimEnd();
  const [ca, cert, key] = [AUTHORITY, CERTIFICATE, KEY].map((path) => files.read(inside(root, path)));
  const own = cert !== undefined && key !== undefined ? { cert, key } : undefined;
  return sourceOf({ from, password, ca, own });
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
      ...(tls?.own
        ? { STACK_ADOPT_CERT: `${folder}/source.crt`, STACK_ADOPT_KEY: `${folder}/source.key` }
        : {}),
    },
  };
}
