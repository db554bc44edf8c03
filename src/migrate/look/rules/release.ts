import { compareLines } from '../../../engines/releases.ts';
import type { Engine } from '../../../engines/types.ts';
import { place } from '../../../redis/ask.ts';
import type { NodeFacts } from '../facts.ts';
import { canRead, lineOf } from '../formats.ts';
import type { Release } from '../read-info.ts';
import { called } from '../statistics.ts';
import { type Finding, type Rule, stops, warns } from '../types.ts';

/** CLIENT PAUSE for writes alone came with this line; without it no switch is possible without losing writes. */
const OLDEST = '6.2';

/** The new servers must understand what the old ones send. */
export const releaseReads: Rule = ({ totals, after, route }) =>
  route.copies === 0 ? [] : totals.primaries.flatMap((node) => readable(node, after.engine)).slice(0, 1);

/** A node that begins anew with another release reads its own files: those of Valkey from 9.0 nobody else does. */
export const filesReadable: Rule = ({ totals, after: { engine }, route }) => {
  if (route.restarts === 0) return [];
  const unable = totals.primaries.filter(
    ({ engine: name, version }) => name && version && canRead({ engine: name, version }, engine) !== 'yes',
  );
  return unable
    .slice(0, 1)
    .map(({ at, engine: name, version }) =>
      stops(
        'files-unreadable',
        place(at),
        `It would begin anew as ${engine.title} ${engine.version}, which cannot read the files of ${title({ engine: name ?? 'redis', version: version ?? '' })}.`,
        'Choose the same engine in the same release or a newer one. To go back, restore a backup that the older release has made.',
      ),
    );
};

/** What is only in memory is gone with a restart, unless a replica has it too. */
export const restartKeepsData: Rule = ({ totals, before, route }) => {
  if (route.restarts === 0 || before === undefined || before.persistent || totals.keys === 0) return [];
  return totals.primaries
    .filter(({ replication }) => replication?.followers.length === 0)
    .map(({ at }) =>
      stops(
        'restart-loses-data',
        place(at),
        'It keeps its data in memory alone, has no replica, and must be started anew.',
        'Set persistence.mode to rdb or aof and bring that into effect with `update` and `up` before; or migrate to Sentinels first.',
      ),
    );
};

function readable(node: NodeFacts, engine: Engine): readonly Finding[] {
  const { at, version } = node;
  if (node.engine === undefined || version === undefined) return [];
  const release = { engine: node.engine, version };
  if (compareLines(version, OLDEST) < 0) return [tooOld(release, place(at))];
  const reads = canRead(release, engine);
  if (reads === 'no') return [unreadable(release, engine, place(at))];
  return reads === 'without-expiring-fields' ? [expiringFields(node, engine)] : [];
}

const title = (release: Release): string =>
  `${release.engine === 'redis' ? 'Redis' : 'Valkey'} ${lineOf(release.version)}`;

const tooOld = (release: Release, at: string): Finding =>
  stops(
    'release-too-old',
    at,
    `It is ${title(release)}, which cannot hold writes alone (CLIENT PAUSE WRITE), so that a switch would lose some.`,
    `Bring it to ${OLDEST} or newer first, or make a backup while nobody writes and restore it.`,
  );

const unreadable = (release: Release, engine: Engine, at: string): Finding =>
  stops(
    'release-unreadable',
    at,
    `It is ${title(release)}, and ${engine.title} ${engine.version} is not made to read what that sends to its replicas.`,
    `Choose an engine and release that can, such as ${title(release)} or newer of the same engine; otherwise a tool that copies key by key is needed.`,
  );

const FIELD_COMMANDS = ['hexpire', 'hpexpire', 'hexpireat', 'hpexpireat', 'hsetex', 'hgetex'] as const;

/** The copy breaks off at the first such hash; and one that appears later is copied without its expiry. */
function expiringFields(node: NodeFacts, engine: Engine): Finding {
  const hashes = (node.databases ?? []).reduce((sum, { expiringFields = 0 }) => sum + expiringFields, 0);
  const used = Object.keys(called([node], FIELD_COMMANDS)).length > 0;
  const to = `${engine.title} ${engine.version}`;
  const at = place(node.at);
  if (hashes > 0 || used) {
    const seen =
      hashes > 0
        ? `There are ${hashes} hashes with fields that expire`
        : 'Clients let fields of hashes expire';
    return stops(
      'expiring-fields',
      at,
      `${seen}, and ${to} cannot take them over from Valkey ${lineOf(node.version ?? '9.0')}.`,
      'Choose Valkey 9.0 or newer, or do without such fields.',
    );
  }
  return warns(
    'expiring-fields-possible',
    at,
    `${to} takes data over from Valkey ${lineOf(node.version ?? '9.0')} as long as no field of a hash expires. There is none now.`,
    'Make sure that no application uses HEXPIRE or its like during the migration.',
  );
}

/** Part of some releases themselves: whoever reads the release has them, and nobody can unload them. */
const BUILT_IN: ReadonlySet<string> = new Set(['lua', 'vectorset']);

/** Values of a module's own types cannot be read without it. */
export const modulesThere: Rule = ({ totals, more, route }) => {
  if (route.copies + route.newPrimaries + route.newReplicas + route.restarts === 0) return [];
  const loaded = new Set((more.modules ?? []).map((name) => name.toLowerCase()));
  const missing = totals.primaries.flatMap(({ at, modules }) =>
    (modules ?? [])
      .filter((name) => !loaded.has(name.toLowerCase()) && !BUILT_IN.has(name.toLowerCase()))
      .map((name) => ({ at, name })),
  );
  const [first] = missing;
  if (!first) return [];
  const names = [...new Set(missing.map(({ name }) => name))].join(', ');
  return [
    stops(
      'modules',
      place(first.at),
      `It has loaded modules that the new servers do not load: ${names}.`,
      'Unload them where no data is of their types (MODULE UNLOAD), or keep such data on servers of its own.',
    ),
  ];
};
