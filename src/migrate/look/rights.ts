import type { Asker } from '../../redis/ask.ts';
import { NEEDED_COMMANDS, type NeededCommand, type Rights } from './facts.ts';

/** Words with which each command would be called; nothing of it is done. */
const TRIED: Readonly<Record<NeededCommand, readonly string[]>> = {
  psync: ['PSYNC', '?', '-1'],
  replconf: ['REPLCONF', 'ACK', '0'],
  'client|pause': ['CLIENT', 'PAUSE', '1', 'WRITE'],
  'client|unpause': ['CLIENT', 'UNPAUSE'],
  'client|kill': ['CLIENT', 'KILL', 'TYPE', 'normal'],
  'config|set': ['CONFIG', 'SET', 'repl-backlog-size', '1mb'],
};

/** Which of the commands that a migration needs exist here under their own names, and whether we may give them. */
export async function rightsOf(node: Asker, user: string): Promise<Rights> {
  const hidden = await hiddenCommands(node);
  const rights: Partial<Record<NeededCommand, boolean | undefined>> = {};
  for (const command of NEEDED_COMMANDS) {
    if (hidden?.has(command)) rights[command] = false;
  }
  const open = NEEDED_COMMANDS.filter((command) => rights[command] === undefined);
  for (const command of open) {
    // ACL DRYRUN answers OK or says why not; older servers and most users do not have it.
    const reply = await node.ask('which commands it allows', 'ACL', 'DRYRUN', user, ...TRIED[command]);
    if (reply === undefined) break;
    rights[command] = String(reply) === 'OK';
  }
  return Object.fromEntries(NEEDED_COMMANDS.map((command) => [command, rights[command]])) as Rights;
}

/** Commands that are renamed or switched off: the server knows none of that name. */
async function hiddenCommands(node: Asker): Promise<ReadonlySet<string> | undefined> {
  const reply = await node.ask('which commands it hides', 'COMMAND', 'INFO', ...NEEDED_COMMANDS.map(parent));
  if (!Array.isArray(reply)) return undefined;
  return new Set(NEEDED_COMMANDS.filter((_, i) => !Array.isArray(reply[i])));
}

const parent = (command: string): string => command.split('|')[0] ?? command;
