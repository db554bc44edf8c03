import type { SpecInput } from '../spec/schema.ts';
import type { AppendFsync, PersistenceMode } from '../spec/types.ts';
import { APPENDFSYNC } from '../spec/types.ts';
import type { Reading } from './reading.ts';
import type { Settings } from './topic-settings.ts';
import type { Account } from './types.ts';

type Taken = ReadonlyMap<string, Omit<Account, 'key'>>;

export interface Data {
  readonly persistence: NonNullable<SpecInput['persistence']>;
  readonly databases: number;
  readonly taken: Taken;
}

/** What is kept on the disk, and how many databases there are. */
export function readData(reading: Reading, settings: Settings, replicated: boolean): Data {
  const taken = new Map<string, Omit<Account, 'key'>>();
  const mode = readMode(reading, settings, replicated);
  for (const name of ['appendonly', 'save']) {
    taken.set(name, { verdict: 'taken', to: `persistence.mode ${mode}`, why: MEANING[mode] });
  }
  const key = `${reading.engine}.useAOFPersistence`;
  reading.take(key, 'persistence.mode', mode, MEANING[mode]);
  const says = ['appendonly', 'save'].some((name) => settings.effective.get(name)?.key !== undefined);
  if (!says && reading.given(volumeKey(reading)) === undefined) {
    reading.implied.push({
      path: 'persistence.mode',
      value: mode,
      why: `As the chart comes. ${MEANING[mode]}`,
    });
  }
  const appendfsync = readFsync(reading, settings, taken);
  const databases = readDatabases(reading, settings, taken);
  return {
    persistence: { mode, ...(appendfsync === undefined ? {} : { appendfsync }) },
    databases,
    taken,
  };
}

const MEANING: Readonly<Record<PersistenceMode, string>> = {
  none: 'Nothing is kept over a restart.',
  rdb: 'Snapshots; their times are in conf/redis.conf.',
  aof: 'A log of writes, no snapshots.',
  hybrid: 'A log of writes, and snapshots.',
};

/** What the directives say; on volumes that go with the pod nothing is kept, whatever they say. */
function readMode(reading: Reading, { effective }: Settings, replicated: boolean): PersistenceMode {
  const asked = modeOf(effective);
  const key = volumeKey(reading);
  const kept = reading.flag(key, true);
  const least: PersistenceMode = replicated ? 'rdb' : 'none';
  const mode = kept && asked !== 'none' ? asked : least;
  const why = replicated
    ? 'A primary that comes back empty would empty its replicas, so snapshots are kept all the same.'
    : 'Nothing is kept over a restart.';
  if (kept) reading.say(key, { verdict: 'default', why: 'Each node has a volume.' });
  else reading.take(key, 'persistence.mode', mode, why);
  if (!reading.isCluster) sayOfReplicas(reading, kept);
  return mode;
}

function volumeKey(reading: Reading): string {
  return reading.isCluster ? 'persistence.enabled' : `${reading.main}.persistence.enabled`;
}

function modeOf(effective: Settings['effective']): PersistenceMode {
  const log = effective.get('appendonly')?.args[0]?.toLowerCase() === 'yes';
  const snapshots = effective.get('save')?.args.some((arg) => arg !== '') ?? false;
  if (log) return snapshots ? 'hybrid' : 'aof';
  return snapshots ? 'rdb' : 'none';
}

function sayOfReplicas(reading: Reading, kept: boolean): void {
  const same = reading.flag('replica.persistence.enabled', true) === kept;
  reading.say(
    'replica.persistence.enabled',
    same
      ? { verdict: 'default', why: 'As the primary: nodes change roles.' }
      : {
          verdict: 'not-possible',
          why: `Nodes change roles, so all are as ${reading.main}.persistence says.`,
        },
  );
}

function readFsync(
  reading: Reading,
  { effective }: Settings,
  taken: Map<string, Omit<Account, 'key'>>,
): AppendFsync | undefined {
  const setting = effective.get('appendfsync');
  if (!setting) return undefined;
  const asked = setting.args[0]?.toLowerCase();
  const value = APPENDFSYNC.find((word) => word === asked);
  if (value === undefined && setting.key !== undefined) {
    reading.object(
      setting.key,
      `appendfsync ${JSON.stringify((asked ?? '').slice(0, 40))} is none of its values.`,
      `Use ${APPENDFSYNC.join(', ')}.`,
    );
    return undefined;
  }
  taken.set('appendfsync', {
    verdict: 'taken',
    to: `persistence.appendfsync ${value}`,
    why: 'When the log reaches the disk.',
  });
  return value;
}

/** The servers' own number of databases: none that an application uses shall be missing. */
const SERVER_DATABASES = 16;

function readDatabases(
  reading: Reading,
  { effective }: Settings,
  taken: Map<string, Omit<Account, 'key'>>,
): number {
  const setting = effective.get('databases');
  const asked = setting ? Number(setting.args[0]) : SERVER_DATABASES;
  if (!Number.isInteger(asked) || asked < 1 || asked > 1024) {
    if (setting?.key !== undefined)
      reading.object(
        setting.key,
        'databases is no number from 1 to 1024.',
        'Write for instance databases 16.',
      );
    return 1;
  }
  if (!setting && !reading.isCluster) {
    const why =
      'As many as a server has that is not told otherwise; lower it to 1 if only database 0 is used.';
    reading.implied.push({ path: 'databases', value: asked, why });
  }
  taken.set(
    'databases',
    reading.isCluster
      ? { verdict: 'not-needed', why: 'A cluster has one, whatever is asked for.' }
      : { verdict: 'taken', to: `databases ${asked}`, why: 'Numbered databases.' },
  );
  return reading.isCluster ? 1 : asked;
}
