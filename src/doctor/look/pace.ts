import { setTimeout as sleep } from 'node:timers/promises';
import type { Words } from '../../redis/connection.ts';
import { parseFields } from '../../redis/replies.ts';
import { nameOf } from './commands.ts';
import type { Reader } from './reader.ts';

/** Sends batches so that a server spends no more than a part of its time on them, and never long at a stretch. */
export interface Pace {
  /** Sends the commands in as many batches as that takes, with pauses. */
  send(commands: readonly Words[]): Promise<readonly unknown[]>;
}

/** A server works off what has arrived in one go, and others wait meanwhile. */
const STRETCH_USEC = 300;
/** To read a command and to write its reply, which the server's statistics leave out, and once for what arrives together. */
const EACH_USEC = 2;
const BATCH_USEC = 30;
/** What a command costs as long as the server has not told. */
const UNKNOWN_USEC = 10;
/** The server is asked what commands have cost after so many of them, and whenever they have grown as many again. */
const FIRST_ASKED = 200;

/** Of what commands cost the server, by the names of INFO commandstats. */
type Costs = ReadonlyMap<string, number>;

export function paceOf(reader: Reader, share: number): Pace {
  let costs: Costs = new Map();
  let count = 0;
  let askedAgainAt = FIRST_ASKED;
  const costOf = (words: Words): number => EACH_USEC + (costs.get(nameOf(words)) ?? UNKNOWN_USEC);
  const sendOne = async (commands: readonly Words[]): Promise<readonly unknown[]> => {
    const begun = performance.now();
    const replies = await reader.batch(commands);
    const usec = commands.reduce((sum, words) => sum + costOf(words), BATCH_USEC);
    const restMs = usec / 1000 / share - (performance.now() - begun);
    if (restMs > 0) await sleep(restMs);
    count += commands.length;
    return replies;
  };
  return {
    async send(commands) {
      const replies: unknown[] = [];
      while (replies.length < commands.length) {
        if (count >= askedAgainAt) {
          costs = costsOf(await reader.attempt('INFO', 'commandstats'));
          askedAgainAt = count * 2;
        }
        replies.push(...(await sendOne(stretch(commands.slice(replies.length), costOf))));
      }
      return replies;
    },
  };
}

/** As many of the commands as fit, and one at least. */
function stretch(commands: readonly Words[], costOf: (words: Words) => number): readonly Words[] {
  let usec = 0;
  const end = commands.findIndex((words) => {
    usec += costOf(words);
    return usec > STRETCH_USEC;
  });
  return end < 0 ? commands : commands.slice(0, Math.max(1, end));
}

/** `cmdstat_type:calls=12,usec=6,usec_per_call=0.50,...` */
function costsOf(reply: unknown): Costs {
  const pairs = Object.entries(parseFields(reply ?? '')).flatMap(([field, value]) => {
    const usec = /usec_per_call=([\d.]+)/.exec(value)?.[1];
    return field.startsWith('cmdstat_') && usec !== undefined
      ? [[field.slice('cmdstat_'.length), Number(usec)] as const]
      : [];
  });
  return new Map(pairs);
}
