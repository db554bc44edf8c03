import type { StackModel } from '../../model/types.ts';
import { secretUsers } from '../docs/views.ts';
import { valueNotes } from './schema.ts';
import { chartValues } from './values.ts';

type Values = Readonly<Record<string, unknown>>;

/** README.md of the chart: how it is installed, changed and taken away, and every value with its meaning. */
export function chartReadme(model: StackModel): string {
  const { name } = model.spec;
  const keys = chartUsers(model).map((user) => `--from-file=.secrets/${user}`);
  const values = chartValues(model) as unknown as Values;
  return [
    `# Chart ${name}`,
    '',
    'Run these in the folder of the stack, with `redis-stack.yaml` in it.',
    '',
    '```sh',
    `kubectl create secret generic ${name}-passwords \\`,
    `  ${keys.join(' \\\n  ')}`,
    `helm install ${name} helm/${name} --wait --timeout 15m`,
    `helm test ${name}`,
    '```',
    '',
    ...OPERATIONS,
    '',
    '## Values',
    '',
    '| value | here | meaning |',
    '|---|---|---|',
    ...valueNotes()
      .filter(({ isGroup, path }) => !isGroup && path !== 'global')
      .map(({ path, description }) => `| \`${path}\` | ${shown(at(values, path))} | ${description} |`),
    '',
  ].join('\n');
}

function chartUsers(model: StackModel): readonly string[] {
  const users = new Set([...model.users, ...(model.sentinel?.users ?? [])].map((user) => user.name));
  return secretUsers(model)
    .map((user) => user.name)
    .filter((user) => users.has(user));
}

const OPERATIONS = [
  'The chart makes no passwords and keeps none: they come from that Secret, from the External Secrets Operator',
  '(`secrets.externalSecret`), and the certificates from a Secret or from cert-manager (`tls`). A changed Secret reaches',
  'the running servers within two minutes, without a restart: passwords in a second line of a key are still accepted.',
  'Exporters and the proxy read theirs when they start: restart them (`kubectl rollout restart`) before the old one is taken away.',
  '',
  '- **Change a setting**: in `redis-stack.yaml`, then `npx create-redis-stack update` and `helm upgrade`. Pods are replaced',
  '  one after the other in each StatefulSet; a primary hands over before it stops.',
  '- **More replicas, more shards**: raise `replicas` or `shards`. The keeper joins new shards and gives them slots; on slow disks',
  '  a shard takes minutes, since every node notes each slot: give `helm --timeout` enough.',
  '- **Fewer shards**: set `leaving` to how many of the last shards are to go, wait until `<release>-keeper` is ready, then',
  '  lower `shards` by as many and set `leaving` to 0. An upgrade that would take slots away is refused.',
  '- **Other volumes**: an upgrade cannot change them, and says what to do. More memory asks for larger ones only beyond a third',
  '  of `persistence.size`.',
  '- **Certificates**: cert-manager makes them with all names (`tls.certManager`); a Secret of yours (`tls.existing`) has to name the',
  '  release, `<release>-read`, `<release>-sentinels`, every pod and `localhost`. Those in `.secrets/tls` name nodes of Compose.',
  '- **Uninstall**: volumes stay. `kubectl delete pvc` with the selector of the release removes the data for good.',
  '- **Restore**: `helm upgrade … --set restore.set=newest` starts a Job that brings a set of the backup volume into the stack, which must be empty',
  '  (`restore.over=true` replaces keys, also after a restore that failed midway); nobody should write meanwhile. Set it to "" afterwards.',
];

function at(values: Values, path: string): unknown {
  return path.split('.').reduce<unknown>((found, key) => (found as Values | undefined)?.[key], values);
}

/** Short as it fits a table; what is long stands in `values.yaml`. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > 40 ? 'see `values.yaml`' : `\`${text}\``;
}
