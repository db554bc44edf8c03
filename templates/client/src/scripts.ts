import { createHash } from 'node:crypto';

/** A Lua script with the type of its answer. Every key it touches is in KEYS, and all of them share one hash tag. */
export interface Script<Reply> {
  readonly lua: string;
  readonly sha1: string;
  readonly decode: (reply: unknown) => Reply;
}

export const script = <Reply>(lua: string, decode: (reply: unknown) => Reply): Script<Reply> => ({
  lua,
  sha1: createHash('sha1').update(lua).digest('hex'),
  decode,
});

export const isOne = (reply: unknown): boolean => Number(reply) === 1;

/** What a reader who missed gets: the value after all, the right to load it, or word that another one is loading it. */
export type LeaseReply =
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'granted' }
  | { readonly kind: 'held' };

/** KEYS: value, lease. ARGV: token, lease milliseconds, a text to treat as no value because it could not be read. */
export const acquireLease = script<LeaseReply>(
  `local value = redis.call('GET', KEYS[1])
if value and value ~= ARGV[3] then return {'found', value} end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'granted'} end
return {'held'}`,
  (reply) => {
    const [kind, text] = reply as [LeaseReply['kind'], string];
    return kind === 'found' ? { kind, text } : { kind };
  },
);

/** KEYS: lease. ARGV: token, lease milliseconds. False when the lease has been lost. */
export const renewLease = script<boolean>(
  `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  isOne,
);

/** KEYS: lease. ARGV: token. */
export const releaseLease = script<boolean>(
  `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  isOne,
);

const store = `redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
if ARGV[2] == '' then return 1 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if ARGV[4] ~= '0' then redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[4]) end
return 1`;

/**
 * KEYS: value, lease, spare. ARGV: token, text (empty to keep nothing), milliseconds, milliseconds of the spare.
 * False when the lease has been lost: the key was invalidated during the load, so what was loaded may be old.
 */
export const fillUnderLease = script<boolean>(
  `if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
${store}`,
  isOne,
);

/** As `fillUnderLease`, but whatever the lease says; loads under way can no longer fill the key. */
export const overwrite = script<boolean>(store, isOne);

/** KEYS: version. ARGV: milliseconds to keep it, a text never used before, 1 to take it in any case. Gives the version. */
export const createVersion = script<string>(
  `local version = redis.call('GET', KEYS[1])
if version and ARGV[3] == '0' then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  return version
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
return ARGV[2]`,
  String,
);
