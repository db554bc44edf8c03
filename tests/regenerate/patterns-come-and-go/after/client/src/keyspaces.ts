import { cache } from './cache-aside.js';
import { defineKeyspaces } from './core.js';

// This file is yours: it was written once, and no update touches it.
//
// It says what the application keeps in Redis. `connectRedis()` opens every entry as `redis.keyspaces.<entry>`. To add one:
//
//   1. Import the function of its pattern from the module beside this file, such as `cache` from './cache-aside.js'.
//      ../README.md has an example of each pattern that this client was made with.
//   2. Give it a name, which begins its keys in Redis, and a `key`, which tells one id from another.
//   3. Use it: redis.keyspaces.<entry> has the methods of the pattern, typed.

/** What the entry below keeps: put a type of your own here. */
export interface User {
  readonly id: string;
  readonly name: string;
}

export const keyspaces = defineKeyspaces({
  /** Users in front of the database: `redis.keyspaces.user.getOrSet(id, () => loadUser(id))`. */
  user: cache<string, User>({
    name: 'user',
    // Raise it when the type changes: what was kept in the old shape is then never read again.
    version: 1,
    key: (id) => [id],
    ttlMs: 60 * 60_000,
  }),
});
