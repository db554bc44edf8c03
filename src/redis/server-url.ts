import type { Address } from '../model/types.ts';

export interface ServerUrl extends Address {
  /** `default` where none is named. */
  readonly user: string;
  readonly password: string;
  readonly tls: boolean;
}

/** `redis://user:password@host:port`, or `rediss://` with TLS. Undefined for anything else. */
export function parseServerUrl(url: string): ServerUrl | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') return undefined;
  try {
    return {
      host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(parsed.port || 6379),
      user: decodeURIComponent(parsed.username) || 'default',
      password: decodeURIComponent(parsed.password),
      tls: parsed.protocol === 'rediss:',
    };
  } catch {
    // A per cent sign that encodes nothing.
    return undefined;
  }
}

/** For a message: what may be a password is left out. */
export const withoutPassword = (url: string): string => url.replace(/:[^:@/]*@/, ':…@');
