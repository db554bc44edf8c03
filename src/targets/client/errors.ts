import type { RedisErrorCode } from '../../../templates/client/src/errors.ts';

/** What to do about each error; what it means stands beside its code in the client's `errors.ts`. */
export const REMEDIES: Readonly<Record<RedisErrorCode, string>> = {
  'redis/bad-environment': 'Set what the message names; the variables are listed above.',
  'redis/bad-use': 'Change the calling code; the message says what is wrong.',
  'redis/unreachable': 'Is the stack up, and do `REDIS_VIEW` and the password fit? The cause says more.',
  'redis/deadline': 'Try again if a second time does no harm; look at the servers if it persists.',
  'redis/breaker-open': 'Nothing: it ends by itself once the server answers.',
  'redis/overloaded': 'Send fewer calls at once, or raise `maxInFlight`.',
  'redis/load-timeout': 'Make the loader faster, or give it more time.',
  'redis/write-timeout': 'Ask the source what it has, then try again; or give it more time.',
  'redis/unconfirmed': 'Nothing, if readers may be late; else invalidate once Redis is back.',
  'redis/conflict': 'Try again; keep what others change at once in fields of its own.',
  'redis/locked': 'Come again later, or wait longer with `waitMs`.',
  'redis/lock-lost': 'Stop what the lock protects; another holder may have begun.',
  'redis/handler-timeout':
    'Nothing: the item is tried again. Give the handler more time if it happens often.',
  'redis/item-lost': 'Stop working on the item; another worker has it.',
  'redis/may-evict': 'Set `memory.eviction` in `redis-stack.yaml`; the message says what is needed.',
  'redis/unsupported': 'Use a newer release of the server, or do without.',
  'redis/not-moved':
    'Does the view of the new stack fit, `REDIS_VIEW`? Else restart with its own client. The cause says more.',
  'redis/refused': 'Read the cause: rights, a wrong type, memory that is full.',
  'redis/closed': 'Do not use the connection after `close()`.',
};

export interface ErrorRow {
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** The errors that some source can throw, with the meaning from the comment above each code. */
export function errorRows(sources: Readonly<Record<string, string>>): readonly ErrorRow[] {
  const { 'src/errors.ts': declared = '', ...others } = sources;
  const thrown = new Set(Object.values(others).flatMap((text) => text.match(/'redis\/[a-z-]+'/g) ?? []));
  return [...declared.matchAll(/\/\*\* ([^*]+) \*\/\s+\| '([^']+)'/g)]
    .filter(([, , code]) => thrown.has(`'${code}'`))
    .map(([, meaning = '', code = '']) => ({ code, meaning, remedy: REMEDIES[code as RedisErrorCode] }));
}
