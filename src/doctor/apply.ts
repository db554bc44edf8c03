import type { Address } from '../model/types.ts';
import { type Connection, type Credentials, withConnection } from '../redis/connection.ts';
import { parsePairs } from '../redis/replies.ts';
import { type CommandFix, settingsOf } from './fixes.ts';

export interface Applied {
  readonly fix: CommandFix;
  /** The command that puts back what was there; undefined where that could not be read, and then nothing was set. */
  readonly undo: readonly string[] | undefined;
  /** Undefined when it is done. */
  readonly error: string | undefined;
}

export interface Applying {
  readonly addressOf: (node: string) => Address | undefined;
  readonly credentials: Credentials;
  /** Told of the way back before each is given, so that it is known even of a run that is cut off. */
  readonly onBegin: (fix: CommandFix, undo: readonly string[]) => void;
  readonly onDone: (one: Applied) => void;
}

/** Gives settings to servers one after the other, and stops at the first that does not take one. */
export async function applyFixes(
  fixes: readonly CommandFix[],
  applying: Applying,
): Promise<readonly Applied[]> {
  const done: Applied[] = [];
  for (const fix of fixes) {
    const one = await applied(fix, applying);
    done.push(one);
    applying.onDone(one);
    if (one.error !== undefined) break;
  }
  return done;
}

async function applied(fix: CommandFix, { addressOf, credentials, onBegin }: Applying): Promise<Applied> {
  let undo: readonly string[] | undefined;
  try {
    const settings = settingsOf(fix.words);
    const at = addressOf(fix.at);
    if (settings === undefined) throw new Error(`${fix.words[0]} is not given by this tool`);
    if (at === undefined) throw new Error(`${fix.at} has no address`);
    await withConnection(at, credentials, async (connection) => {
      const names = settings.map(([name]) => name);
      undo = ['CONFIG', 'SET', ...(await present(connection, names))];
      onBegin(fix, undo);
      await connection.call(...fix.words);
    });
    return { fix, undo, error: undefined };
  } catch (error) {
    return { fix, undo, error: (error as Error).message };
  }
}

/** Names and values. Rejects where the server would not say: a setting whose old value is unknown cannot be put back. */
async function present(connection: Connection, names: readonly string[]): Promise<readonly string[]> {
  const words: string[] = [];
  for (const name of names) {
    const value = parsePairs(await connection.call('CONFIG', 'GET', name))[name];
    if (value === undefined) throw new Error(`the server does not tell what ${name} is now`);
    words.push(name, value);
  }
  return words;
}
