import { parsePairs } from '../../redis/replies.ts';
import type { LatencyEvent, SlowCommand } from '../facts.ts';
import { readable } from './readable.ts';

const MOST_LETTERS = 60;

/** SLOWLOG GET, and COMMANDLOG GET of Valkey, which has the same shape: id, time, microseconds, words, address, name. */
export function slowOf(reply: unknown): readonly SlowCommand[] | undefined {
  if (!Array.isArray(reply)) return undefined;
  return reply.flatMap((entry) => {
    if (!Array.isArray(entry) || !Array.isArray(entry[3])) return [];
    const [command = '', first] = entry[3].map((word) => readable(Buffer.from(String(word)), MOST_LETTERS));
    const client = String(entry[5] || entry[4] || '');
    return [
      { command: command.toLowerCase(), first, usec: Number(entry[2]), atSeconds: Number(entry[1]), client },
    ];
  });
}

export function latencyOf(reply: unknown): readonly LatencyEvent[] | undefined {
  if (!Array.isArray(reply)) return undefined;
  return reply.filter(Array.isArray).map(([event, at, latest, worst]) => ({
    event: String(event),
    atSeconds: Number(at),
    latestMs: Number(latest),
    worstMs: Number(worst),
  }));
}

const SECRET = /(pass(word|wd)?|secret|token|credentials?|requirepass|masterauth|primaryauth)$/;

/** CONFIG GET *, with secrets as `***` where they are set. */
export function settingsOf(reply: unknown): Readonly<Record<string, string>> | undefined {
  const all = Object.entries(parsePairs(reply));
  if (all.length === 0) return undefined;
  return Object.fromEntries(
    all.map(([name, value]) => [name, SECRET.test(name) && value !== '' ? '***' : value]),
  );
}
