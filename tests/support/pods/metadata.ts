import { type Fields, ManifestError } from './fields.ts';

export type Labels = Readonly<Record<string, string>>;

/** When Helm makes an object that is not part of the release itself. */
export interface Hook {
  readonly events: readonly string[];
  readonly weight: number;
}

export interface Metadata {
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly hook: Hook | undefined;
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MOST = 63;

/** A name that becomes a host name, as those of pods and Services do. */
export function checkDnsLabel(name: string, at: string): void {
  if (name.length > MOST || !DNS_LABEL.test(name))
    throw new ManifestError(at, `'${name}' is no DNS label of at most ${MOST} characters`);
}

/** Reads `metadata` as an API server would, in the one namespace that there is. */
export function readMetadata(object: Fields, namespace: string): Metadata {
  return object.need('metadata', (meta) => {
    const name = meta.text('name');
    checkDnsLabel(name, `${meta.at}.name`);
    if (meta.text('namespace', namespace) !== namespace)
      meta.fail('namespace', `everything is expected in ${namespace}`);
    return { name, ...readPodMetadata(meta) };
  });
}

/** Labels and annotations of an object or of a pod template. */
export function readPodMetadata(meta: Fields): Omit<Metadata, 'name'> {
  const labels = readLabels(meta, 'labels');
  const annotations = meta.map('annotations');
  return { labels, annotations, hook: hookOf(annotations) };
}

export function readLabels(fields: Fields, key: string): Labels {
  const labels = fields.map(key);
  for (const [name, value] of Object.entries(labels)) {
    if (!LABEL_KEY.test(name)) fields.fail(key, `'${name}' is no name of a label`);
    if (value.length > MOST || !LABEL_VALUE.test(value))
      fields.fail(key, `'${value}' is no value of a label`);
  }
  return labels;
}

function hookOf(annotations: Labels): Hook | undefined {
  const events = annotations['helm.sh/hook'];
  if (events === undefined) return undefined;
  return {
    events: events.split(',').map((event) => event.trim()),
    weight: Number(annotations['helm.sh/hook-weight'] ?? 0),
  };
}

/** Whether labels have all that a selector asks for. An empty selector of a Service selects nobody. */
export function matches(selector: Labels, labels: Labels): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** `spec.selector` of a workload, which has to select the pods of its own template. */
export function readSelector(spec: Fields, template: Labels): Labels {
  return spec.need('selector', (selector) => {
    const labels = readLabels(selector, 'matchLabels');
    selector.only('matchExpressions', []);
    if (!matches(labels, template))
      selector.fail('matchLabels', 'it does not select the pods of the template');
    return labels;
  });
}
