export type Severity = 'critical' | 'warning' | 'info';

/** What people are told to type, for the place where the stack runs. */
export interface Commands {
  /** How every node is. */
  readonly status: string;
  readonly logs: string;
  /** Starts what does not run. */
  readonly start: string;
  /** The command line client on the node, as the user `admin`; words follow. */
  readonly cli: string;
  /** Logs of the node's exporter. */
  readonly exporterLogs: string;
  readonly restartExporter: string;
}

/** Renders times: `for` and windows of rules. Tests render the same rules faster. */
export interface Clock {
  /** How long a state must last, as Prometheus writes it. */
  readonly lasts: (seconds: number) => string;
  /** A window that is looked back upon, as Prometheus writes it. */
  readonly window: (seconds: number) => string;
  /** An age in seconds, as a number. */
  readonly age: (seconds: number) => number;
}

/** What is expected of this stack, out of the model; rules are written with it. */
export interface AlertFacts {
  readonly stack: string;
  readonly shards: number;
  readonly replicasPerShard: number;
  readonly dataNodes: number;
  readonly sentinels: number;
  /** Sentinels that must see each other to fail over. */
  readonly sentinelMajority: number;
  /** True where slots are shared out among nodes. */
  readonly slots: boolean;
  readonly policy: string;
  readonly limitBytes: number;
  readonly backlogBytes: number;
  readonly snapshots: boolean;
  readonly appendOnly: boolean;
  readonly tls: boolean;
  readonly maxClients: number;
  readonly clock: Clock;
  readonly commands: Commands;
  /** A metric of this stack's data nodes, with further label matchers. */
  readonly data: (metric: string, more?: string) => string;
  readonly sentinel: (metric: string, more?: string) => string;
}

export const GROUPS = [
  'nodes',
  'replication',
  'sentinel',
  'slots',
  'memory',
  'clients',
  'persistence',
  'certificates',
] as const;

/**
 * One alert. In the texts `<label>` stands for a label of the series that fired, `<value>` for its value.
 */
export interface AlertRule {
  /** CamelCase, begins with `Redis`: the alert's name for good. */
  readonly name: string;
  readonly group: (typeof GROUPS)[number];
  /** In words, for the list of alerts: which stacks have it. */
  readonly where: string;
  readonly applies: (facts: AlertFacts) => boolean;
  readonly severity: (facts: AlertFacts) => Severity;
  readonly forSeconds: number;
  readonly expr: (facts: AlertFacts) => string;
  readonly summary: string;
  /** What it means, and why it matters. */
  readonly description: string;
  /** What to do, with the command. */
  readonly remedy: (commands: Commands) => string;
}

export const critical = (): Severity => 'critical';
export const warning = (): Severity => 'warning';
export const info = (): Severity => 'info';

export const EVERYWHERE = 'every stack';
export const REPLICATED = 'stacks with replicas';
export const always = (): boolean => true;
export const replicated = (facts: AlertFacts): boolean => facts.replicasPerShard > 0;

/**
 * True where a counter grew within the window. Counters that appear with their first event have no earlier sample to
 * grow from, so a new series of a node that was watched before counts as well.
 */
export function appearedOrGrew(facts: AlertFacts, metric: string, more: string, seconds: number): string {
  const window = facts.clock.window(seconds);
  const counter = facts.data(metric, more);
  const before = `${facts.data('redis_up')} offset ${window} == 1`;
  const isNew = `(${counter} > 0 unless ${counter} offset ${window}) and on (node) (${before})`;
  return `increase(${counter}[${window}]) > 0 or ${isNew}`;
}
