import type { Address } from '../model/types.ts';
import { type Connection, type Credentials, withConnection } from '../redis/connection.ts';
import { parsePairs } from '../redis/replies.ts';
import { type CommandFix, isSetting } from './fixes.ts';

export interface Applied {
  readonly fix: CommandFix;
  /** What the setting was before; undefined where it could not be read, and then nothing was set. */
  readonly before: string | undefined;
  /** Undefined when it is done. */
  readonly error: string | undefined;
}

export interface Applying {
  readonly addressOf: (node: string) => Address | undefined;
  readonly credentials: Credentials;
  /** Told of each as soon as it is done, so that a way back is known even of a run that is cut off. */
  readonly onDone: (one: Applied) => void;
}

/** Gives settings to servers one after the other, and stops at the first that does not take one. */
export async function applyFixes(
  fixes: readonly CommandFix[],
  { addressOf, credentials, onDone }: Applying,
): Promise<readonly Applied[]> {
  const done: Applied[] = [];
  for (const fix of fixes) {
    const at = addressOf(fix.at);
    const one = await applied(fix, at, credentials);
    done.push(one);
    onDone(one);
    if (one.error !== undefined) break;
  }
  return done;
}

async function applied(fix: CommandFix, at: Address | undefined, credentials: Credentials): Promise<Applied> {
  let before: string | undefined;
  try {
    if (!isSetting(fix.words)) throw new Error(`${fix.words[0]} is not given by this tool`);
    if (at === undefined) throw new Error(`${fix.at} has no address`);
    await withConnection(at, credentials, async (connection) => {
      before = await present(connection, fix.words[2] ?? '');
      await connection.call(...fix.words);
    });
    return { fix, before, error: undefined };
  } catch (error) {
    return { fix, before, error: (error as Error).message };
  }
}

/** Rejects where the server would not say: a setting whose old value is unknown cannot be put back. */
async function present(connection: Connection, name: string): Promise<string> {
  const value = parsePairs(await connection.call('CONFIG', 'GET', name))[name];
  if (value === undefined) throw new Error(`the server does not tell what ${name} is now`);
  return value;
}

/** The words that put back what was there. */
export const undoOf = ({ fix, before }: Applied): readonly string[] => [
  ...fix.words.slice(0, 3),
  before ?? '',
];
