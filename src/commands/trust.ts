import { resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { ProblemError, problem } from '../problem.ts';
import type { Trust } from '../redis/connection.ts';
import type { System } from '../system.ts';

/** Files in PEM form, as the command line names them. */
export interface TrustArguments {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * Whom to believe where a server that is not of a stack speaks TLS: the given authority, or those that Node trusts, for
 * not everybody who is told uses Node. Rejects with `<room>/half-a-pair` and `<room>/no-file`.
 */
export function trustOf(system: System, { ca, cert, key }: TrustArguments, room: string): Trust {
  const read = (flag: string, file: string) => readGiven(system, room, flag, file);
  const authority = ca === undefined ? rootCertificates.join('\n') : read('--ca', ca);
  if (cert === undefined && key === undefined) return { ca: authority };
  if (cert === undefined || key === undefined)
    throw new ProblemError(
      problem(`${room}/half-a-pair`, '--cert --key', 'These need each other.', 'Give both.'),
    );
  return { ca: authority, own: { cert: read('--cert', cert), key: read('--key', key) } };
}

function readGiven({ files, cwd }: System, room: string, flag: string, file: string): string {
  const text = files.read(resolve(cwd, file));
  if (text !== undefined) return text;
  throw new ProblemError(
    problem(`${room}/no-file`, flag, `${file} cannot be read.`, 'Give a file in PEM form.'),
  );
}
