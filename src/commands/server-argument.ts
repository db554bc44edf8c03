import type { Address } from '../model/types.ts';
import { ProblemError, problem } from '../problem.ts';
import type { Credentials } from '../redis/connection.ts';
import { parseServerUrl, withoutPassword } from '../redis/server-url.ts';
import type { System } from '../system.ts';
import { type TrustArguments, trustOf } from './trust.ts';

/** Whether an argument names a server; anything else is a folder. */
export const isUrl = (text: string): boolean => /^[a-z][a-z+]*:\/\//i.test(text);

export interface ServerArgument {
  readonly at: Address;
  readonly credentials: Credentials;
  /** The URL as it may be shown. */
  readonly shown: string;
}

/** A server by its URL; its password may stand in REDISCLI_AUTH. Rejects with `<command>/bad-url`. */
export function serverArgument(
  system: System,
  args: TrustArguments & { readonly target: string },
  command: string,
): ServerArgument {
  const shown = withoutPassword(args.target);
  const url = parseServerUrl(args.target);
  if (!url) throw new ProblemError(badUrl(command, shown));
  const { host, port, user: username, tls } = url;
  const password = url.password || system.env.REDISCLI_AUTH || '';
  const trust = tls ? { tls: trustOf(system, args, command) } : {};
  return { at: { host, port }, credentials: { username, password, ...trust }, shown };
}

const badUrl = (command: string, url: string) =>
  problem(
    `${command}/bad-url`,
    command,
    `'${url}' is no address of a server.`,
    'Write for instance redis://app@db.example:6379, rediss:// where it speaks TLS, and put the password into REDISCLI_AUTH.',
  );
