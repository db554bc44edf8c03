import { compareLines } from './releases.ts';
import type { Engine, EngineName } from './types.ts';

/** Commands that are younger than the oldest release line supported, and the line that brought them. */
const COMMANDS: Readonly<Record<string, Readonly<Record<EngineName, string>>>> = {
  'client|setinfo': { redis: '7.2', valkey: '7.2' },
};

/** Keeps the ACL rules that this engine understands: it refuses a whole file for one command it does not know. */
export function knownRules(
  engine: Pick<Engine, 'name' | 'version'>,
  rules: readonly string[],
): readonly string[] {
  return rules.filter((rule) => {
    const since = COMMANDS[rule.replace(/^[+-]/, '')]?.[engine.name];
    return since === undefined || compareLines(engine.version, since) >= 0;
  });
}
