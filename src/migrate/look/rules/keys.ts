import { humanBytes } from '../../../model/bytes.ts';
import { place } from '../../../redis/ask.ts';
import { called, inWords, OTHER_DATABASES, OWN_MAKING, SEVERAL_KEYS } from '../statistics.ts';
import { type Rule, stops, warns } from '../types.ts';

/** Keys outside of the databases that the new stack has do not survive, or bring a new node down. */
export const databasesFit: Rule = ({ totals, after }) => {
  const room = after.spec.databases;
  const lost = totals.primaries.flatMap(({ at, databases }) =>
    (databases ?? [])
      .filter(({ db, keys }) => db >= room && keys > 0)
      .map(({ db, keys }) => ({ at, db, keys })),
  );
  const [first] = lost;
  if (!first) return [];
  const counted = lost.map(({ db, keys }) => `${keys} in database ${db}`).join(', ');
  return [
    stops(
      'databases',
      place(first.at),
      `It holds keys that the new stack has no database for: ${counted}. It has ${room === 1 ? 'database 0 alone' : `databases 0 to ${room - 1}`}.`,
      after.joins
        ? 'Move them to database 0 under names of their own (MOVE, or COPY with DB), or delete them; a cluster has no other.'
        : `Set databases to ${Math.max(...lost.map(({ db }) => db)) + 1} or more, or move the keys.`,
    ),
  ];
};

/** An application that chooses a database will be refused, or sees another one. */
export const databasesChosen: Rule = ({ totals, before, after }) => {
  const fewer = after.joins || after.spec.databases < (before?.spec.databases ?? 16);
  // On a replica the commands of its primary are counted, SELECT of the stream among them.
  const calls = called(totals.primaries, OTHER_DATABASES);
  if (!fewer || before?.joins || Object.keys(calls).length === 0) return [];
  const room = after.joins
    ? 'A cluster refuses them.'
    : `The new stack has ${after.spec.databases} database${after.spec.databases === 1 ? '' : 's'}.`;
  return [
    warns(
      'databases-chosen',
      'INFO commandstats',
      `Clients have chosen databases: ${inWords(calls)} calls. ${room}`,
      'Make sure that applications use database 0 alone; prefixes separate keys as well.',
    ),
  ];
};

/** A cluster answers CROSSSLOT where one command has keys in several slots. */
export const keysInOneSlot: Rule = ({ facts, before, after }) => {
  if (!after.joins || before?.joins) return [];
  const several = called(facts.nodes, SEVERAL_KEYS);
  const own = called(facts.nodes, OWN_MAKING);
  return [
    ...(Object.keys(several).length === 0
      ? []
      : [
          warns(
            'several-slots',
            'INFO commandstats',
            `Clients give commands with several keys: ${inWords(several)} calls. A cluster refuses them where the keys lie in different slots.`,
            'Give keys that are used together the same hash tag, as in {user:7}:cart and {user:7}:total; with hash tags all of these work.',
          ),
        ]),
    ...(Object.keys(own).length === 0
      ? []
      : [
          warns(
            'scripts-and-transactions',
            'INFO commandstats',
            `Clients use scripts, functions or transactions: ${inWords(own)} calls. Their keys do not show here; a cluster wants all of one call in one slot.`,
            'Make sure that each names all its keys, and that they share a hash tag. Those of the generated client do.',
          ),
        ]),
  ];
};

/** Functions come with the copy; new shards get them too. Keys that they use are another matter. */
export const functionsCome: Rule = ({ totals, before, after }) => {
  const libraries = Math.max(0, ...totals.primaries.map(({ functionLibraries = 0 }) => functionLibraries));
  if (libraries === 0 || !after.joins || before?.joins) return [];
  return [
    warns(
      'functions',
      'FUNCTION LIST',
      `There ${libraries === 1 ? 'is 1 function library' : `are ${libraries} function libraries`}. They come with the copy and are given to every shard; a call still runs on the one shard that has its keys.`,
      'Make sure that each call names its keys, and that they share a hash tag.',
    ),
  ];
};

/** From about here on a move is felt: hashes with 100,000 fields held their server up for 0.1 to 0.35 s. */
const BIG_BYTES = 8 * 2 ** 20;

/** A key moves to another shard in one piece, and its server answers nobody meanwhile. */
export const keysAreSmall: Rule = ({ totals, route }) => {
  const largest = Math.max(0, ...totals.primaries.map(({ bigKey }) => bigKey?.bytes ?? 0));
  if (route.slots === 0 || route.atomicSlots || largest < BIG_BYTES) return [];
  return [
    warns(
      'big-key',
      'MEMORY USAGE',
      `There is a key of ${humanBytes(largest)}, and perhaps larger ones. A key moves to another shard in one piece; its server answers nobody meanwhile.`,
      'Divide it into smaller keys, or expect one such moment.',
    ),
  ];
};
