import { Redis } from 'ioredis';
import type { Reach } from './connector.js';
import type { SentinelStack } from './description.js';
import { type Environment, readLogin, readSentinelLogin, readView } from './environment.js';
import { commonLink, connectionOptions, oneLink } from './ioredis.js';
import { connectorTo, Sentinels } from './ioredis-sentinels.js';
import { Subscriptions } from './ioredis-subscriptions.js';
import type { Link } from './link.js';
import { staying } from './open.js';

/** Connects to the primary that the Sentinels name, and follows them when they name another. */
export function reach(stack: SentinelStack, env: Environment): Reach {
  const { addresses, addressMap } = readView(stack, env);
  const createLink = (): Link => {
    const login = readLogin(stack, env);
    const sentinelLogin = readSentinelLogin(stack, env);
    const sentinels = new Sentinels(
      addresses,
      connectionOptions(stack.name, sentinelLogin),
      stack.primaryName,
      (announced) => addressMap[`${announced.host}:${announced.port}`] ?? announced,
    );
    const common = connectionOptions(stack.name, login);
    const client = new Redis({ ...common, Connector: connectorTo(sentinels, login.tls) });
    // What is under way fails, and is asked again of the new primary.
    sentinels.watch(() => client.disconnect(true));
    const link = commonLink(client, new Subscriptions(common, { of: () => sentinels.current }), {
      name: stack.name,
      login,
    });
    return {
      ...link,
      ...oneLink(client),
      primaries: () => (sentinels.current === undefined ? [] : [sentinels.current]),
      shardOf: () => stack.primaryName,
      close: async () => {
        await link.close();
        sentinels.stop();
      },
      destroy: () => {
        sentinels.stop();
        link.destroy();
      },
    };
  };
  return { addresses, createLink };
}

export const connect = staying(reach);
