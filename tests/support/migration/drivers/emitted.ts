import { pathToFileURL } from 'node:url';
import type { Driver, EmittedTarget, OnBroken } from '../types.ts';

/** What is used of the emitted client here. */
interface Connected {
  readonly direct: {
    set(key: string, value: string): Promise<void>;
    incr(key: string): Promise<number>;
    delete(key: string): Promise<boolean>;
  };
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

interface EmittedModule {
  connectRedis(options: {
    readonly env: Readonly<Record<string, string>>;
    readonly onError: (error: Error) => void;
  }): Promise<Connected>;
}

/** `direct` asks again by itself until its own deadline: a call that fails here has failed for the application. */
export async function openEmitted(
  { module, env, keyPrefix }: EmittedTarget,
  onBroken: OnBroken,
): Promise<Driver> {
  const { connectRedis } = (await import(pathToFileURL(module).href)) as EmittedModule;
  const { direct, close } = bound(await connectRedis({ env, onError: onBroken }));
  const own = (key: string): string => key.slice(keyPrefix.length);
  return {
    set: (key, value) => direct.set(own(key), value),
    incr: (key) => direct.incr(own(key)),
    del: (key) => direct.delete(own(key)),
    close: () => close({ drainMs: 500 }),
  };
}

const bound = (redis: Connected): Connected => ({
  direct: redis.direct,
  close: (options) => redis.close(options),
});
