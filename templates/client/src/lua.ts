import { Access } from './access.js';
import type { Definition, Services, Stay } from './definition.js';
import { badUse, checkName, encodeId, type KeyPart } from './names.js';
import { type Script, script } from './scripts.js';

/** What a script can be given: texts and numbers; numbers arrive as text. */
export type LuaArgument = string | number | bigint;

export interface LuaScriptDefinition<Id, Args, Reply> {
  /** Part of every key: letters, digits, `_`, `.` and `-`. */
  readonly name: string;
  /** What tells one set of keys from another. Parts are encoded, so any text is safe. */
  readonly key: (id: Id) => readonly KeyPart[];
  /**
   * What the keys after the first end with: `KEYS[1]` is the key of the id, and each suffix adds one. All of them share the
   * id's hash tag, hence a slot.
   *
   * @default no further keys
   */
  readonly suffixes?: (id: Id) => readonly string[];
  /**
   * The script. It must touch no keys but those in KEYS, give those that should end a lifetime, and bear to be run again with
   * the same arguments, because an answer that was lost looks like a script that was not run.
   */
  readonly lua: string;
  /**
   * Makes ARGV of what `run` is given.
   *
   * @default a script without arguments
   */
  readonly args?: (args: Args) => readonly LuaArgument[];
  /**
   * Makes the result of the reply: Lua's whole numbers arrive as numbers, with fractions cut off; texts as strings; `false`
   * and `nil` as null, `true` as 1; tables as arrays up to their first `nil`.
   */
  readonly decode: (reply: unknown) => Reply;
  /**
   * What must not be dropped by a server that is full: `lasting` keys, which have no lifetime, or `expiring` ones too.
   * `redis.open` refuses a server that may.
   *
   * @default anything may be dropped
   */
  readonly mustStay?: Stay;
}

/** Your own Lua as a definition; throws `redis/bad-use` if it cannot work. */
export function luaScript<Id, Reply, Args = void>(
  definition: LuaScriptDefinition<Id, Args, Reply>,
): Definition<LuaScript<Id, Args, Reply>> {
  const { name, lua, decode, mustStay } = definition;
  checkName(name);
  if (lua.trim() === '') throw badUse(`'${name}' has no Lua.`);
  const made = script(lua, decode);
  return {
    name,
    ...(mustStay === undefined ? {} : { mustStay }),
    open: (services) => new LuaScript(services, definition, made),
  };
}

/**
 * A script that runs on the server in one step. It is sent once to each server and then called by its digest; a server that
 * has forgotten it, after a restart or a failover, is sent it again.
 */
export class LuaScript<Id, Args, Reply> {
  readonly #access: Access;
  readonly #definition: LuaScriptDefinition<Id, Args, Reply>;
  readonly #script: Script<Reply>;

  constructor(services: Services, definition: LuaScriptDefinition<Id, Args, Reply>, made: Script<Reply>) {
    this.#access = new Access(services, definition.name);
    this.#definition = definition;
    this.#script = made;
  }

  /**
   * Runs the script on the keys of an id. It is repeated through restarts and failovers, so it runs at least once.
   *
   * Rejects with `redis/deadline` after `writeWithinMs`, with `redis/refused` for an error of the script, with
   * `redis/bad-use` for an argument that is no text and no number, and with the decoder's own error, after which the script
   * has run.
   */
  async run(id: Id, args: Args): Promise<Reply> {
    const { name, args: list = () => [] } = this.#definition;
    const texts = list(args).map((argument) => argumentText(name, argument));
    return this.#access.run(this.#script, this.keys(id), texts);
  }

  /** The keys that the script gets, in order. */
  keys(id: Id): readonly string[] {
    const { name, key, suffixes = () => [] } = this.#definition;
    const first = this.#access.key(key(id));
    const keys = [first, ...suffixes(id).map((suffix) => `${first}:${encodeId([suffix])}`)];
    if (new Set(keys).size < keys.length) throw badUse(`'${name}' has a suffix twice.`);
    return keys;
  }
}

function argumentText(name: string, argument: LuaArgument): string {
  if (typeof argument === 'string' || typeof argument === 'bigint' || Number.isFinite(argument))
    return String(argument);
  throw badUse(`'${name}' was given ${String(argument)}, which is no text and no number.`);
}
