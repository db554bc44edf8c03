import type { StackDescription, View } from './description.js';
import { RedisError } from './errors.js';

/** What a stack says of itself where it has been: that it is another one now. */
export interface Announcement {
  readonly id: string;
  readonly stack: StackDescription;
}

/** The end of the key that holds it; the prefix of the stack comes before. */
export const announcementName = 'stack:moved';

/** The same text for the same description, in whichever order its properties stand. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/**
 * Reads an announcement; throws `redis/not-moved` where it is none, or none that a client of `home` may believe. Who can
 * write the key must not get at other secrets than those that the client sends already, nor have it send them unencrypted.
 */
export function parseAnnouncement(text: string, home: StackDescription): Announcement {
  const parsed = parseJson(text);
  if (!isRecord(parsed) || parsed.format !== 1 || !isText(parsed.id)) throw unreadable('is not of format 1');
  const { id, stack } = parsed;
  if (!isDescription(stack)) throw unreadable('does not describe a stack');
  const sameLogin = (['keyPrefix', 'user', 'passwordEnv'] as const).every(
    (name) => stack[name] === home[name],
  );
  if (!sameLogin || !isKnownSentinelLogin(stack, home))
    throw unreadable('describes a stack with other keys or another login');
  if (home.tls && !stack.tls) throw unreadable('describes a stack without encryption');
  return { id, stack };
}

function isKnownSentinelLogin(stack: StackDescription, home: StackDescription): boolean {
  if (stack.kind !== 'sentinel') return true;
  const known = [home.passwordEnv, ...(home.kind === 'sentinel' ? [home.sentinelPasswordEnv] : [])];
  return known.includes(stack.sentinelPasswordEnv);
}

function isDescription(value: unknown): value is StackDescription {
  if (!isRecord(value)) return false;
  const texts = ['name', 'keyPrefix', 'user', 'passwordEnv', ...(textsOf(value.kind) ?? [])];
  return (
    textsOf(value.kind) !== undefined &&
    texts.every((name) => isText(value[name])) &&
    (value.tls === undefined || typeof value.tls === 'boolean') &&
    isView(value.host) &&
    isView(value.network)
  );
}

/** The texts that descriptions of a kind have beside the common ones; undefined for what is no kind. */
function textsOf(kind: unknown): readonly string[] | undefined {
  if (kind === 'sentinel') return ['primaryName', 'sentinelUser', 'sentinelPasswordEnv'];
  return kind === 'standalone' || kind === 'cluster' ? [] : undefined;
}

function isView(value: unknown): value is View {
  if (!isRecord(value) || !Array.isArray(value.addresses) || !isRecord(value.addressMap)) return false;
  const { addresses, addressMap } = value;
  return addresses.length > 0 && [...addresses, ...Object.values(addressMap)].every(isAddress);
}

function isAddress(value: unknown): boolean {
  if (!isRecord(value) || !isText(value.host)) return false;
  return Number.isInteger(value.port) && Number(value.port) >= 1 && Number(value.port) <= 65535;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const unreadable = (why: string): RedisError =>
  new RedisError('redis/not-moved', `What is announced under '${announcementName}' ${why}.`);
