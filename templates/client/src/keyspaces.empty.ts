import { defineKeyspaces } from './core.js';

// This file is yours: it was written once, and no update touches it.
//
// It says what the application keeps in Redis. `connectRedis()` opens every entry as `redis.keyspaces.<entry>`. To add one:
//
//   1. Import the function of its pattern from the module beside this file.
//      ../README.md has an example of each pattern that this client was made with: take the entries from there.
//   2. Give it a name, which begins its keys in Redis, and a `key`, which tells one id from another.
//   3. Use it: redis.keyspaces.<entry> has the methods of the pattern, typed.

export const keyspaces = defineKeyspaces({});
