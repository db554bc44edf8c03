import { connect as ioredisCluster } from '../../../templates/client/src/connect.cluster.ioredis.ts';
import { connect as connectCluster } from '../../../templates/client/src/connect.cluster.ts';
import { connect as ioredisSentinel } from '../../../templates/client/src/connect.sentinel.ioredis.ts';
import { connect as connectSentinel } from '../../../templates/client/src/connect.sentinel.ts';
import { connect as ioredisStandalone } from '../../../templates/client/src/connect.standalone.ioredis.ts';
import { connect as connectStandalone } from '../../../templates/client/src/connect.standalone.ts';
import type { StackDescription } from '../../../templates/client/src/description.ts';
import type { ConnectOptions, RedisPort } from '../../../templates/client/src/port.ts';
import { Redis } from '../../../templates/client/src/redis.ts';
import type { ClientLibrary } from '../../spec/types.ts';

/** The client that the stack's application has, connected. */
export interface ApplicationClient {
  readonly redis: Redis;
  readonly port: RedisPort;
}

/**
 * Connects with the very code that is copied into the stack, over the library that the stack has chosen, so that what is
 * measured is what an application goes through.
 */
export async function openApplicationClient(
  stack: StackDescription,
  library: ClientLibrary,
  options: ConnectOptions,
): Promise<ApplicationClient> {
  const another = () => connectTo(stack, library, options);
  const port = await another();
  return { port, redis: new Redis(port, stack.keyPrefix, another) };
}

function connectTo(
  stack: StackDescription,
  library: ClientLibrary,
  options: ConnectOptions,
): Promise<RedisPort> {
  const over = <One>(nodeRedis: One, ioredis: One): One => (library === 'ioredis' ? ioredis : nodeRedis);
  if (stack.kind === 'sentinel') return over(connectSentinel, ioredisSentinel)(stack, options);
  if (stack.kind === 'cluster') return over(connectCluster, ioredisCluster)(stack, options);
  return over(connectStandalone, ioredisStandalone)(stack, options);
}
