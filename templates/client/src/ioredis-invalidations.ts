import { Redis } from 'ioredis';
import type { Address } from './description.js';
import type { ConnectionOptions } from './ioredis.js';
import type { Tracking, TrackListener } from './port.js';

const channel = '__redis__:invalidate';

/**
 * Hears of every write to keys with a prefix. The library drops announcements of the newer protocol, so this connection
 * speaks the older one and has them sent to itself, as messages of a channel: what is lost is lost with the connection.
 */
export function hear(
  options: ConnectionOptions & Address,
  prefix: string,
  { onWrite, onReady, onGap }: TrackListener,
): Tracking {
  const older = { protocol: 2 } as const;
  const client = new Redis({ ...options, ...older });
  const listen = async (): Promise<void> => {
    const id = await client.client('ID');
    await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', 'PREFIX', prefix);
    await client.subscribe(channel);
    onReady();
  };
  client.on('ready', () => void listen().catch(onGap));
  client.on('error', onGap);
  client.on('close', onGap);
  client.on('messageBuffer', (_channel: Buffer, keys: readonly Buffer[] | null) => {
    // The server announces a flush of everything without a key.
    if (keys === null) {
      onGap();
      onReady();
    }
    for (const key of keys ?? []) onWrite(key.toString());
  });
  client.connect().catch(onGap);
  return {
    ping: () => client.ping(),
    stop: () => {
      client.disconnect();
      client.stream?.destroy();
    },
  };
}
